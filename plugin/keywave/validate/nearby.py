"""Is an unknown Secret's name probably meant to be that of an intent?

Rule: what is near is an error, so near means a slip of the pen (one letter too many, too few, wrong, or two swapped), another case or
separator, or a name that kustomize's prefix or suffix passed by. A similar name is not enough: `payments-db` beside `payments` is
normal, and so are `redis1` and `redis2`, `team-a` and `team-b`.
Cost does not grow with the square of the tree: names are looked up by their variants with one letter left out.
"""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST = 4
"""Below this length, one letter makes another word."""


class Nearby:
    """Finds the known name that an unknown one stands for; the index is made at the first question."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._variants: dict[str, str] | None = None

    def of(self, name: str, workload: str = "") -> str:
        """The known name, or "". `workload` is the name of who refers to it: it shows a prefix or suffix that was passed by."""
        if self._variants is None:
            self._variants = {}
            for each in sorted(self._known):
                for variant in _variants(each):
                    self._variants.setdefault(variant, each)
        for variant in _variants(name):
            found = self._variants.get(variant)
            if found is not None and found != name and not _numbered(name, found):
                return found
        return self._unrenamed(name, workload)

    def _unrenamed(self, name: str, workload: str) -> str:
        for cut in range(1, len(workload)):
            if (known := workload[:cut] + name) in self._known:
                return known
            if (known := name + workload[cut:]) in self._known:
                return known
        return ""


def _numbered(one: str, other: str) -> bool:
    """True for names that are meant to differ in one place: `redis1` and `redis2`, `team-a` and `team-b`."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    middles = one[start : len(one) - end], other[start : len(other) - end]
    if any(letter.isdigit() for middle in middles for letter in middle):
        return True
    alone = (start == 0 or one[start - 1] in "-._") and (end == 0 or one[-end] in "-._")
    return alone and all(middle.isalpha() for middle in middles)


def _variants(name: str) -> list[str]:
    plain = name.lower().replace("_", "").replace("-", "").replace(".", "")
    if len(name) < _SHORTEST:
        return [plain]
    return [plain, name, *(name[:i] + name[i + 1 :] for i in range(len(name)))]
