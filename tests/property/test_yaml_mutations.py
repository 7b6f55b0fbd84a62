"""Real manifests with small damage: where the quick reader says that it knows a text, the full one and Kubernetes say the same.

design/0002-yaml.md gives the numbers of a long run over the manifests of other projects; here it is the examples' own, some hundred times.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from test_yaml_block_form import full
from yaml_documents import equal

from keywave.objects import blockform
from keywave.objects.documents import split
from keywave.objects.limits import DEFAULT_LIMITS
from rig.yaml_meaning import YamlMeaning

EXAMPLES = Path(__file__).resolve().parents[2] / "overlays-examples"
DAMAGE = [
    *("- ", "-", ": ", ":", " ", "  ", "#", " #", "'", '"', "[", "]", "{", "}", ", ", "&a ", "*a", "!!str ", "|", ">"),
    *(
        "? ",
        "---",
        "~",
        "null",
        "on",
        "0",
        "0x1f",
        "1e3",
        "-1",
        ".5",
        "+",
        "<<: ",
        "\\",
        "%",
        "@",
        "\t",
        "$",
        "\r",
        "\x7f",
    ),
    *("1_0", "1:30", ".inf", ".nan", "0o7", "- - ", "a: b", "- a: ", "'x'", '"y"', "{a: b}", "[a, b]", "{}", "[]"),
]


@cache
def documents() -> list[str]:
    files = sorted(EXAMPLES.rglob("*.yaml"))
    return sorted({document.text for file in files for document in split(file.read_text())})


def damaged(seed: int) -> str:
    """A few lines of a document, with one to three of them changed, moved, doubled or gone."""
    style = Random(seed)
    lines = style.choice(documents()).split("\n")
    start = style.randrange(max(1, len(lines) - 4))
    lines = lines[start : start + style.randint(3, 14)]
    for _ in range(style.choice([1, 1, 2, 3])):
        at = style.randrange(len(lines))
        line = lines[at]
        column = style.randint(0, len(line))
        changes = [
            [line[:column] + style.choice(DAMAGE) + line[column:]],
            [line[:column] + line[column + 1 :]],
            [" " * style.randint(0, 6) + line.lstrip(" ")],
            [line.partition(":")[0] + ": " + style.choice(DAMAGE)],
            [line, style.choice(lines)],
            [],
        ]
        lines[at : at + 1] = style.choice(changes)
        lines = lines or ["a: b"]
    return "\n".join(lines)


@settings(max_examples=800, deadline=None)
@given(st.integers(0, 2**48))
def test_damaged_manifests_mean_the_same_to_all_readers(yaml_meaning: YamlMeaning, seed: int) -> None:
    text = damaged(seed)
    quick = blockform.read(text, DEFAULT_LIMITS)
    if quick is not blockform.UNKNOWN:
        assert repr(quick) == repr(full(text)), text
        assert equal(quick, yaml_meaning.value(text)), text


def test_undamaged_manifests_are_mostly_known() -> None:
    known = [text for text in documents() if blockform.read(text, DEFAULT_LIMITS) is not blockform.UNKNOWN]

    assert len(known) > len(documents()) * 0.7
