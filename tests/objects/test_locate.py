from __future__ import annotations

import pytest

from keywave.findings import PathKey
from keywave.objects.locate import line_of, lines_of_items

TEXT = """\
# leading
kind: A
metadata:
  name:
    a
  labels: {x: 1,
    w: 2}
spec:
  items:
  - name: one
    on: true
  -
    name: two
  text: |
    line
  <<: &base {size: 3}
other: *base
"""

PLACES: dict[str, tuple[tuple[PathKey, ...], int]] = {
    "the root": ((), 2),
    "a value on the line of its key": (("kind",), 2),
    "a value below its key": (("metadata", "name"), 5),
    "a flow mapping on two lines": (("metadata", "labels", "w"), 7),
    "a mapping is at its key": (("spec",), 8),
    "a list is at its key": (("spec", "items"), 9),
    "an item": (("spec", "items", 0), 10),
    "an item below its dash": (("spec", "items", 1, "name"), 13),
    "a key that is a boolean": (("spec", "items", 0, "true"), 11),
    "a text of several lines is at its key": (("spec", "text"), 14),
    "a merged key is where it is written": (("spec", "size"), 16),
    "through an alias": (("other", "size"), 16),
    "absent: the nearest ancestor": (("metadata", "annotations", "x"), 3),
    "an index beyond the end": (("spec", "items", 7, "name"), 9),
}


@pytest.mark.parametrize(("keys", "line"), PLACES.values(), ids=PLACES.keys())
def test_the_line_of(keys: tuple[PathKey, ...], line: int) -> None:
    assert line_of(TEXT, keys) == line


def test_broken_and_empty_texts_have_a_line_too() -> None:
    assert (line_of("", ("a",)), line_of("a: 1\nb: [\n", ("a",))) == (1, 2)


def test_lines_of_items_of_json_on_one_line() -> None:
    assert lines_of_items('{"items": [1,\n 2, 3]}', "items", 3) == [1, 2, 2]
