"""Every function that templates may call, with arguments of every kind, right and wrong."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from keywave.gotemplate import FUNCTIONS, NOT_OFFERED, RANDOM
from rig.go_templates import Question

DATA = (
    '{"text": "Hello, World", "lines": "a b\\n c", "uni": "Žluťoučký 日本 ß", "enc": "aGVsbG8=", "bin": "/+8=", "empty": "", '
    '"num": 42, "neg": -7, "real": 2.5, "big": 12345678901, "exp": 1e21, "yes": true, "no": false, "nul": null, '
    '"list": ["b", "a", 3, null, "a"], "words": ["x", "y"], "none": [], "map": {"k": "v", "n": {"m": 1}}, "void": {}, '
    '"json": "{\\"a\\": [1, 2.50, \\"<x>\\"], \\"b\\": null}", "url": "https://u:p%40@h.example:8080/a%20b?q=1#f", "ver": "1.2.3-rc.1+b", '
    '"path": "/a/b/../c.txt"}'
)
ARGUMENTS = (
    '"abc"', '""', '"a-b_c d"', '"/"', '"a|b|a"', '"7"', '"1.20"', '"^1.2"', '"a(b)*"', "`{\"x\":1}`", '" é "', "0", "1", "3", "-2", "2.0",
    "2.5", "0x10", "'a'", "true", "false", "nil", ".text", ".uni", ".enc", ".num", ".neg", ".real", ".yes", ".nul", ".missing", ".list",
    ".words", ".none", ".map", ".void", ".json", ".url", ".ver", ".path", ".big", ".", "(list 1 2 3)", "(list)", '(dict "a" 1)',
    '(splitList "," "c,a,b")', "(add 1 2)", "(until 3)", '(split "," "x,y")', '(semver "1.2.3")', "(int 3)", "(rest (list))",
)  # fmt: skip
PRINTS_ADDRESSES = "semver"


def calls(seed: int, each: int) -> Iterator[Question]:
    """For each function: every argument alone, and `each` further mixes of one to four."""
    chance = random.Random(seed)
    for name in sorted(FUNCTIONS.keys() - RANDOM - NOT_OFFERED):
        alone = [(argument,) for argument in ARGUMENTS]
        pairs = [tuple(chance.choices(ARGUMENTS, k=chance.randint(0, 4))) for _ in range(each)]
        fitting = [_fitting(name, chance) for _ in range(each)]
        for arguments in itertools.chain([()], alone, pairs, fitting):
            numbers = "number" if chance.random() < 0.5 else "float"
            yield Question("{{ " + " ".join((name, *arguments)) + " }}", DATA, numbers)


BY_LETTER = {
    "s": [a for a in ARGUMENTS if a[0] in '"`'] + [".text", ".uni", ".enc", ".json", ".url", ".ver", ".path", ".lines", ".bin"],
    "i": ["0", "1", "3", "-2", "2.0", "5", "(int 7)", "(len .text)"],
    "f": ["0.5", "0.4", "1", ".real"],
    "b": ["true", "false", ".yes", ".no"],
    "m": [".map", ".void", '(dict "a" 1 "k" "w")', '(dict "k" (list 1) "n" (dict "z" 2))', "nil", ".missing", '(dict "k" "" "n" nil)'],
    "a": list(ARGUMENTS),
    "v": list(ARGUMENTS),
}  # fmt: skip


def _fitting(name: str, chance: random.Random) -> tuple[str, ...]:
    function = FUNCTIONS[name]
    letters = function.parameters + function.rest * chance.randint(0, 2)
    return tuple(chance.choice(BY_LETTER[letter]) for letter in letters)
