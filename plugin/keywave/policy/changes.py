"""A plan against what Vault (or a lock of it) has: what applying it would change. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from keywave.policy.model import Grant, Plan, PlannedPolicy, PlannedRole
from keywave.policy.rules import policy_text
from keywave.references.model import Connection
from keywave.vault.acl.evaluate import Acl, Asked
from keywave.vault.acl.policy import Policy, PolicyError, parse_policy
from keywave.vault.acl.write import write_policy
from keywave.vault.inventory import Fact, Inventory, State, role_id_mark

Status = Literal["new", "same", "changed", "wider", "unknown"]
WORDS: Mapping[Status, str] = {
    "new": "is not there",
    "same": "is the same",
    "changed": "differs",
    "wider": "grants all that is needed, and more",
    "unknown": "could not be compared",
}
_EVERYBODY = "*"


class Change(NamedTuple):
    """One policy or role. `difference` is a unified diff from what is there to what is needed ("" where same or unknown)."""

    what: str
    """`policy shop`, `role auth/kubernetes/role/shop`; with the Vault namespace where there is one."""
    status: Status
    difference: str = ""
    note: str = ""


def compare(plan: Plan, inventory_of: Callable[[Connection], Inventory | None]) -> list[Change]:
    """Each policy, then each role, in the plan's order."""
    changes: list[Change] = []
    for target in plan.targets:
        inventory = inventory_of(target.vault)
        for policy in target.policies:
            changes.append(
                _of_policy(policy, _fact(inventory and inventory.policy(policy.vault_namespace, policy.name)))
            )
        for role in target.roles:
            changes.append(_of_role(role, _fact(inventory and inventory.role(role.vault_namespace, role.path))))
    return changes


def show(changes: list[Change]) -> str:
    """For people and reviews: one line each, differences below it, a count at the end."""
    lines = []
    for change in changes:
        lines.append(f"{change.what} {WORDS[change.status]}" + (f": {change.note}" if change.note else "") + "\n")
        lines += [f"    {line}\n" for line in change.difference.splitlines()]
    counts = [
        f"{sum(c.status == status for c in changes)} {status}"
        for status in WORDS
        if any(c.status == status for c in changes)
    ]
    return "".join(lines) + (", ".join(counts) or "nothing is needed of Vault") + "\n"


def _fact(fact: Fact[Any] | None) -> Fact[Any]:
    return Fact(State.UNCOVERED, note="there is no lock for this Vault") if fact is None else fact


def _of_policy(policy: PlannedPolicy, fact: Fact[str]) -> Change:
    what, needed = f"policy {_placed(policy.vault_namespace, policy.name)}", policy_text(policy)
    if fact.value is None:
        return _missing(what, fact, needed)
    try:
        there = parse_policy(policy.name, fact.value, duplicates=True)
    except PolicyError as error:
        return Change(what, "changed", _diff(fact.value, needed), f"Vault's text cannot be read, {error}")
    shown = write_policy(there.rules)
    if shown == needed:
        return Change(what, "same")
    return Change(what, "wider" if _covers(there, policy.grants) else "changed", _diff(shown, needed))


def _covers(there: Policy, grants: tuple[Grant, ...]) -> bool:
    """Whether the policy allows each request that the grants are for."""
    acl = Acl([there])
    for grant in grants:
        samples = {name: values[0].rstrip("*") for name, values in grant.allowed.items() if values}
        path = grant.path.replace("+", "x").removesuffix("*")
        for capability in grant.capabilities:
            if acl.decide(Asked(path, capability, samples)).allowed is not True:
                return False
    return True


def _of_role(role: PlannedRole, fact: Fact[Mapping[str, Any]]) -> Change:
    what, needed = f"role {_placed(role.vault_namespace, role.path)}", _fields(role.fields)
    if fact.value is None:
        return _missing(what, fact, _lines(needed))
    # What the inventory keeps no trace of (a RoleID) cannot be compared.
    there = {name: value for name, value in _fields(fact.value).items() if name in needed}
    needed = {name: value for name, value in needed.items() if name in there or name not in _UNKEPT}
    if there.get("role_id") == role_id_mark(str(needed.get("role_id") or "")):
        there["role_id"] = needed["role_id"]
    if there == needed:
        return Change(what, "same")
    return Change(what, "wider" if _admits(there, needed) else "changed", _diff(_lines(there), _lines(needed)))


_UNKEPT = ("role_id",)
_SETS = ("bound_service_account_names", "bound_service_account_namespaces", "token_policies", "bound_claims")


def _admits(there: Mapping[str, Any], needed: Mapping[str, Any]) -> bool:
    """Whether the role does for all that ours does: the same but for lists that hold more."""
    for name, value in needed.items():
        held = there.get(name)
        if held == value:
            continue
        if name not in _SETS or not isinstance(held, tuple) or not (set(value) <= set(held) or _EVERYBODY in held):
            return False
    return True


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """In the form of an inventory: lists as sorted tuples, claims as `name=value`."""
    found: dict[str, Any] = {}
    for name, value in sorted(given.items()):
        if isinstance(value, Mapping):
            found[name] = tuple(sorted(f"{key}={each}" for key, values in value.items() for each in values))
        else:
            found[name] = tuple(sorted(value)) if isinstance(value, (list, tuple)) else value
    return found


def _lines(fields: Mapping[str, Any]) -> str:
    shown = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    return "".join(f"{name} = {value}\n" for name, value in shown.items())


def _missing(what: str, fact: Fact[Any], needed: str) -> Change:
    if fact.absent:
        return Change(what, "new", _diff("", needed))
    reasons = {
        State.DENIED: "this login may not read it",
        State.UNCOVERED: "it is not covered",
        State.UNCLEAR: "it is not clear",
    }
    return Change(what, "unknown", note=fact.note or reasons.get(fact.state, ""))


def _placed(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def _diff(there: str, needed: str) -> str:
    """Without the two lines of file names."""
    lines = difflib.unified_diff(there.splitlines(), needed.splitlines(), lineterm="", n=3)
    return "".join(f"{line}\n" for line in list(lines)[2:])
