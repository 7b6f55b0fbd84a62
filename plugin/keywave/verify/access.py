"""May the workloads read what they ask for? Their roles' policies, evaluated as Vault does, for each path once a login.

Sentinel policies (RGP, EGP) and control groups are Vault Enterprise's and not evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from keywave.findings import Finding, did_you_mean
from keywave.references.model import Identity, Reference, finding_at
from keywave.references.needs import NO_PARAMETERS, Need, need_of
from keywave.references.resolve import Resolved, resolve
from keywave.vault.acl.evaluate import Acl, Asked, Decision
from keywave.vault.acl.policy import Policy, Rule
from keywave.vault.acl.write import write_policy
from keywave.vault.engines import role_of
from keywave.vault.inventory import Inventory, Mount
from keywave.verify.login_role import by_vault, logins
from keywave.verify.rights import Rights, rights_of
from keywave.verify.view import View

RENEW_TOKEN = "auth/token/renew-self"
RENEW_LEASE = "sys/leases/renew"


class Wish(NamedTuple):
    """What a login must be allowed. `path` as a policy of the login's Vault namespace writes it; `without_data` the same without the
    `data/` of KV version 2, "" elsewhere; `below` is a KV secret's path below its mount, "" for others."""

    reference: Reference
    path: str
    capability: str
    parameters: Mapping[str, tuple[str, ...]] = NO_PARAMETERS
    without_data: str = ""
    below: str = ""


def wishes(identity: Identity, uses: Sequence[Reference], inventory: Inventory) -> list[Wish]:
    """One for each path and right, where the mount is known and the path is not another finding's already: nobody needs a rule for a path
    that is wrong."""
    found: dict[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]], Wish] = {}
    for reference in uses:
        before = beneath(identity.vault_namespace, reference.vault_namespace)
        resolved = resolve(reference, inventory)
        if before is None or resolved.mount is None or _wrong(reference, resolved, resolved.mount, inventory):
            continue
        wish = _wish(reference, before, resolved, need_of(reference, resolved))
        found.setdefault((wish.path, wish.capability, tuple(sorted(wish.parameters.items()))), wish)
    return list(found.values())


def _wrong(reference: Reference, resolved: Resolved, mount: Mount, inventory: Inventory) -> bool:
    """What other checks tell: a slip in the path, a mount of another kind, a secret, role or issuer that is not there."""
    namespace = reference.vault_namespace
    if resolved.slip or (reference.kind != "raw" and reference.kind != resolved.kind):
        return True
    if resolved.kind == "kv":
        return inventory.secret(namespace, mount.path, resolved.path).absent
    role = role_of(mount, resolved.path)
    issuer = reference.certificate.issuer if reference.certificate else ""
    issuers = inventory.listing(namespace, f"{mount.path}/issuers/")
    return bool(role and inventory.role(namespace, role).absent) or bool(issuer and issuers and issuer not in issuers)


def _wish(reference: Reference, before: str, resolved: Resolved, need: Need) -> Wish:
    mount = resolved.mount
    two = mount is not None and mount.kv_version == 2 and resolved.kind == "kv"
    without = f"{before}{mount.path}/{resolved.path}" if two and mount is not None else ""
    version = {"version": (str(resolved.version),)} if two and resolved.version else NO_PARAMETERS
    return Wish(
        reference,
        before + need.api_path,
        need.capability,
        need.parameters or version,
        without,
        resolved.path if resolved.kind == "kv" else "",
    )


def beneath(login: str, secret: str) -> str | None:
    """What stands before a path in a policy of the login's Vault namespace: `""`, `team-a/`; None where the secret is not below it."""
    above, below = [s for s in login.split("/") if s], [s for s in secret.split("/") if s]
    return "".join(f"{s}/" for s in below[len(above) :]) if below[: len(above)] == above else None


def check_access(view: View) -> Iterator[Finding]:
    """KW8501 to KW8508: may they do what they ask for?"""
    for inventory, references in by_vault(view):
        yield from access_findings(references, inventory)


def access_findings(references: Sequence[Reference], inventory: Inventory) -> Iterator[Finding]:
    """Findings about the rights of the logins of references to one Vault."""
    acls: dict[tuple[int, ...], _Kept] = {}
    for identity, uses in logins(references):
        rights = rights_of(identity, inventory)
        if rights is not None:
            asked = wishes(identity, uses, inventory)
            acl = _acl(rights, acls)
            decided = [(wish, acl.decide(asking(wish))) for wish in asked]
            yield from _policies(identity, uses, rights, decided, inventory)
            if not rights.unknown and not rights.broken:
                yield from _told_once(_paths(identity, rights, acl, decided))
                yield from _renewals(identity, uses, rights, acl)


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


def _policies(
    identity: Identity,
    uses: Sequence[Reference],
    rights: Rights,
    decided: Sequence[tuple[Wish, Decision]],
    inventory: Inventory,
) -> Iterator[Finding]:
    lacking = sorted({wish.path for wish, decision in decided if decision.allowed is False})
    for name in rights.absent:
        near = did_you_mean(name, inventory.listing(identity.vault_namespace, "sys/policies/acl/"))
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
        hint = f"{near} or write it: vault policy write {name} FILE{rule}" if near else (
            f"vault policy write {name} FILE{rule}"
        )  # fmt: skip
        yield _at(identity, uses[0], "KW8501", message, hint, warning=not lacking)
    for name, error in rights.broken:
        message = f'the policy "{name}" of {identity.label} cannot be read: {error}'
        yield _at(
            identity,
            uses[0],
            "KW8504",
            message,
            f"vault policy read {name}, mend that line, vault policy write {name} FILE",
        )


def _paths(identity: Identity, rights: Rights, acl: Acl, decided: Sequence[tuple[Wish, Decision]]) -> Iterator[Finding]:
    for wish, decision in decided:
        if decision.allowed is None:
            yield _depends(identity, wish, decision)
        elif not decision.allowed:
            yield _denied(identity, rights, acl, wish, decision)


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
    hint = f"add to the policy {name}: {rule}, and vault policy write {name} FILE"
    if decision.rule is not None and "deny" in decision.rule.capabilities:
        hint = f'take the deny on "{decision.rule.path}" out of the policy {_of(decision)}'
    return wish.reference.finding("KW8502", message, hint=hint)


def _why(rights: Rights, decision: Decision) -> str:
    if decision.rule is None:
        return f"no rule of the policies {_few(rights.names)} covers it" if rights.names else "its role has no policy"
    granted = ", ".join(sorted(decision.rule.capabilities)) or "nothing"
    verdict = "denies" if "deny" in decision.rule.capabilities else f"grants {granted}"
    return f'the rule on "{decision.rule.path}" of {_of(decision) or "its policies"} decides, and it {verdict}'


def _depends(identity: Identity, wish: Wish, decision: Decision) -> Finding:
    which = ", ".join(f"{{{{{name}}}}}" for name in decision.depends_on)
    where = f' in the rule on "{decision.rule.path}" of {_of(decision)}' if decision.rule is not None else ""
    message = f"whether {identity.label} may {wish.capability} {wish.path} depends on {which}{where}"
    hint = "`keywave verify --live --login` asks the login itself"
    return wish.reference.finding("KW8505", message, hint=hint, warning=True)


def _renewals(identity: Identity, uses: Sequence[Reference], rights: Rights, acl: Acl) -> Iterator[Finding]:
    """Vault Secrets Operator renews its token, and the leases of dynamic secrets."""
    operators = [reference for reference in uses if reference.family == "vso"]
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
