"""May the workloads read what they ask for? Their roles' policies, evaluated as Vault does, for each path once a login.

Sentinel policies (RGP, EGP) and control groups are Vault Enterprise's and not evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keywave.findings import Finding, did_you_mean
from keywave.references.model import Identity, Reference, finding_at
from keywave.vault.acl.evaluate import Acl, Asked, Decision
from keywave.vault.acl.policy import Policy, Rule
from keywave.vault.acl.write import write_policy
from keywave.vault.inventory import Inventory
from keywave.verify.demands import Demand, Wish
from keywave.verify.rights import Rights
from keywave.verify.view import View, view_of
from keywave.verify.wording import space

RENEW_TOKEN = "auth/token/renew-self"
RENEW_LEASE = "sys/leases/renew"


def check_access(view: View) -> Iterator[Finding]:
    """KW8501 to KW8508: may they do what they ask for?"""
    acls: dict[tuple[int, ...], _Kept] = {}
    for demand in view.demands:
        rights, acl = demand.rights, _acl(demand.rights, acls)
        decided = [(wish, acl.decide(asking(wish))) for wish in demand.wishes]
        yield from _policies(demand, decided)
        if not rights.unknown and not rights.broken:
            yield from _told_once(_paths(demand, acl, decided))
            yield from _renewals(demand, acl)


def access_findings(references: Sequence[Reference], inventory: Inventory) -> Iterator[Finding]:
    """Findings about the rights of the logins of references to one Vault."""
    return check_access(view_of(references, inventory))


class _Kept(NamedTuple):
    """`acl` None: it has templates, so each login needs its own. `policies` are held, since their ids are the key."""

    acl: Acl | None
    policies: tuple[Policy, ...]


def _acl(rights: Rights, made: dict[tuple[int, ...], _Kept]) -> Acl:
    """One for all logins with the same policies, where these have no templates. `made` is filled."""
    key = tuple(id(policy) for policy in rights.policies)
    if key not in made:
        templated = any(rule.templated for policy in rights.policies for rule in policy.rules)
        made[key] = _Kept(None if templated else Acl(rights.policies), rights.policies)
    return made[key].acl or Acl(rights.policies, rights.known)


def asking(wish: Wish) -> Asked:
    """The request as the workload's operator sends it: never wrapped."""
    return Asked(
        wish.path, wish.capability, {name: values[0] if values else "" for name, values in wish.parameters.items()}
    )


def _policies(demand: Demand, decided: Sequence[tuple[Wish, Decision]]) -> Iterator[Finding]:
    identity, rights = demand.identity, demand.rights
    lacking = sorted({wish.path for wish, decision in decided if decision.allowed is False})
    for name in rights.absent:
        near = did_you_mean(name, demand.login.inventory.listing(identity.vault_namespace, "sys/policies/acl/"))
        who = (
            f'role "{rights.role}" of auth/{identity.mount}'
            if name in rights.own
            else f"the entity of {identity.label}"
        )
        message = f'{who} names the policy "{name}", which Vault does not have and passes over without a word'
        if lacking:
            message += f"; not granted: {_few(lacking)}"
        rule = ", with " + _rules(
            [wish for wish, decision in decided if decision.allowed is False] or [wish for wish, _ in decided]
        )
        command = f"vault policy write{space(identity.vault_namespace)} {name} FILE{rule}"
        hint = f"{near} or write it: {command}" if near else command
        yield _at(identity, demand.login.uses[0], "KW8501", message, hint, warning=not lacking)
    for name, error in rights.broken:
        message = f'the policy "{name}" of {identity.label} cannot be read: {error}'
        yield _at(
            identity,
            demand.login.uses[0],
            "KW8504",
            message,
            f"vault policy read{space(identity.vault_namespace)} {name}, mend that line, vault policy "
            f"write{space(identity.vault_namespace)} {name} FILE",
        )


def _paths(demand: Demand, acl: Acl, decided: Sequence[tuple[Wish, Decision]]) -> Iterator[Finding]:
    for wish, decision in decided:
        if decision.allowed is None:
            yield _depends(demand.identity, wish, decision)
        elif not decision.allowed:
            yield _denied(demand.identity, demand.rights, acl, wish, decision)


def _denied(identity: Identity, rights: Rights, acl: Acl, wish: Wish, decision: Decision) -> Finding:
    what = f"{identity.label} may not {wish.capability} {wish.path}"
    rule = _rules([wish])
    name = (
        next((name for name in rights.own if name in rights.names), "") or (rights.own or (rights.role or "NAME",))[0]
    )
    if wish.capability in acl.capabilities(wish.path):
        message = f"{what} with what is sent along: {decision.reason}{_at_least(rights)}"
        sent = f"; sent: {', '.join(sorted(wish.parameters))}" if wish.parameters else ""
        return wish.reference.finding("KW8503", message, hint=f"allow it in the policy {_of(decision) or name}{sent}")
    if wish.without_data and acl.decide(Asked(wish.without_data, wish.capability)).allowed:
        message = (
            f"{what}: the policies {_few(rights.names)} allow {wish.without_data}, without the data/ of KV version 2"
        )
        return wish.reference.finding("KW8506", message, hint=f"write in the policy {name}: {rule}")
    message = f"{what}: {_why(rights, decision)}{_at_least(rights)}"
    hint = f"add to the policy {name}: {rule}, and vault policy write{space(identity.vault_namespace)} {name} FILE"
    if decision.rule is not None and "deny" in decision.rule.capabilities:
        hint = f'take the deny on "{decision.rule.path}" out of the policy {_of(decision)}'
    # A role without policies of its own is how rights are given by groups and entities, which are not always known.
    elsewhere = not rights.own and not rights.complete
    return wish.reference.finding("KW8502", message, hint=hint, warning=elsewhere)


def _why(rights: Rights, decision: Decision) -> str:
    if decision.rule is None:
        own = "" if rights.own else " (its role has none of its own)"
        return (
            f"no rule of the policies {_few(rights.names)}{own} covers it" if rights.names else "its role has no policy"
        )
    granted = ", ".join(sorted(decision.rule.capabilities)) or "nothing"
    verdict = "denies" if "deny" in decision.rule.capabilities else f"grants {granted}"
    return f'the rule on "{decision.rule.path}" of {_of(decision) or "its policies"} decides, and it {verdict}'


def _depends(identity: Identity, wish: Wish, decision: Decision) -> Finding:
    which = ", ".join(f"{{{{{name}}}}}" for name in decision.depends_on)
    where = f' in the rule on "{decision.rule.path}" of {_of(decision)}' if decision.rule is not None else ""
    message = f"whether {identity.label} may {wish.capability} {wish.path} depends on {which}{where}"
    hint = "`keywave verify --live --login` asks the login itself"
    return wish.reference.finding("KW8505", message, hint=hint, warning=True)


def _renewals(demand: Demand, acl: Acl) -> Iterator[Finding]:
    """Vault Secrets Operator renews its token, and the leases of dynamic secrets."""
    identity, rights = demand.identity, demand.rights
    operators = [reference for reference in demand.login.uses if reference.family == "vso"]
    paths = [RENEW_TOKEN] if operators else []
    paths += [RENEW_LEASE] if any(reference.kind == "dynamic" for reference in operators) else []
    lacking = [path for path in paths if acl.decide(Asked(path, "update")).allowed is False]
    if lacking:
        why = (
            ""
            if "default" in rights.names
            else f'; role "{rights.role}" leaves the policy "default" out (token_no_default_policy)'
        )
        message = f"the token of {identity.label} may not use {' and '.join(lacking)}{why}{_at_least(rights)}"
        rules = write_policy([Rule(path, frozenset(("update",))) for path in lacking])
        yield _at(identity, operators[0], "KW8508", message, f"add: {one_line(rules)}", warning=True)


def _told_once(findings: Iterator[Finding]) -> Iterator[Finding]:
    """A path that several objects ask with other parameters is told once where the answer is the same."""
    seen = set()
    for finding in findings:
        if (finding.code, finding.message) not in seen:
            seen.add((finding.code, finding.message))
            yield finding


def _at(identity: Identity, use: Reference, code: str, message: str, hint: str, *, warning: bool = False) -> Finding:
    return finding_at(identity.spots, use.manifest, code, message, "role", hint=hint, warning=warning)


def _rules(asked: Sequence[Wish]) -> str:
    by_path: dict[str, set[str]] = {}
    for wish in asked:
        by_path.setdefault(wish.path, set()).add(wish.capability)
    return one_line(write_policy([Rule(path, frozenset(granted)) for path, granted in by_path.items()]))


def one_line(hcl: str) -> str:
    """Rules with nothing but capabilities, which HCL 1 takes on one line each."""
    return hcl.strip().replace("\n}", " }").replace("\n  ", " ").replace("\n\n", " ").replace("\n", " ")


def _of(decision: Decision) -> str:
    return " and ".join(decision.policies)


def _at_least(rights: Rights) -> str:
    return "" if rights.complete else " (at least these policies: what its entity or groups may add is not known)"


def _few(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
