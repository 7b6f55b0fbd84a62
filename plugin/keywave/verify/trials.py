"""What `--login` proved, laid over what the policies' text says. Pure.

A token that was really made knows entity and groups better than the text. A login that worked clears the doubts about its binding, and
KW8502, KW8505 and KW8506 of a path that it may read, and proves them for one that it may not. KW8503 stays: sys/capabilities-self knows
nothing of parameters and wrapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keywave.findings import Finding, Severity
from keywave.references.model import Identity, Reference, finding_at
from keywave.vault.inventory import Inventory
from keywave.verify.demands import Wish, wishes
from keywave.verify.view import view_of

OF_BINDINGS = ("KW8405", "KW8407")
OF_RIGHTS = ("KW8502", "KW8505", "KW8506")


def paths_to_try(identity: Identity, uses: Sequence[Reference], inventory: Inventory) -> tuple[str, ...]:
    """The paths to ask the login's own token for."""
    return tuple(dict.fromkeys(wish.path for wish in wishes(identity, view_of(uses, inventory).asked)))


def with_trial(
    findings: Sequence[Finding],
    identity: Identity,
    uses: Sequence[Reference],
    inventory: Inventory,
    refused: str,
    capabilities: Mapping[str, frozenset[str]] | None,
) -> list[Finding]:
    """The findings after one login was tried. `findings` are not located yet; `uses` are all references of the login.

    `refused`: Vault's reason, "" = it let the login in; `capabilities`: path -> what the token may do; None = it may not ask."""
    if refused:
        hint = (
            "the role's bindings are right as far as the tree tells: look at vault read auth/"
            + identity.mount
            + "/config"
        )
        told = (
            f"{identity.label} was tried as ServiceAccount {identity.namespace}/{identity.service_account}: {refused}"
        )
        return [*findings, finding_at(identity.spots, uses[0].manifest, "KW8507", told, "role", hint=hint)]
    result = [finding for finding in findings if not _was_open(finding, identity, uses[0])]
    for wish in wishes(identity, view_of(uses, inventory).asked) if capabilities is not None else ():
        held = capabilities.get(wish.path) if capabilities is not None else None
        if held is not None:
            result = _settled(result, identity, wish, held)
    return result


def _was_open(finding: Finding, identity: Identity, use: Reference) -> bool:
    """A warning that only the cluster could tell whether the role lets the login in: it did."""
    if finding.code not in OF_BINDINGS or finding.severity is not Severity.WARNING:
        return False
    spot = finding_at(identity.spots, use.manifest, "", "", "serviceAccount")
    return finding.where == spot.where and finding.message.startswith(
        f'role "{identity.role}" of auth/{identity.mount} '
    )


def _settled(findings: list[Finding], identity: Identity, wish: Wish, held: frozenset[str]) -> list[Finding]:
    about = [finding for finding in findings if _is_about(finding, identity, wish)]
    others = [finding for finding in findings if finding not in about]
    if wish.capability in held or "root" in held:
        return others
    proved = [
        finding._replace(message=f"{finding.message}; a login proved it")
        for finding in about
        if finding.code != "KW8505"
    ]
    if proved:
        return [*others, *proved]
    has = ", ".join(sorted(held - {"deny"})) or "nothing"
    told = f"{identity.label} may not {wish.capability} {wish.path}: a login proved it, its token may do {has} there"
    hint = f'add: path "{wish.path}" {{ capabilities = ["{wish.capability}"] }}'
    return [*others, wish.reference.finding("KW8502", told, hint=hint)]


def _is_about(finding: Finding, identity: Identity, wish: Wish) -> bool:
    """A finding of `verify.access` about this login and path, at the spot where that writes it."""
    if finding.code not in OF_RIGHTS or finding.where != wish.reference.finding("", "").where:
        return False
    may = f"{identity.label} may {wish.capability} {wish.path} "
    may_not = f"{identity.label} may not {wish.capability} {wish.path}:"
    return may in finding.message or may_not in finding.message
