"""When to come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.controller.timing import CEILING, backoff, refresh, seconds

CHANCE = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("30s", 30.0), ("1.5h", 5400.0), ("2d", 172800.0), ("0s", 0.0), ("1h30m", 7.0), ("", 7.0), (None, 7.0), (5, 7.0)],
)
def test_a_duration_is_read_as_the_definitions_let_it_pass(duration: object, expected: float) -> None:
    assert seconds(duration, 7.0) == expected


@given(st.floats(1, 1e6), CHANCE)
def test_a_refresh_is_never_late_and_never_before_four_fifths(interval: float, chance: float) -> None:
    assert 0.8 * interval <= refresh(interval, chance) < 0.9 * interval + 1e-9


@given(st.integers(0, 10**6), CHANCE)
def test_back_off_grows_from_a_half_to_half_above_the_ceiling(failures: int, chance: float) -> None:
    assert 2.5 <= backoff(failures, chance) <= 1.5 * CEILING


def test_back_off_grows_with_each_failure_until_the_ceiling() -> None:
    assert [round(backoff(n, 0.5), 1) for n in range(8)] == [5.0, 7.5, 11.2, 16.9, 25.3, 38.0, 57.0, 60.0]
