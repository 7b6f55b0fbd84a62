"""KV secrets: is the path there, in the version that is read, and with the keys that are named?

Sources: Vault's KV version 2 API. A deleted or destroyed version answers 404 with `data: null`, which readers treat differently from a
path that was never written: Vault Secrets Operator then wipes the Secret down to `_raw`, External Secrets obeys its deletionPolicy.
"""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, nearest
from keywave.vault.inventory import Fact, KeyNames, KvSecret, Mount
from keywave.verify.asked import Asked
from keywave.verify.view import View, of_kind
from keywave.verify.wording import or_else, some, space

AFTER_DELETION = {
    "vso": "Vault Secrets Operator wipes the Secret then, and restarts what it is told to",
    "eso": "External Secrets then does what deletionPolicy says",
    "csi": "pods that mount it do not start",
    "injector": "pods wait in their init container",
    "avp": "argocd-vault-plugin fails to render",
}


def check_paths(view: View) -> Iterator[Finding]:
    """KW8105, KW8111."""
    for asked, mount in of_kind(view, "kv"):
        fact = secret_of(asked, mount)
        if asked.reference.optional or not (fact.absent or never_written(mount, fact.value)):
            continue
        within = asked.inventory.listing(asked.namespace, f"{mount.path}/{asked.resolved.path}/")
        folder, _, name = f"{mount.path}/{asked.resolved.path}".rpartition("/")
        if within or f"{name}/" in asked.inventory.listing(asked.namespace, folder + "/"):
            yield _folder(asked, mount, within)
        else:
            yield _absent(view, asked, mount)


def check_kv_versions(view: View) -> Iterator[Finding]:
    """KW8106 to KW8109, KW8113. KV version 1 has no versions."""
    for asked, mount in of_kind(view, "kv"):
        secret = secret_of(asked, mount).value
        if secret is None or mount.kv_version != 2 or never_written(mount, secret):
            continue
        number = asked.reference.version or secret.current
        if asked.reference.version and number not in secret.versions:
            if secret.complete or number > secret.current:
                yield _never(asked, secret)
            continue
        state = secret.versions.get(number, "live")
        if state == "live":
            if secret.deletes_at.get(number):
                yield _will_go(asked, mount, secret, number)
        elif not asked.reference.version:
            yield _latest_gone(asked, mount, secret)
        elif state == "deleted":
            yield asked.reference.finding(
                "KW8107",
                f"version {number} of {asked.place} is deleted{_living(secret)}",
                "version",
                hint=f"{_command('undelete', asked, mount, f'-versions={number}')}, or name another version",
            )
        else:
            yield asked.reference.finding(
                "KW8108",
                f"version {number} of {asked.place} is destroyed and cannot be brought back{_living(secret)}",
                "version",
                hint="name another version",
            )


def check_keys(view: View) -> Iterator[Finding]:
    """KW8110, KW8112."""
    for asked, mount in of_kind(view, "kv"):
        names = keys_of(asked, mount)
        if names is None:
            continue
        if asked.reference.family == "vso" and names.holds("_raw"):
            yield asked.reference.finding(
                "KW8112",
                f'{asked.place} has a key named "_raw", which Vault Secrets Operator refuses: it writes the whole answer under that name',
                hint=f"{_command('patch', asked, mount, 'NEW_NAME=-')} and remove _raw: "
                + _command("patch", asked, mount, "-remove-data=_raw"),
            )
        if not asked.reference.optional:
            for key in asked.reference.keys:
                if not names.holds(key):
                    yield _no_key(asked, mount, names, key)


def secret_of(asked: Asked, mount: Mount) -> Fact[KvSecret]:
    return asked.inventory.secret(asked.namespace, mount.path, asked.resolved.path)


def never_written(mount: Mount, secret: KvSecret | None) -> bool:
    """Metadata without any version: `vault kv metadata put` before the first `vault kv put`."""
    return secret is not None and mount.kv_version == 2 and secret.current == 0 and not secret.versions


def keys_of(asked: Asked, mount: Mount) -> KeyNames | None:
    """Key names of the version that is read; None where there is no such version or nothing tells."""
    secret = secret_of(asked, mount).value
    if secret is None or mount.kv_version != 2:
        return None
    number = asked.reference.version or secret.current
    return secret.keys.get(number) if secret.versions.get(number, "live") == "live" else None


def _command(verb: str, asked: Asked, mount: Mount, *rest: str) -> str:
    namespace = space(asked.namespace)
    options = "".join(f" {r}" for r in rest if r.startswith("-"))
    words = "".join(f" {r}" for r in rest if not r.startswith("-"))
    return f"vault kv {verb}{namespace} -mount={mount.path}{options} {asked.resolved.path}{words}"


def _absent(view: View, asked: Asked, mount: Mount) -> Finding:
    near = _near_path(asked, mount)
    names = "".join(f" {key}=-" for key in asked.reference.keys) or " KEY=-"
    elsewhere = [] if near else _elsewhere(view, asked, mount)
    also = f'; there is "{elsewhere[0]}"' if elsewhere else ""
    return asked.reference.finding(
        "KW8105",
        f"nothing is stored at {asked.place}{also}",
        hint=or_else(near, _command("put", asked, mount) + names),
    )


def _near_path(asked: Asked, mount: Mount) -> str:
    """The nearest path below the same mount, found folder by folder; "" where no name comes near."""
    done: list[str] = []
    segments = asked.resolved.path.split("/")
    changed = False
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        names = asked.inventory.listing(asked.namespace, "/".join([mount.path, *done]) + "/")
        fitting = [name.rstrip("/") for name in names if name.endswith("/") != last]
        if segment in fitting or (
            not names and not last and not changed
        ):  # a folder that nobody listed is taken as right
            done.append(segment)
            continue
        near = nearest(segment, fitting)
        if not near:
            below = "/".join(done) + "/"
            return below if changed and not names else ""
        changed = True
        done.append(near)
    return "/".join(done) if changed else ""


def _elsewhere(view: View, asked: Asked, mount: Mount) -> list[str]:
    """Paths with the same end: the same two last names, or the same whole path below another mount."""
    path = asked.resolved.path
    segments = path.split("/")
    tail = "/" + "/".join(segments[-2:])
    places = (p for namespace, p in view.read_elsewhere(asked, segments[-1]) if namespace == asked.namespace)
    own = f"{mount.path}/{path}"
    fitting = (place for place in places if place.endswith(tail) and place != own)
    return [place for place in fitting if len(segments) > 1 or place.count("/") == 1]


def _folder(asked: Asked, mount: Mount, within: tuple[str, ...]) -> Finding:
    holds = f" that holds {some(within)}" if within else ""
    first = next((name for name in within if not name.endswith("/")), "NAME")
    return asked.reference.finding(
        "KW8111",
        f"{asked.place} is only a folder{holds}",
        hint=f"name one secret: {asked.resolved.path}/{first}, or write one here: {_command('put', asked, mount)} KEY=-",
    )


def _never(asked: Asked, secret: KvSecret) -> Finding:
    number = asked.reference.version or 0
    if number > secret.current:
        message = f"{asked.place} has no version {number}, the latest is {secret.current}"
    else:
        message = f"version {number} of {asked.place} is gone: Vault keeps only the last ones (max_versions)"
    return asked.reference.finding(
        "KW8106",
        message + ("" if number > secret.current else _living(secret)),
        "version",
        hint=f"name version {_last_living(secret) or secret.current}, or none for the latest",
    )


def _latest_gone(asked: Asked, mount: Mount, secret: KvSecret) -> Finding:
    number, state = secret.current, secret.versions[secret.current]
    living = _last_living(secret)
    back = (
        _command("undelete", asked, mount, f"-versions={number}")
        if state == "deleted"
        else _command("rollback", asked, mount, f"-version={living}")
        if living
        else _command("put", asked, mount, "KEY=-")
    )
    return asked.reference.finding(
        "KW8109",
        f"the latest version of {asked.place} ({number}) is {state}{_living(secret)}; {AFTER_DELETION[asked.reference.family]}",
        hint=back,
    )


def _will_go(asked: Asked, mount: Mount, secret: KvSecret, number: int) -> Finding:
    which = f"version {number}" if asked.reference.version else f"the latest version ({number})"
    return asked.reference.finding(
        "KW8113",
        f"{which} of {asked.place} will be deleted at {secret.deletes_at[number]}; {AFTER_DELETION[asked.reference.family]}",
        "version" if asked.reference.version else "path",
        hint=f"{_command('metadata put', asked, mount, '-delete-version-after=0s')}, or where the mount has the limit: vault write "
        f"{mount.path}/config delete_version_after=0s; then write it anew",
        warning=True,
    )


def _no_key(asked: Asked, mount: Mount, names: KeyNames, key: str) -> Finding:
    near = nearest(key, names.readable) or {n.lower(): n for n in names.readable}.get(key.lower(), "")
    there = (
        f"it has {some(names.readable)}"
        if names.readable
        else "it has no keys at all"
        if not names.names
        else "the lock holds the names of its keys only as hashes"
    )
    version = f" (version {asked.reference.version})" if asked.reference.version else ""
    command = _command("patch", asked, mount, f"{key}=-")
    return asked.reference.finding(
        "KW8110",
        f'{asked.place}{version} has no key "{key}"; {there}',
        f"key:{key}",
        hint=or_else(near, command),
    )


def _last_living(secret: KvSecret) -> int:
    return max((number for number, state in secret.versions.items() if state == "live"), default=0)


def _living(secret: KvSecret) -> str:
    living = sorted(number for number, state in secret.versions.items() if state == "live")
    if not living:
        return ", and no other version is left" if secret.complete else ""
    return f"; there {'is version' if len(living) == 1 else 'are versions'} {', '.join(map(str, living[-5:]))}"
