"""A Vault that is away, and addresses that never answer, hold up nobody else."""

from __future__ import annotations

import threading
import time

import pytest

from keywave.controller.login_plan import ConnectionPlan
from keywave.controller.vault_access.gate import UNPROVED, Gate
from keywave.vault.values import VaultFault

CONNECTION = ConnectionPlan("team/app", "team", "http://vault:8200")
AWAY = VaultFault("unreachable", "no connection")


def other(number: int) -> ConnectionPlan:
    return CONNECTION._replace(address=f"http://{number}:8200")


def test_a_vault_that_is_away_is_asked_by_one_after_a_wait_that_grows() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0])
    passed = []
    for tick in range(200):
        moment[0] = tick / 10
        try:
            ticket = gate.enter(CONNECTION)
        except VaultFault:
            continue
        passed.append(moment[0])
        gate.failed(ticket, AWAY)
    moment[0] = 30.0
    gate.passed(gate.enter(CONNECTION))

    assert passed == [0.0, 0.5, 1.5, 3.5, 7.5, 12.5, 17.5]
    assert gate.enter(CONNECTION).seconds == float("inf")


def test_sixteen_that_fail_at_once_close_it_once() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0])
    gate.passed(gate.enter(CONNECTION))
    tickets = [gate.enter(CONNECTION) for _ in range(16)]
    moment[0] = 1.0
    for ticket in tickets:
        gate.failed(ticket, AWAY)
    moment[0] = 1.51
    gate.passed(gate.enter(CONNECTION))

    assert gate.enter(CONNECTION).seconds == float("inf")


def test_the_others_are_told_what_the_first_was_told_and_when_to_come_back() -> None:
    gate = Gate(lambda: 10.0)
    gate.failed(gate.enter(CONNECTION), VaultFault("sealed", "Vault is sealed", retry_after=7.0))
    with pytest.raises(VaultFault) as told:
        gate.enter(CONNECTION)

    assert (told.value.reason, told.value.summary, told.value.retry_after) == ("sealed", "Vault is sealed", 7.0)


def test_a_time_out_closes_it_only_where_nothing_else_came_through_meanwhile() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0])
    gate.passed(gate.enter(CONNECTION))
    slow, quick = gate.enter(CONNECTION), gate.enter(CONNECTION)
    moment[0] = 30.0
    gate.passed(quick)
    one_engine = gate.silent(slow, AWAY)
    late = gate.enter(CONNECTION)
    moment[0] = 60.0
    all_of_it = gate.silent(late, AWAY)
    with pytest.raises(VaultFault):
        gate.enter(CONNECTION)

    assert (one_engine, all_of_it) == (False, True)


def test_addresses_that_swallow_everything_hold_few_workers_and_leave_room_for_what_was_never_tried() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0], patience=0.01)
    gate.passed(gate.enter(CONNECTION))
    for number in range(4):
        gate.failed(gate.enter(other(number)), AWAY)
    moment[0] = 10.0
    entered, refused = [], []
    for number in [*range(4), *range(100, 110)]:
        try:
            entered.append(gate.enter(other(number)))
        except VaultFault as fault:
            refused.append(fault.summary)

    places = [(ticket.place, ticket.seconds) for ticket in entered]
    crowded = "too many requests wait for Vaults that have not answered yet"
    assert places == [("failing", UNPROVED)] * 3 + [("new", UNPROVED)] * 6
    assert refused == ["no connection"] + [crowded] * 4
    assert gate.enter(CONNECTION).place == "", "the one that answers is not held up"


def test_those_that_wait_for_a_first_answer_go_on_with_it() -> None:
    gate = Gate(time.monotonic, patience=5.0)
    first = [gate.enter(CONNECTION) for _ in range(6)]
    places: list[str] = []
    threads = [threading.Thread(target=lambda: places.append(gate.enter(CONNECTION).place)) for _ in range(10)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    before = len(places)
    gate.passed(first[0])
    for thread in threads:
        thread.join(2.0)

    assert (before, places) == (0, [""] * 10)


def test_a_vault_that_goes_quiet_holds_half_of_the_workers_and_one_that_answers_as_many_as_it_likes() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0], patience=0.01, crowd=8)
    gate.passed(gate.enter(CONNECTION))
    busy = [gate.enter(CONNECTION) for _ in range(16)]
    moment[0] = 0.5
    gate.passed(busy.pop())
    gate.enter(CONNECTION)
    moment[0] = 2.0
    with pytest.raises(VaultFault) as told:
        gate.enter(CONNECTION)
    neighbour = gate.enter(other(1))
    gate.passed(busy.pop())
    gate.enter(CONNECTION)

    assert (told.value.reason, told.value.retry_after, neighbour.place) == ("unreachable", 1.0, "new")


def test_a_vault_that_answers_is_forgotten_after_all_that_do_not() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0], most=8)
    gate.passed(gate.enter(CONNECTION))
    for number in range(20):
        moment[0] += 1
        gate.failed(gate.enter(other(number)), AWAY)
    kept = {plan.address for plan in gate._doors}
    for number in range(10):
        moment[0] += 1
        gate.passed(gate.enter(other(100 + number)))
        gate.passed(gate.enter(CONNECTION))

    assert kept == {CONNECTION.address, *(f"http://{number}:8200" for number in range(13, 20))}
    assert CONNECTION in gate._doors, "of those that answer the one not used for longest goes"
    assert len(gate._doors) == 8


def test_every_place_is_given_back() -> None:
    gate = Gate(lambda: 0.0, patience=0.01)
    ends = [gate.passed, gate.left, lambda ticket: gate.failed(ticket, AWAY), lambda ticket: gate.silent(ticket, AWAY)]
    for number in range(40):
        ends[number % 4](gate.enter(other(number)))

    assert set(gate._taken.values()) == {0}
    assert {door.inside for door in gate._doors.values()} == {0}
