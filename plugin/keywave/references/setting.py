"""What the families look at: the rendered set, indexed once, with the intents and profiles that made objects come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from keywave.intent.model import Intent, Operator, Profile
from keywave.objects.manifest import Manifest
from keywave.objects.workloads import same_namespace

if TYPE_CHECKING:
    from keywave.intent.load import Loaded


class Setting(NamedTuple):
    """`kinds`: (group, kind) -> objects in the order of the set; `names`: the same by (group, kind, name). `makers`: subject of an
    intent -> the intent; `owners`: subject of a profile -> the profile. `operators`: the namespaces in which an operator's defaults may
    stand, sorted. `namespace`: what the deployer gives to objects without one, "" = not known."""

    manifests: tuple[Manifest, ...]
    kinds: Mapping[tuple[str, str], Sequence[Manifest]]
    names: Mapping[tuple[str, str, str], Sequence[Manifest]]
    makers: Mapping[str, Intent]
    owners: Mapping[str, Profile]
    profiles: tuple[Profile, ...]
    operators: tuple[str, ...]
    namespace: str = ""

    def namespace_of(self, manifest: Manifest) -> str:
        """The namespace that an object will be in: its own, else the deployer's; "" when neither is known."""
        return manifest.namespace or self.namespace

    def of(self, group: str, *kinds: str) -> Iterable[Manifest]:
        """All objects of these kinds, kind by kind."""
        for kind in kinds:
            yield from self.kinds.get((group, kind), ())

    def find(self, group: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of that name in that namespace; "" and `${...}` as a namespace fit any other."""
        named = self.names.get((group, kind, name), ())
        exact = [m for m in named if m.namespace == namespace]
        near = exact or [m for m in named if same_namespace(self.namespace_of(m), namespace or self.namespace)]
        return near[0] if near else None

    def intent_of(self, manifest: Manifest) -> Intent | None:
        """The intent that an object is made from."""
        return self.makers.get(manifest.made_by) if manifest.made_by else None

    def profile_of(self, manifest: Manifest) -> Profile | None:
        """The profile that an object is made from, through its intent or directly."""
        intent = self.intent_of(manifest)
        return intent.profile if intent is not None else self.owners.get(manifest.made_by)

    def profile_at(self, address: str) -> str:
        """Name of the one profile that has this address; "" when none or several have."""
        named = {profile.name for profile in self.profiles if address and profile.address == address}
        return named.pop() if len(named) == 1 else ""


def look_around(manifests: Sequence[Manifest], loaded: Loaded, namespace: str = "") -> Setting:
    """Index the set. `namespace`: the deployer's, for objects without one."""
    kinds: dict[tuple[str, str], list[Manifest]] = {}
    names: dict[tuple[str, str, str], list[Manifest]] = {}
    for manifest in manifests:
        kinds.setdefault((manifest.group, manifest.kind), []).append(manifest)
        names.setdefault((manifest.group, manifest.kind, manifest.name), []).append(manifest)
    operators = {profile.operator.namespace for profile in loaded.profiles} or {Operator().namespace}
    return Setting(
        tuple(manifests),
        kinds,
        names,
        {intent.subject: intent for intent in loaded.intents},
        {profile.manifest.subject: profile for profile in loaded.profiles},
        tuple(loaded.profiles),
        tuple(sorted(operators)),
        namespace,
    )


def text(value: object) -> str:
    """The value if it is a text, else ""."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; () for everything else."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, (list, tuple)) else ()


def number(value: object) -> int | None:
    """A whole number, as a number or a text; None for everything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def flag(value: object) -> bool:
    """What Go's ParseBool takes for true."""
    return value is True or value in ("1", "t", "T", "true", "TRUE", "True")


def api_path(written: str) -> str:
    """A path of Vault's API without slashes at its ends and without `v1/`."""
    return written.strip().strip("/").removeprefix("v1/").strip("/")
