from __future__ import annotations

from typing import Any

import pytest

from keywave.objects.dump import dump, dump_flow

WRITTEN: dict[str, tuple[Any, str]] = {
    "a mapping": ({"b": 1, "a": "x"}, "b: 1\na: x\n"),
    "lists level with their key": ({"a": [{"b": 1, "c": [2]}, []]}, "a:\n- b: 1\n  c:\n  - 2\n- []\n"),
    "lists in lists": ([["a", ["b"]], {}], "- - a\n  - - b\n- {}\n"),
    "empty collections": ({"a": {}, "b": []}, "a: {}\nb: []\n"),
    "words of YAML 1.1": (
        ["yes", "on", "y", "N", "null", "~", "="],
        '- "yes"\n- "on"\n- "y"\n- "N"\n- "null"\n- "~"\n- "="\n',
    ),
    "texts like numbers": (
        ["0644", "1e3", "1:30", "08", "0o7", ".5"],
        '- "0644"\n- "1e3"\n- "1:30"\n- "08"\n- "0o7"\n- ".5"\n',
    ),
    "texts like dates": (["2001-01-01"], '- "2001-01-01"\n'),
    "what stays bare": (
        ["30s", "100m", "128Mi", "10.0.0.1", "--port=1", "$(X)", "a:b", "it's", ".dockerconfigjson"],
        "- 30s\n- 100m\n- 128Mi\n- 10.0.0.1\n- --port=1\n- $(X)\n- a:b\n- it's\n- .dockerconfigjson\n",
    ),
    "signs of YAML": (
        ["a: b", "a #b", "&a", "*a", "{a}", "- a", " a", "a "],
        '- "a: b"\n- "a #b"\n- "&a"\n- "*a"\n- "{a}"\n- "- a"\n- " a"\n- "a "\n',
    ),
    "quotes": (['"a"', 'it\'s "x"', "\\d+$"], "- '\"a\"'\n- it's \"x\"\n- '\\d+$'\n"),
    "numbers": ([1, -1, 1.5, 1e22, True, None], "- 1\n- -1\n- 1.5\n- 1.0e+22\n- true\n- null\n"),
    "several lines": ({"a": "x\ny\n", "b": "x\ny", "c": "x\n\n"}, "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\n"),
    "a first line that is indented": ({"a": "  x\ny\n"}, "a: |2\n    x\n  y\n"),
    "lines that end with a carriage return": ({"a": "x\r\ny\r\n"}, 'a: "x\\r\\ny\\r\\n"\n'),
    "a long text is never folded": ({"a": "word " * 60 + "end"}, "a: " + "word " * 60 + "end\n"),
    "a very long key": ({"x" * 600: 1}, "? " + "x" * 600 + "\n: 1\n"),
    "a single text": ("a\nb", "|-\n  a\n  b\n"),
}


@pytest.mark.parametrize(("value", "expected"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_value_is_written(value: Any, expected: str) -> None:
    assert dump(value) == expected


def test_a_text_that_was_a_key_before_is_written_the_same_way() -> None:
    before = dump({"value": "one\ntwo"})
    dump({"one\ntwo": 1})

    assert dump({"value": "one\ntwo"}) == before


def test_flow_form_and_json() -> None:
    value = {"a b": ["x", "1", 1, None], "c": {}}

    assert dump_flow(value) == '{"a b": [x, "1", 1, null], c: {}}'
    assert dump_flow(value, quoted=True) == '{"a b": ["x", "1", 1, null], "c": {}}'
