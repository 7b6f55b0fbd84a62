"""Mounts: are they there, of the right type and KV version, and does the path treat `data/` as that version wants it?

Sources: Vault's HTTP API: KV version 2 has its values below `<mount>/data/`, version 1 directly below the mount. The operator and External
Secrets add `data/` themselves; the CSI provider, the injector and argocd-vault-plugin ask for the path as written.
"""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, nearest
from keywave.vault.inventory import Inventory, Mount
from keywave.verify.asked import Asked, right_type, slip_of
from keywave.verify.view import View
from keywave.verify.wording import or_else, some, space

ENGINES = {"kv": "a KV engine", "pki": "a PKI engine", "dynamic": "an engine that makes credentials"}
KINDS = {"kv": "a KV secret is", "pki": "a certificate is", "dynamic": "credentials are"}
TYPES = {"kv": ("kv", "generic"), "pki": ("pki",)}


def check_mounts(view: View) -> Iterator[Finding]:
    """KW8101, once for each object and mount."""
    said = set()
    for asked in view.asked:
        reference = asked.reference
        place = reference.mount or _guessed(reference.path.strip("/"))
        key = (reference.manifest.subject, reference.manifest.made_by, asked.namespace, place)
        if asked.mount.absent and key not in said:
            said.add(key)
            yield _absent(asked, place)


def check_types(view: View) -> Iterator[Finding]:
    """KW8102, KW8103, KW8104: the first that applies, since each puts the next one in doubt."""
    said = set()
    for asked in view.asked:
        mount = asked.resolved.mount
        if mount is None:
            continue
        if not right_type(asked):
            key = (asked.reference.manifest.subject, asked.reference.kind, asked.namespace, mount.path)
            if key not in said:
                said.add(key)
                yield _wrong_type(asked, mount)
        elif asked.resolved.slip == "version":
            yield _wrong_version(asked, mount)
        elif slip_of(asked):
            yield _slip(asked, mount)


def _guessed(path: str) -> str:
    """The mount that a whole path means: what stands before `/data/`, else its first segment."""
    for sign in ("/data/", "/metadata/"):
        before, found, _ = path.partition(sign)
        if found:
            return before
    return path.partition("/")[0]


def _absent(asked: Asked, place: str) -> Finding:
    known = mounts_of(asked.inventory, asked.namespace)
    kind = asked.reference.kind
    fitting = [m.path for m in known if _fits(kind, m)]
    every = sorted({m.path for m in known} | set(asked.inventory.listing(asked.namespace, "sys/mounts/")))
    near = nearest(place, fitting) or nearest(place, every)
    where = f" in the namespace {asked.namespace}" if asked.namespace else ""
    there = f"; Vault has {some(fitting)}" if fitting and not near else ""
    kind_name = {"kv": f"-version={asked.reference.engine or 2} kv", "pki": "pki"}.get(kind, "TYPE")
    if kind == "raw" and f"{asked.reference.path.strip('/')}/".startswith((f"{place}/data/", f"{place}/metadata/")):
        kind_name = "-version=2 kv"
    return asked.reference.finding(
        "KW8101",
        f'no secrets engine is mounted at "{place}"{where}{there}',
        "mount",
        hint=or_else(near, f"vault secrets enable{space(asked.namespace)} -path={place} {kind_name}"),
    )


def _wrong_type(asked: Asked, mount: Mount) -> Finding:
    kind = asked.reference.kind
    fitting = [m.path for m in mounts_of(asked.inventory, asked.namespace) if _fits(kind, m)]
    form = {
        "kv": "read credentials with a dynamic intent (VaultDynamicSecret)"
        if mount.type != "pki"
        else "use pki: (VaultPKISecret)",
        "dynamic": "read a KV secret with kv: (VaultStaticSecret)",
        "pki": "name the mount of a PKI engine",
    }.get(kind, "name another mount")
    known = f" (of the type that is needed: {some(fitting)})" if fitting else ""
    return asked.reference.finding(
        "KW8102",
        f'{KINDS.get(kind, "a secret is")} asked of "{mount.path}", which is of type {mount.type}, not {ENGINES.get(kind, "another")}',
        "mount",
        hint=f"name another mount{known}, or {form}" if kind != "pki" else f"{form}{known}",
    )


def _wrong_version(asked: Asked, mount: Mount) -> Finding:
    believed, real = asked.reference.engine, mount.kv_version
    says = {"vso": f"type: kv-v{real}", "eso": f"version: v{real}"}.get(asked.reference.family, f"version {real}")
    shape = (
        "a request with data/ in it asks version 1 for a secret of that name"
        if real == 1
        else "a request without data/ finds nothing in version 2"
    )
    return asked.reference.finding(
        "KW8103",
        f'the KV engine at "{mount.path}" has version {real}, the object says version {believed}: {shape}',
        "type",
        hint=f"say {says} (in a VaultProfile: kv: {{mount: {mount.path}, version: {real}}})",
    )


def _slip(asked: Asked, mount: Mount) -> Finding:
    reference, resolved = asked.reference, asked.resolved
    written = reference.path.strip("/")
    before = "" if reference.mount else f"{mount.path}/"
    if resolved.slip == "no-data":
        right = f"{before}data/{resolved.meant}"
        message = f'"{written}" is asked for as it is written, and the KV engine at "{mount.path}" has version 2: data/ is missing'
    else:
        right = before + resolved.meant
        why = "the reader adds data/ by itself" if mount.kv_version == 2 else "KV version 1 has no data/"
        there = asked.inventory.secret(asked.namespace, mount.path, resolved.meant).value is not None
        also = f"; there is {mount.path}/{resolved.meant}" if there else ""
        message = f'"{written}" has data/ in it, but {why}{also}'
    return reference.finding("KW8104", message, hint=f"write {right}")


def _fits(kind: str, mount: Mount) -> bool:
    own = {"sys", "identity", "cubbyhole"}
    if kind == "dynamic":
        return not mount.kv_version and mount.type not in ("kv", "generic", "pki", "system", *own)
    return mount.type in TYPES.get(kind, (mount.type,)) and mount.path not in own


def mounts_of(inventory: Inventory, namespace: str) -> list[Mount]:
    """All mounts that are known, by path."""
    known = ((place, fact.value) for place, fact in inventory.mounts.items() if place[0] == namespace)
    return sorted((mount for _, mount in known if mount is not None), key=lambda mount: mount.path)
