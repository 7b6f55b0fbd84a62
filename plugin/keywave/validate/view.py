"""What the checks look at: the rendered set, indexed once, so that no check walks all manifests to find one.

Rule: a namespace may be "" (the target decides later), which fits any other; `${` in a value is Flux's and fits everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from keywave.intent.model import Operator
from keywave.objects.manifest import Manifest
from keywave.validate.nearby import Nearby

if TYPE_CHECKING:
    from keywave.intent.load import Loaded

GroupKind = tuple[str, str]


class View:
    """`manifests` is everything that is rendered; `written` is what people wrote by hand; `intents` are the keywave.dev documents."""

    def __init__(self, manifests: Sequence[Manifest], loaded: Loaded, target: str) -> None:
        kinds: dict[GroupKind, list[Manifest]] = {}
        for manifest in manifests:
            kinds.setdefault((manifest.group, manifest.kind), []).append(manifest)
        profiles = tuple(loaded.profiles)
        own = (p.manifest for p in profiles if not p.catalogue)
        operators = [p.operator for p in profiles if p.operator.kind == "vso"] or [p.operator for p in profiles]
        self.manifests: Final = tuple(manifests)
        self.written: Final = tuple(m for m in manifests if not m.made_by)
        self.intents: Final = (*own, *(i.manifest for i in loaded.intents))
        self.profiles: Final = profiles
        self.operator: Final = min(operators, key=lambda o: o.version, default=Operator())
        self.target: Final = target
        self._kinds: Final[Mapping[GroupKind, Sequence[Manifest]]] = kinds
        self._names: dict[GroupKind, dict[str, dict[str, Manifest]]] = {}
        self._nearby: dict[tuple[str, str, str], Nearby] = {}

    def of(self, group: str, *kinds: str) -> Iterable[Manifest]:
        """All objects of these kinds, made ones included, kind by kind in the order of the set."""
        for kind in kinds:
            yield from self._kinds.get((group, kind), ())

    def written_of(self, group: str, *kinds: str) -> Iterable[Manifest]:
        """The hand-written objects of these kinds."""
        return (m for m in self.of(group, *kinds) if not m.made_by)

    def find(self, group: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of that name in that namespace, or None."""
        names = self._names.get((group, kind))
        if names is None:
            names = self._names[group, kind] = {}
            for manifest in self._kinds.get((group, kind), ()):
                names.setdefault(manifest.name, {}).setdefault(manifest.namespace, manifest)
        places = names.get(name)
        if not places:
            return None
        exact = places.get(namespace) or places.get("")
        return exact or next((found for place, found in places.items() if same_namespace(place, namespace)), None)

    def near(self, group: str, kind: str, namespace: str, name: str) -> str:
        """The name of that kind in that namespace of which `name` is a slip of the pen, or ""."""
        place = (group, kind, "" if opaque(namespace) else namespace)
        nearby = self._nearby.get(place)
        if nearby is None:
            some = self._kinds.get((group, kind), ())
            nearby = self._nearby[place] = Nearby(m.name for m in some if same_namespace(m.namespace, namespace))
        return nearby.of(name)


def look(manifests: Sequence[Manifest], loaded: Loaded, *, target: str) -> View:
    """Index the set. The operator is the oldest that a profile names, else the default one."""
    return View(manifests, loaded, target)


def same_namespace(one: str, other: str) -> bool:
    """Whether two namespaces may be the same: "" and `${...}` are decided later."""
    return one == other or not one or not other or opaque(one) or opaque(other)


def opaque(value: object) -> bool:
    """True for a text that Flux substitutes after the build: nothing can be said about it."""
    return isinstance(value, str) and "${" in value


def text(value: object) -> str:
    """The value if it is a text, else ""."""
    return value if isinstance(value, str) else ""
