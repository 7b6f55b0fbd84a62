"""From a tree to a proof, and nothing else: references, then what Vault holds (asked now, or from a lock), then the checks.

Only commands call it, and only those that prove: a plain render never imports it. The clock and the environment are the command's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from keywave import pipeline
from keywave.findings import Finding

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from keywave.build.options import BuildOptions
    from keywave.build.source import Built
    from keywave.intent.load import Loaded
    from keywave.objects.manifest import Manifest
    from keywave.references.model import Connection, Reference
    from keywave.survey.trial_login import Open, TokenOf
    from keywave.vault.client import Session
    from keywave.vault.inventory import Inventory

Connect = Callable[["Connection"], "AbstractContextManager[Session]"]
Progress = Callable[[int, int], None]
"""(requests answered, requests known so far)."""
ONLY = "vault"
"""File name, without its end, of the lock of a tree that has no profile."""


class ReadSet(NamedTuple):
    """A rendered set and what it asks of Vault. `findings` are the render's own, with their places. `later`: references that Flux completes
    only in the cluster (`${NAME}`); nothing can be asked for them. `storeless`: the same for those whose store is not in the tree."""

    loaded: Loaded
    manifests: tuple[Manifest, ...]
    references: tuple[Reference, ...]
    built: Built
    findings: tuple[Finding, ...]
    later: tuple[Reference, ...] = ()
    storeless: tuple[Reference, ...] = ()

    def located(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """With file and line of the user's own, sorted."""
        return pipeline.located(self.built, findings)


class Trials(NamedTuple):
    """`--login`: logging in as each ServiceAccount. `open_for`: what opens a session of such a login in the Vault of a connection."""

    open_for: Callable[[Connection], Open]
    token_of: TokenOf


class Live(NamedTuple):
    """Ask Vault now. `connect` opens a session for the Vault of a connection; `address` holds for all connections, "" = each its own."""

    connect: Connect
    address: str = ""
    progress: Progress | None = None
    trials: Trials | None = None


class Locked(NamedTuple):
    """Locks by the name of their profile. `folder` is for people."""

    locks: Mapping[str, Inventory]
    folder: str


class Proof(NamedTuple):
    """`findings` of Vault alone, located. `inventories`: what the proof rests on, each once.
    `variables`: references that Flux completes only in the cluster, not proved. `foreign`: (profile, its lock's address, wanted)."""

    findings: tuple[Finding, ...]
    inventories: tuple[Inventory, ...]
    references: tuple[Reference, ...]
    variables: int = 0
    foreign: tuple[tuple[str, str, str], ...] = ()
    untried: tuple[str, ...] = ()
    """Why a login was not tried (`--login`): its ServiceAccount is not there yet."""

    @property
    def paths(self) -> int:
        return len({reference.place for reference in self.references})

    @property
    def logins(self) -> int:
        return len({reference.identity.key for reference in self.references if reference.identity.known})

    @property
    def proved(self) -> tuple[tuple[str, str], ...]:
        """(object, what it reads) of every reference whose object has no finding; sorted."""
        blamed = {finding.subject for finding in self.findings}
        return tuple(sorted({(r.manifest.subject, r.place[1]) for r in self.references if not _subjects(r) & blamed}))


def read_set(path: str, settings: pipeline.Settings, options: BuildOptions) -> ReadSet:
    """Read PATH as a render does, and find what it asks of Vault. Raises ToolError, UsageError."""
    prepared = pipeline.prepare(path, settings, options)
    return set_of(prepared, pipeline.located(prepared.built, prepared.findings))


def set_of(prepared: pipeline.Prepared, findings: tuple[Finding, ...]) -> ReadSet:
    """The set of a render that has been made already; `findings` are located."""
    from keywave.references.find import find

    found = find(prepared.manifests, prepared.loaded, prepared.namespace)
    return ReadSet(
        prepared.loaded, prepared.manifests, found.references, prepared.built, findings, found.skipped, found.storeless
    )


def prove(given: ReadSet, source: Live | Locked) -> Proof:
    """All checks of all references. Live: raises OutOfReach where a Vault does not answer."""
    from keywave.verify.looking import storeless
    from keywave.verify.run import verify

    references = given.references
    if isinstance(source, Live):
        known = ask(references, source)
        foreign: tuple[tuple[str, str, str], ...] = ()
    else:
        known, foreign = _look_up(references, source.locks)
    findings = [*storeless(given.storeless), *verify(references, known.get)]
    untried: tuple[str, ...] = ()
    if isinstance(source, Live) and source.trials:
        findings, untried = _tried(findings, references, known, source)
    inventories = {id(inventory): inventory for inventory in known.values()}
    return Proof(
        given.located(findings),
        tuple(inventories.values()),
        references,
        len(given.later),
        foreign,
        untried,
    )


def _tried(
    findings: list[Finding], references: Sequence[Reference], known: Mapping[Connection, Inventory], source: Live
) -> tuple[list[Finding], tuple[str, ...]]:
    """One login for each identity that can be tried. Raises KubeError, OutOfReach."""
    from keywave.survey.trial_login import can_try, try_login
    from keywave.verify.trials import paths_to_try, with_trial

    uses: dict[tuple[str, ...], list[Reference]] = {}
    for reference in references:
        if can_try(reference.identity):
            uses.setdefault(reference.identity.key, []).append(reference)
    untried = []
    for group in uses.values():
        first, trials = group[0], source.trials
        inventory = known.get(first.vault)
        if inventory is None or trials is None:
            continue
        paths = paths_to_try(first.identity, group, inventory)
        trial = try_login(first.identity, paths, trials.open_for(first.vault), trials.token_of)
        if trial.untried:
            untried.append(trial.untried)
            continue
        findings = with_trial(findings, first.identity, group, inventory, trial.refused, trial.capabilities)
    return findings, tuple(untried)


def _subjects(reference: Reference) -> set[str]:
    return {reference.manifest.subject, *(manifest.subject for manifest, _ in reference.spots.values())}


def by_vault(references: Sequence[Reference], address: str = "") -> dict[str, list[Reference]]:
    """References by the Vault that is asked for them: its address. One without an address belongs to the only Vault, where there is one."""
    addresses = {reference.vault.address for reference in references} - {""}
    only = address or (next(iter(addresses)) if len(addresses) == 1 else "")
    groups: dict[str, list[Reference]] = {}
    for reference in references:
        groups.setdefault(address or reference.vault.address or only, []).append(reference)
    return dict(sorted(groups.items()))


def ask(references: Sequence[Reference], source: Live) -> dict[Connection, Inventory]:
    """One survey of each Vault, of all that is read from it; its inventory by connection. Raises OutOfReach, UsageError."""
    from keywave.survey.run import survey

    found: dict[Connection, Inventory] = {}
    for address, group in by_vault(references, source.address).items():
        with source.connect(group[0].vault._replace(address=address)) as session:
            inventory = survey(session, group, progress=source.progress)._replace(address=address)
        found |= dict.fromkeys((reference.vault for reference in group), inventory)
    return found


def _look_up(
    references: Sequence[Reference], locks: Mapping[str, Inventory]
) -> tuple[dict[Connection, Inventory], tuple[tuple[str, str, str], ...]]:
    """The lock of each connection: that of its profile if it was taken from the same Vault; for what has no profile the only lock, else
    the one of the same address."""
    found: dict[Connection, Inventory] = {}
    foreign = []
    for vault in {reference.vault: None for reference in references}:
        lock = locks.get(vault.profile) if vault.profile else _without_profile(vault, locks)
        if lock is None:
            continue
        if vault.profile and not _same(vault.address, lock.address):
            foreign.append((vault.profile, lock.address, vault.address))
            continue
        found[vault] = lock
    return found, tuple(sorted(foreign))


def _without_profile(vault: Connection, locks: Mapping[str, Inventory]) -> Inventory | None:
    if vault.address:
        return next((locks[name] for name in sorted(locks) if _same(vault.address, locks[name].address)), None)
    return next(iter(locks.values())) if len(locks) == 1 else None


def _same(one: str, other: str) -> bool:
    """Whether two addresses are one Vault, as far as they tell: nothing said, or `${...}`, is no difference."""
    one, other = one.rstrip("/").lower(), other.rstrip("/").lower()
    return not one or not other or "${" in one or one == other


def take_lock(given: ReadSet, source: Live, *, scope: str = "profile") -> dict[str, Inventory]:
    """Name of the lock (the profile's; ONLY for what has none) -> its inventory, under the address that the tree gives.

    `scope`: "profile" for every name below the profile's prefixes, "intents" for what is referred to. Raises OutOfReach.
    """
    from keywave.survey.run import survey
    from keywave.survey.scope import scope_of

    taken: dict[str, Inventory] = {}
    for name, address, group in _for_locks(given.references):
        profiles = [profile for profile in given.loaded.profiles if profile.name == name]
        wanted = scope_of(profiles, group) if scope == "profile" else None
        asked = group[0].vault._replace(address=source.address or address)
        with source.connect(asked) as session:
            inventory = survey(session, group, scope=wanted, progress=source.progress)
        # As the tree names it: through a port-forward it is the same Vault.
        taken[name] = inventory._replace(address=address or source.address)
    return taken


def _for_locks(references: Sequence[Reference]) -> list[tuple[str, str, list[Reference]]]:
    """(name, address, references) of each lock. What has no profile goes with the profile of the same Vault, so that it needs no lock of
    its own."""
    named: dict[str, list[Reference]] = {}
    for reference in references:
        if reference.vault.profile:
            named.setdefault(reference.vault.profile, []).append(reference)
    addresses = {name: group[0].vault.address for name, group in named.items()}
    for reference in references:
        if not reference.vault.profile:
            beside = sorted(name for name, address in addresses.items() if _same(reference.vault.address, address))
            named.setdefault(beside[0] if beside else ONLY, []).append(reference)
    return [(name, addresses.get(name) or _first_address(group), group) for name, group in sorted(named.items())]


def _first_address(group: Sequence[Reference]) -> str:
    return min((reference.vault.address for reference in group if reference.vault.address), default="")
