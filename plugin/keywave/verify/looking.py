"""What could not be looked at: rights that the verifier lacks, what a lock does not hold, what only a value would tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from keywave.findings import Finding
from keywave.references.model import Reference, finding_at
from keywave.vault.engines import issuer_of, role_of
from keywave.vault.inventory import Fact, State
from keywave.verify.asked import Asked, no_role, right_type, slip_of
from keywave.verify.demands import Login
from keywave.verify.engines import unheard_of
from keywave.verify.kv import keys_of, secret_of
from keywave.verify.login_role import TYPES, method_of
from keywave.verify.login_role import role_of as role_of_login
from keywave.verify.pki import issuers_of
from keywave.verify.rights import policy_names
from keywave.verify.view import View
from keywave.verify.wording import some

NAME = "keywave-verifier"
OF_PLUGIN = "keywave does not know where an engine of this type has its roles"
ON_VERSION_1 = "KV version 1 tells the names of keys only together with their values"


def check_denied(view: View) -> Iterator[Finding]:
    """KW8002, one for each Vault: whatever the verifier lacks is one problem with one fix."""
    for inventory in view.inventories:
        mine = [asked for asked in view.asked if asked.inventory is inventory]
        first = next((asked.reference for asked in mine if any(f.state is State.DENIED for _, f in facts(asked))), None)
        login = next((one for one in view.logins if one.inventory is inventory and _denied(one)), None)
        if first is not None:
            spots, manifest, spot = first.spots, first.manifest, "path"
        elif login is not None:
            spots, manifest, spot = login.identity.spots, login.uses[0].manifest, "role"
        else:
            continue
        lacking = inventory.lacking or tuple(
            sorted(
                {(a.namespace, f.note or what, "read") for a in mine for what, f in facts(a) if f.state is State.DENIED}
            )
        )
        paths = tuple(dict.fromkeys(_path(namespace, path) for namespace, path, _ in lacking))
        yield finding_at(
            spots,
            manifest,
            "KW8002",
            f"the verifier's token may not look at {some(paths)}",
            spot,
            hint=f"these rules are missing (the command replaces the policy: keep those that are there)\n{policy_command(lacking)}",
        )


def check_uncovered(view: View) -> Iterator[Finding]:
    """KW8003."""
    for asked in view.asked:
        for what, fact in facts(asked):
            if fact.state is State.UNCOVERED:
                lock = asked.inventory.source == "lock"
                yield asked.reference.finding(
                    "KW8003",
                    f"{asked.inventory.file or 'the lock'} does not tell of {what}"
                    if lock
                    else f"{what} was not looked up",
                    hint="refresh it: keywave lock" if lock else "",
                    warning=True,
                )


def check_uncovered_logins(view: View) -> Iterator[Finding]:
    """KW8003 for the login's mount, role and policies, once for each login."""
    for login in view.logins:
        for what, fact in login_facts(login):
            if fact.state is State.UNCOVERED:
                lock = login.inventory.source == "lock"
                yield finding_at(
                    login.identity.spots,
                    login.uses[0].manifest,
                    "KW8003",
                    f"{login.inventory.file or 'the lock'} does not tell of {what}, by which {login.identity.label} reads"
                    if lock
                    else f"{what}, by which {login.identity.label} reads, was not looked up",
                    "role",
                    hint="refresh it: keywave lock" if lock else "",
                    warning=True,
                )


def storeless(references: Sequence[Reference]) -> Iterator[Finding]:
    """KW8007, once for each store that the tree does not hold."""
    by_store: dict[str, list[Reference]] = {}
    for reference in references:
        by_store.setdefault(reference.identity.label, []).append(reference)
    for label, group in by_store.items():
        many = len({reference.place for reference in group}) - 1
        yield group[0].finding(
            "KW8007",
            f"{label} is not in the tree: whether {_asked_for(group[0])}{f' and {many} more' if many else ''} is there, and may be read, "
            "is not checked",
            hint="render it together with its store, or verify where the store is",
            warning=True,
        )


def _asked_for(reference: Reference) -> str:
    return f'"{reference.path}"' if reference.path else "what it finds"


def check_unclear(view: View) -> Iterator[Finding]:
    """KW8006."""
    for asked in view.asked:
        if asked.reference.method == "LIST" and asked.reference.family == "eso" and asked.resolved.mount is not None:
            yield asked.reference.finding(
                "KW8006",
                f"not checked: whether what is found below {asked.resolved.api_path} may be read; only that it may be listed is",
                hint="name each secret with extract, or in data",
                warning=True,
            )
        for what, fact in facts(asked):
            if fact.state is State.UNCLEAR:
                yield asked.reference.finding(
                    "KW8006",
                    f"not checked: {what}; {fact.note or 'Vault tells it only together with values, which are not read'}",
                    hint="a KV engine of version 2 can be checked (vault kv enable-versioning)"
                    if fact.note == ON_VERSION_1
                    else "",
                    warning=True,
                )


def check_unknown_logins(view: View) -> Iterator[Finding]:
    """KW8007, once for each login that the tree only names, or whose role or policies it cannot tell."""
    for login in view.logins:
        identity, first = login.identity, login.asked[0]
        if identity.known and method_of(identity) in TYPES:
            continue
        many = len(login.asked) - 1
        why = f"logs in by {identity.method}, which tells no role" if identity.known else "is not in the tree"
        yield first.reference.finding(
            "KW8007",
            f"{identity.label} {why}: whether it may read {first.place}{f' and {many} more' if many else ''} is not checked",
            "role",
            hint="look at what its token may do: vault token lookup"
            if identity.known
            else "its login is a setting of Argo CD's plug-in (AVP_AUTH_TYPE, AVP_K8S_ROLE): look there which policies it has"
            if first.reference.family == "avp"
            else "render it together with its login, or verify where the login is",
            warning=True,
        )


def check_no_inventory(view: View) -> Iterator[Finding]:
    """KW8008, once for each profile or address."""
    said = set()
    for reference in view.missing:
        name = reference.vault.profile or reference.vault.address
        if name in said:
            continue
        said.add(name)
        profile = reference.vault.profile
        which = (
            f"the VaultProfile {profile}"
            if profile
            else f"the Vault at {name}"
            if name
            else "a Vault that the object does not name"
        )
        fix = f"keywave lock --profile {profile}" if profile else "keywave lock"
        yield reference.finding(
            "KW8008",
            f"there is no lock for {which}: nothing that is read from it is checked",
            hint=f"{fix}, and commit the file; or verify --live",
            warning=True,
        )


def facts(asked: Asked) -> list[tuple[str, Fact[Any]]]:
    """What the reference needs to know of Vault, in words, with the answer; only the mount where that one is not known."""
    mount, reference = asked.resolved.mount, asked.reference
    if mount is None:
        return [(f'the mount of "{asked.place}"', asked.mount)]
    if not right_type(asked) or slip_of(asked):
        return []
    path = role_of(mount, asked.resolved.path)
    if asked.resolved.kind == "kv":
        secret = secret_of(asked, mount)
        if secret.state is not State.PRESENT:
            return [(asked.place, secret)]
        return [(f"the keys of {asked.place}", _keys(asked))] if reference.keys and not reference.optional else []
    found: list[tuple[str, Fact[Any]]] = []
    if path is not None and not (asked.resolved.kind == "pki" and no_role(asked, path)):
        role = asked.inventory.role(asked.namespace, path)
        found.append(
            (path, Fact(State.UNCLEAR, note=OF_PLUGIN) if role.absent and unheard_of(asked, mount, path) else role)
        )
    if asked.resolved.kind == "pki" and issuer_of(mount, asked.resolved.path):
        found.append((f"the issuers of {mount.path}", issuers_of(asked, mount)))
    return found


def _keys(asked: Asked) -> Fact[Any]:
    """PRESENT also where the version is not there at all, which another check says."""
    mount = asked.resolved.mount
    secret = secret_of(asked, mount).value if mount else None
    if mount is None or secret is None:
        return Fact(State.PRESENT)
    if mount.kv_version != 2:
        return Fact(State.UNCLEAR, note=ON_VERSION_1)
    number = asked.reference.version or secret.current
    there = secret.versions.get(number)
    gone = (
        there in ("deleted", "destroyed")
        or number > secret.current
        or not number
        or (there is None and secret.complete)
    )
    return Fact(State.PRESENT if gone or keys_of(asked, mount) is not None else State.UNCOVERED)


def login_facts(login: Login) -> list[tuple[str, Fact[Any]]]:
    """What a login needs to know of Vault, as `facts`: its mount, its role, its policies; only the first that is not known."""
    identity, inventory, namespace = login.identity, login.inventory, login.identity.vault_namespace
    if not identity.known or not identity.mount or method_of(identity) not in TYPES:
        return []
    mount = inventory.auth(namespace, identity.mount)
    if mount.value is None:
        return [(f"auth/{identity.mount}", mount)]
    if mount.value.type not in TYPES[method_of(identity)]:
        return []
    role = role_of_login(identity, inventory)
    if role.value is None:
        return [(identity.role_path or f"the roles of auth/{identity.mount}", role)]
    names = policy_names(role.value)
    return [(f'the policy "{name}"', inventory.policy(namespace, name)) for name in names if name != "root"]


def _denied(login: Login) -> bool:
    return any(fact.state is State.DENIED for _, fact in login_facts(login))


def policy_command(lacking: tuple[tuple[str, str, str], ...]) -> str:
    """The `vault` line that gives the verifier these rights (Vault namespace, path, capability)."""
    rights: dict[str, set[str]] = {}
    for namespace, path, capability in lacking:
        rights.setdefault(_path(namespace, path), set()).add(capability)
    rules = (
        f'path "{path}" {{ capabilities = [{", ".join(f"{chr(34)}{c}{chr(34)}" for c in sorted(capabilities))}] }}'
        for path, capabilities in sorted(rights.items())
    )
    return "\n".join([f"vault policy write {NAME} - <<EOF", *rules, "EOF"])


def _path(namespace: str, path: str) -> str:
    return f"{namespace}/{path}" if namespace else path
