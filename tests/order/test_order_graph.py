"""The pure graph: order with full tie-breaks, cycles told once."""

from __future__ import annotations

import pytest

from keywave.order.graph import Edge, show_cycle, topological


def edges(text: str) -> list[Edge]:
    """`ab bc` is a -> b, b -> c."""
    return [Edge(ord(a) - 97, ord(b) - 97) for a, b in text.split()]


def letters(positions: tuple[int, ...]) -> str:
    return "".join(chr(97 + p) for p in positions)


ORDERS = {
    "keys decide where there is no edge": ("cab", "", "bca"),
    "an edge beats a key": ("abc", "cb ba", "cba"),
    "what becomes free is sorted in among the rest": ("abcd", "da", "bcda"),
    "a diamond": ("abcd", "ab ac bd cd", "abcd"),
    "the same edge twice": ("abc", "cb cb", "acb"),
}


@pytest.mark.parametrize(("keys", "lines", "expected"), ORDERS.values(), ids=ORDERS)
def test_order(keys: str, lines: str, expected: str) -> None:
    found = topological(keys, edges(lines))

    assert (letters(found.order), found.cycles) == (expected, ())


CYCLES = {
    "two in a circle": ("abc", "ab ba", ["ab"], "cab"),
    "the circle is told from its smallest key": ("cab", "ab bc ca", ["bca"], "bca"),
    "what hangs on a circle is not in it": ("abcd", "ab ba bc cd", ["ab"], "abcd"),
    "what leads into a circle is not in it": ("abcd", "ab bc cb cd", ["bc"], "abcd"),
    "two circles": ("abcd", "ab ba cd dc", ["ab", "cd"], "abcd"),
    "an object that waits for itself": ("ab", "aa", ["a"], "ba"),
}


@pytest.mark.parametrize(("keys", "lines", "cycles", "order"), CYCLES.values(), ids=CYCLES)
def test_cycles(keys: str, lines: str, cycles: list[str], order: str) -> None:
    found = topological(keys, edges(lines))

    assert [letters(cycle) for cycle in found.cycles] == cycles
    assert letters(found.order) == order


def test_a_long_chain_needs_no_stack() -> None:
    count = 20_000
    chain = [Edge(i, (i + 1) % count) for i in range(count)]

    found = topological(range(count), chain)

    assert found.cycles == (tuple(range(count)),)


def test_a_cycle_is_shown_as_a_line() -> None:
    assert show_cycle(["a", "b"]) == "a -> b -> a"
