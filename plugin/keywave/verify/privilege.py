"""Do the policies of the workloads grant more than they need? Warnings, once for each policy and kind.

What is needed are the paths of all references of all logins whose role names the policy. Rules:
- KW8601: a pattern with `*` or `+` that covers a needed path. Not: `<folder>/*` of KV when the folder is two segments or more below the
  mount (its `data/`; one below a mount of several segments) and a needed path lies directly in it, which is the application's own folder.
- KW8602: create, update, patch or delete on needed paths that are only read. `create` beside a needed `update` is let pass: it is what
  Vault's documentation writes for engines that issue, where it means nothing.
- KW8603: sudo. KW8604: sys/, auth/ or identity/ beyond what a token does for itself and its leases.
- A pattern without sudo that covers nothing needed is not judged: who else uses the policy is not in this tree.
Only judged when all of these references are understood: a smaller policy that forgets one would be bad advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keywave.findings import Finding
from keywave.references.model import Reference, finding_at
from keywave.vault.acl.evaluate import covers
from keywave.vault.acl.patterns import pattern_of
from keywave.vault.acl.policy import Policy, Rule
from keywave.vault.acl.templates import fill
from keywave.vault.acl.write import write_policy
from keywave.vault.inventory import Inventory
from keywave.verify.access import one_line
from keywave.verify.demands import Demand, Wish, is_open
from keywave.verify.rights import Rights
from keywave.verify.view import View, view_of

WRITES = frozenset(("create", "update", "patch", "delete"))
OWN_AFFAIRS = (
    "auth/token/lookup-self",
    "auth/token/renew-self",
    "auth/token/revoke-self",
    "sys/capabilities-self",
    "sys/internal/ui/mounts",
    "sys/internal/ui/resultant-acl",
    "sys/leases/lookup",
    "sys/leases/renew",
    "sys/leases/revoke",
    "sys/renew",
    "sys/revoke",
    "sys/wrapping/",
    "sys/tools/",
    "sys/health",
    "sys/control-group/request",
    "sys/events/subscribe/",
    "identity/oidc/",
)
"""What Vault's `default` policy allows, to hand a lease back, and to hear of new versions (instantUpdates). An entry with a slash
at its end stands for all below it."""
SYSTEM = ("sys/", "auth/", "identity/")


class Excess(NamedTuple):
    code: str
    pattern: str
    granted: tuple[str, ...]


def check_privilege(view: View) -> Iterator[Finding]:
    """KW8601 to KW8604: may they do more than they need?"""
    users: dict[tuple[int, str, str], tuple[Policy, list[Demand]]] = {}
    for demand in view.demands:
        namespace, inventory = demand.identity.vault_namespace, demand.login.inventory
        for policy in demand.rights.policies:
            if policy.name != "default":
                users.setdefault((id(inventory), namespace, policy.name), (policy, []))[1].append(demand)
    # In the order of Vaults, then of namespaces and names.
    numbers = {id(inventory): number for number, inventory in enumerate(view.inventories)}
    for _, (policy, demands) in sorted(users.items(), key=lambda one: (numbers[one[0][0]], one[0][1:])):
        if all(map(_understood, demands)):
            yield from _judged(policy, demands)


def privilege_findings(references: Sequence[Reference], inventory: Inventory) -> Iterator[Finding]:
    """Warnings about the policies of the logins of references to one Vault."""
    return check_privilege(view_of(references, inventory))


def _understood(demand: Demand) -> bool:
    if any(use.method == "LIST" for use in demand.login.uses):
        return False  # what it finds is read too, and nobody knows yet what that is
    places = {(wish.reference.place, wish.reference.kind) for wish in demand.wishes}
    return all(
        (use.place, use.kind) in places or is_open(asked) for asked in demand.login.asked for use in (asked.reference,)
    )


def _judged(policy: Policy, users: Sequence[Demand]) -> Iterator[Finding]:
    asked = list({(wish.path, wish.capability): wish for user in users for wish in user.wishes}.values())
    # Without templates a policy is the same for all.
    judges = users if any(rule.templated for rule in policy.rules) else users[:1]
    found = {excess for user in judges for excess in _excesses(policy, user.rights, asked)}
    smaller = _smaller(asked) if found else ""
    for code in sorted({excess.code for excess in found}):
        those = sorted(excess for excess in found if excess.code == code)
        shown = ", ".join(dict.fromkeys(f'"{excess.pattern}"' for excess in those))
        granted = ", ".join(sorted({one for excess in those for one in excess.granted}))
        said = {
            "KW8601": f'the policy "{policy.name}" covers more paths than are needed: {shown}',
            "KW8602": f'the policy "{policy.name}" grants {granted} on {shown}, which is only read',
            "KW8603": f'the policy "{policy.name}" grants sudo on {shown}',
            "KW8604": f'the policy "{policy.name}" reaches Vault\'s own settings: {shown} ({granted})',
        }[code]
        first = users[0].login
        hint = f"enough is: {smaller}"
        yield finding_at(first.identity.spots, first.uses[0].manifest, code, said, "role", hint=hint, warning=True)


def _excesses(policy: Policy, rights: Rights, asked: Sequence[Wish]) -> Iterator[Excess]:
    if policy.is_root:
        yield Excess("KW8601", "*", ("root",))
        return
    by_path: dict[str, list[Wish]] = {}
    for wish in asked:
        by_path.setdefault(wish.path, []).append(wish)
    for rule in policy.rules:
        path = fill(rule.path, rights.known).path if rule.templated else rule.path
        if path is None or "deny" in rule.capabilities:
            continue
        path = path.lstrip("/")
        exact = pattern_of(path).kind == "exact"
        covered = by_path.get(path, []) if exact else [wish for wish in asked if covers(path, wish.path)]
        if "sudo" in rule.capabilities:
            yield Excess("KW8603", rule.path, ("sudo",))
        if _is_system(path) and not any(wish.path == path for wish in covered):
            yield Excess("KW8604", rule.path, tuple(sorted(rule.capabilities)))
        if not covered:
            continue
        if not exact and not rule.templated and not _own_folder(path, covered):
            yield Excess("KW8601", rule.path, ())
        needed = {wish.capability for wish in covered}
        writes = (rule.capabilities & WRITES) - needed - ({"create"} if "update" in needed else set())
        if writes:
            yield Excess("KW8602", rule.path, tuple(sorted(writes)))


def _own_folder(path: str, covered: Sequence[Wish]) -> bool:
    """`kv/data/dev/payments/*` for `kv/data/dev/payments/db`."""
    if not path.endswith("/*") or pattern_of(path).kind != "prefix":
        return False
    folder = path[:-1]
    for wish in covered:
        top = _top(wish)
        inside = wish.path.removeprefix(folder)
        depth = folder.removeprefix(top).count("/")
        # A mount of several segments (`teams/shop/kv`), or a Vault namespace before it, sets others apart already.
        apart = top.count("/") - (2 if wish.without_data else 1)
        if top and folder.startswith(top) and "/" not in inside and depth >= 1 and depth + apart >= 2:
            return True
    return False


def _top(wish: Wish) -> str:
    """What stands before a KV secret's own path: `kv/data/`; "" for what is no KV secret."""
    if wish.below and wish.path.endswith(f"/{wish.below}"):
        return wish.path.removesuffix(wish.below)
    return ""


def _is_system(path: str) -> bool:
    """A pattern that reaches below sys/, auth/ or identity/, further than a token's own affairs."""
    pattern = pattern_of(path)
    if pattern.kind == "exact":
        return path.startswith(SYSTEM) and not _own_affair(path)
    fixed = pattern.text if pattern.kind == "prefix" else pattern.text[: pattern.text.index("+")]
    if fixed.startswith(SYSTEM):
        return not any(own.endswith("/") and fixed.startswith(own) for own in OWN_AFFAIRS)
    if pattern.kind == "prefix":
        return any(root.startswith(fixed) for root in SYSTEM)
    # `+/data/x` is a KV path of any mount; `+/*` is everything.
    return not fixed and pattern.rest and pattern.text.strip("/+") == ""


def _own_affair(path: str) -> bool:
    return any(path.startswith(own) if own.endswith("/") else path in (own, own + "/") for own in OWN_AFFAIRS)


def _smaller(asked: Sequence[Wish]) -> str:
    by_path: dict[str, set[str]] = {}
    for wish in asked:
        by_path.setdefault(wish.path, set()).add(wish.capability)
    return one_line(write_policy([Rule(path, frozenset(granted)) for path, granted in by_path.items()]))
