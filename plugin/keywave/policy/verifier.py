"""The policy of the verifier: enough to prove everything, and no way to a value.

It looks at names and settings below the prefixes of the profiles and around each reference. What it is never given: `<kv>/data/`, reading
below a KV mount of version 1 (listing there shows names only), `creds/`, `issue/`, or any writing but two look-ups that are sent as POST.
Sources: Vault's HTTP API of the paths below (subkeys and metadata of KV 2 hold no values; roles of engines hold settings).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from keywave.intent.model import Profile
from keywave.policy.grants import united
from keywave.policy.model import Grant, PlannedPolicy, Skipped, Target
from keywave.policy.plan import NO_INVENTORY
from keywave.references.model import Connection, Reference
from keywave.references.needs import beneath
from keywave.references.resolve import resolve
from keywave.vault.engines import HIERARCHICAL, engine_of, role_folders
from keywave.vault.inventory import Inventory, Mount

NAME = "keywave-verifier"
ALWAYS = (
    Grant("sys/mounts", ("read",)),
    Grant("sys/auth", ("read",)),
    Grant("sys/policies/acl", ("list",)),
    Grant("sys/policies/acl/*", ("list", "read")),
    Grant("identity/lookup/entity", ("update",)),
    Grant("identity/group/id/+", ("read",)),
)
"""In every Vault namespace that is looked at."""
READ, LIST, BOTH = ("read",), ("list",), ("list", "read")


def plan_verifier(
    references: Sequence[Reference],
    profiles: Sequence[Profile],
    inventory_of: Callable[[Connection], Inventory | None] = lambda _: None,
) -> tuple[tuple[Target, ...], tuple[Skipped, ...]]:
    """One policy `keywave-verifier` for each Vault, and what it does not cover (paths whose mount is not known).

    It belongs into the Vault namespace above all that are looked at, where the verifier logs in.
    """
    found: list[tuple[Connection, str, Grant]] = []
    skipped: set[Skipped] = set()
    for profile in profiles:
        connection = Connection(profile.address, profile.name)
        found += [(connection, fixed(profile.vault_namespace), grant) for grant in _of_profile(profile)]
    for reference in references:
        inventory = inventory_of(reference.vault) or NO_INVENTORY
        grants = _of_reference(reference, inventory)
        if not grants:
            path = reference.place[1]
            skipped.add(Skipped(reference.manifest.subject, "which mount holds it is not known", (path,)))
        found += [(reference.vault, reference.vault_namespace, grant) for grant in grants]
        if reference.identity.known:
            login = reference.identity.vault_namespace
            found += [(reference.vault, login, grant) for grant in _of_login(reference)]
    targets = []
    for _, same in groupby(sorted(found, key=lambda each: each[0].address), key=lambda each: each[0].address):
        group = list(same)
        targets.append(Target(group[0][0], (_policy([(namespace, grant) for _, namespace, grant in group]),), ()))
    return tuple(targets), tuple(sorted(skipped))


def _policy(found: Sequence[tuple[str, Grant]]) -> PlannedPolicy:
    namespaces = sorted({namespace for namespace, _ in found})
    above = _common(namespaces)
    everything = [*found, *((namespace, grant) for namespace in namespaces for grant in ALWAYS)]
    prefixed = [
        grant._replace(path=f"{beneath(above, namespace) or ''}{grant.path}") for namespace, grant in everything
    ]
    return PlannedPolicy(NAME, above, _needed(united(prefixed)))


def _needed(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Without those that a prefix of the same policy grants already."""
    prefixes = [grant for grant in grants if grant.path.endswith("*")]
    return tuple(
        grant
        for grant in grants
        if not any(
            prefix is not grant
            and grant.path.startswith(prefix.path[:-1])
            and set(grant.capabilities) <= set(prefix.capabilities)
            for prefix in prefixes
        )
    )


def _common(namespaces: Sequence[str]) -> str:
    """The Vault namespace above all."""
    split = [namespace.split("/") if namespace else [] for namespace in namespaces]
    above: list[str] = []
    for segments in zip(*split, strict=False):
        if len(set(segments)) > 1:
            break
        above.append(segments[0])
    return "/".join(above)


def _of_profile(profile: Profile) -> Iterable[Grant]:
    mount = fixed(profile.kv_mount)
    if mount == profile.kv_mount and mount:
        yield from _kv_below(mount, fixed(profile.kv_prefix), profile.kv_version)
    for engine in (profile.dynamic_mount, profile.pki_mount):
        if engine and fixed(engine) == engine:
            yield from _roles(Mount(engine, "pki" if engine == profile.pki_mount else ""))
    if fixed(profile.auth.mount) == profile.auth.mount and profile.auth.mount:
        yield from _auth(profile.auth.mount, profile.auth.method)


def fixed(text: str) -> str:
    """The folders before the first placeholder: `dev/{namespace}/x` -> `dev`."""
    if "{" not in text:
        return text
    return text.partition("{")[0].rpartition("/")[0]


def _kv_below(mount: str, prefix: str, version: int) -> Iterable[Grant]:
    below = f"{prefix}/*" if prefix else "*"
    if version == 1:
        yield Grant(f"{mount}/{below}", LIST)
        return
    yield Grant(f"{mount}/metadata/{below}", BOTH)
    yield Grant(f"{mount}/subkeys/{below}", READ)


def _of_reference(reference: Reference, inventory: Inventory) -> list[Grant]:
    """Around one reference. What may be a KV mount of version 1 is only listed."""
    if reference.method == "LIST":
        return [Grant("sys/mounts", READ)]  # of a listing only the right to it is checked
    resolved = resolve(reference, inventory)
    mount, path = (resolved.mount, resolved.path) if resolved.mount else _guessed(reference, resolved.path)
    if not mount.path:
        return []
    if mount.type == "kv":
        folder = path.rpartition("/")[0]
        if mount.kv_version == 1:
            return [Grant(f"{mount.path}/{folder}".rstrip("/"), LIST)]
        return [
            Grant(f"{mount.path}/subkeys/{path}", READ),
            Grant(f"{mount.path}/metadata/{path}", READ),
            Grant(f"{mount.path}/metadata/{folder}".rstrip("/"), LIST),
        ]
    return list(_roles(mount))


SIGNS = {"data": "kv", "creds": "", "static-creds": "", "sts": "aws", "issue": "pki", "roleset": "gcp"}
"""What the segment after the mount tells of its type, where nobody knows the mounts."""


def _guessed(reference: Reference, path: str) -> tuple[Mount, str]:
    """The mount as the object believes in it; one without path where nothing tells."""
    if reference.kind != "raw":
        types = {"kv": "kv", "pki": "pki"}
        return Mount(reference.mount, types.get(reference.kind, ""), kv_version=reference.engine or 0), path
    segments = path.split("/")
    for at in range(1, len(segments) - 1):
        if segments[at] in SIGNS:
            kind = SIGNS[segments[at]]
            rest = segments[at + 1 :] if kind == "kv" else segments[at:]
            return Mount("/".join(segments[:at]), kind, kv_version=2 if kind == "kv" else 0), "/".join(rest)
    return Mount("", ""), path


def _roles(mount: Mount) -> Iterable[Grant]:
    """Roles of an engine: their names, and their settings without secrets."""
    for folder in role_folders(mount):
        yield Grant(folder.rstrip("/"), LIST)
    for folder in sorted(set(engine_of(mount.type).roles.values()) - {""}):
        # `+` is the role and nothing below it: `gcp/roleset/x/token` issues a token.
        yield Grant(f"{mount.path}/{folder}/{'*' if mount.type in HIERARCHICAL else '+'}", READ)
    if mount.type == "pki":
        yield Grant(f"{mount.path}/issuers", LIST)


def _of_login(reference: Reference) -> Iterable[Grant]:
    identity = reference.identity
    return _auth(identity.mount, identity.method) if identity.mount else ()


def _auth(mount: str, method: str) -> Iterable[Grant]:
    """Roles by name; of an AppRole its RoleID too, which is how the tree names it (not the list of its SecretIDs)."""
    yield Grant(f"auth/{mount}/role", LIST)
    yield Grant(f"auth/{mount}/role/+", READ)
    if method == "appRole":
        yield Grant(f"auth/{mount}/role/+/role-id", READ)
