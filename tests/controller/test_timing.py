"""When to come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.controller.timing import (
    CEILING,
    backoff,
    first_turn,
    is_due,
    next_turn,
    refresh,
    refresh_interval,
    seconds,
    shared_age,
)

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


@pytest.mark.parametrize(
    ("refresh_after", "expected"),
    [(None, 60.0), ("0s", 60.0), ("0.0000001s", 1.0), ("30s", 30.0), ("1h", 3600.0), ("9" * 400 + "h", 1e9)],
)
def test_an_interval_is_a_minute_unless_it_is_said_and_never_below_a_second(
    refresh_after: object, expected: float
) -> None:
    assert refresh_interval(refresh_after) == expected


def near(interval: float) -> float:
    """To this a turn is where its phase says."""
    return min(0.5, interval / 60) + 1e-3


INTERVAL = st.floats(1, 1e6)
MOMENT = st.floats(1e9, 3e9)


@given(MOMENT, INTERVAL, CHANCE)
def test_a_turn_comes_within_nine_tenths_of_the_interval_and_then_every_85_hundredths(
    at: float, interval: float, phase: float
) -> None:
    first = next_turn(at, interval, phase)
    assert 0.03 * interval - 1e-3 <= first - at <= 0.9 * interval + 1e-3
    assert next_turn(first + 0.01 * interval, interval, phase) - first == pytest.approx(
        0.85 * interval, abs=near(interval)
    )


@given(MOMENT, INTERVAL, CHANCE, st.floats(0.02, 1))
def test_an_answer_that_is_shared_makes_the_turn_over(at: float, interval: float, phase: float, share: float) -> None:
    turn = next_turn(at, interval, phase)
    age = shared_age(interval) * (1 - share)
    assert next_turn(turn - age, interval, phase) == pytest.approx(turn + 0.85 * interval, abs=near(interval))


@given(MOMENT, INTERVAL, CHANCE)
def test_a_start_leaves_a_refresh_no_later_than_it_was_promised(last: float, interval: float, phase: float) -> None:
    stopped = next_turn(last, interval, phase)
    assert first_turn(stopped, interval, phase) - last <= interval + 1e-3
    assert 0 <= first_turn(stopped, interval, phase) - stopped <= 300


def test_what_is_due_stays_due_when_the_clock_is_set_back() -> None:
    assert [is_due(now, 100.0, 30.0) for now in (100.0, 99.0, 70.0, 69.0, -1e6)] == [True, False, False, True, True]
