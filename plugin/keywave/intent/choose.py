"""Which profile an intent uses: the one it names, else the one chosen for the run, else the only one.

A name is looked for in the intent's namespace first (kustomize's `namespace` also moves profiles), then among profiles without a
namespace and those of the catalogue, then anywhere in the tree.
"""

from __future__ import annotations

from collections.abc import Sequence

from keywave.findings import did_you_mean
from keywave.intent.model import Profile
from keywave.intent.notes import Notes


class Profiles:
    """The profiles of a run."""

    __slots__ = ("_by_name", "_chosen", "all")

    def __init__(self, profiles: Sequence[Profile], *, choose: str = "") -> None:
        self.all = tuple(profiles)
        self._chosen = choose
        self._by_name: dict[str, list[Profile]] = {}
        for profile in self.all:
            self._by_name.setdefault(profile.name, []).append(profile)

    def find(self, notes: Notes, wanted: str) -> Profile | None:
        """The profile for the object of `notes`; None with a finding."""
        namespace = notes.manifest.namespace
        name = wanted or self._chosen
        found = _nearest(self._by_name.get(name, ()) if name else self.all, namespace, named=bool(name))
        if len(found) == 1:
            return found[0]
        if name and not found:
            self._unknown(notes, name, given=bool(wanted))
        elif not found:
            hint = "add a VaultProfile to the tree, or give a folder of them with --profiles"
            notes.error("KW1013", "there is no VaultProfile to use", "spec", hint=hint)
        else:
            names = ", ".join(sorted({_shown(profile) for profile in found}))
            hint = "name one: profile: NAME in spec, or --profile NAME for the run"
            keys = ("spec", "profile") if wanted else ("spec",)
            notes.error("KW1014", f"there are several profiles to choose from: {names}", *keys, hint=hint)
        return None

    def _unknown(self, notes: Notes, name: str, *, given: bool) -> None:
        known = sorted(self._by_name)
        hint = did_you_mean(name, known) or (f"there are: {', '.join(known)}" if known else "there are no profiles")
        keys = ("spec", "profile") if given else ("spec",)
        said = f'there is no profile "{name}"' + ("" if given else ", which is chosen for this run")
        notes.error("KW1015", said, *keys, hint=hint)


def _nearest(profiles: Sequence[Profile], namespace: str, *, named: bool) -> list[Profile]:
    """Those nearest to a namespace. Without a name near and shared ones count alike: nothing tells them apart."""
    own = [p for p in profiles if not p.catalogue and p.manifest.namespace == namespace]
    shared = [p for p in profiles if p.catalogue or (namespace and not p.manifest.namespace)]
    if not named:
        return own + shared or list(profiles)
    return own or shared or list(profiles)


def _shown(profile: Profile) -> str:
    namespace = "" if profile.catalogue else profile.manifest.namespace
    return f"{namespace}/{profile.name}" if namespace else profile.name
