"""Equal reads are one read."""

from __future__ import annotations

import threading
import time

import pytest

from keywave.controller.vault_access.reads import SharedReads
from keywave.vault.values import Payload, VaultFault


class Clock:
    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment


def asking(clock: Clock, asked: list[int]) -> Payload:
    asked.append(1)
    return Payload({"a": "b"}, {"a": "b"}, at=clock())


def test_an_answer_is_given_again_while_it_is_young_enough() -> None:
    clock, asked = Clock(), []
    reads = SharedReads(clock)
    for age in (0.0, 4.0, 5.0, 6.0):
        clock.moment = 1000.0 + age
        reads.read("key", 5.0, lambda: asking(clock, asked))

    assert len(asked) == 2


def test_fifty_that_ask_together_get_one_answer() -> None:
    clock, asked, got = Clock(), [], []
    reads = SharedReads(clock)

    def slow() -> Payload:
        time.sleep(0.2)
        return asking(clock, asked)

    threads = [threading.Thread(target=lambda: got.append(reads.read("key", 30.0, slow))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(asked), len(got), {id(payload) for payload in got}) == (1, 50, {id(got[0])})


def test_a_failure_goes_to_all_that_wait_and_is_not_kept() -> None:
    clock, asked, faults = Clock(), [], []
    reads = SharedReads(clock)

    def failing() -> Payload:
        time.sleep(0.2)
        asked.append(1)
        raise VaultFault("forbidden", "no")

    def ask() -> None:
        try:
            reads.read("key", 60.0, failing)
        except VaultFault as fault:
            faults.append(fault.reason)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(VaultFault):
        reads.read("key", 60.0, failing)

    assert (len(asked), faults) == (2, ["forbidden"] * 10)


def test_answers_are_forgotten_when_nobody_may_be_given_them() -> None:
    clock, asked = Clock(), []
    reads = SharedReads(clock)
    reads.read("key", 5.0, lambda: asking(clock, asked))
    clock.moment += 6
    reads.sweep()
    clock.moment -= 6
    reads.read("key", 5.0, lambda: asking(clock, asked))

    assert len(asked) == 2


def test_who_wants_it_now_gets_neither_an_answer_nor_a_question_of_before() -> None:
    clock, asked = Clock(), []
    reads = SharedReads(clock)
    slow = threading.Event()

    def hanging() -> Payload:
        slow.wait(5)
        return asking(clock, asked)._replace(version=1)

    thread = threading.Thread(target=lambda: reads.read("key", 30.0, hanging))
    thread.start()
    while not reads._flights:
        time.sleep(0.001)
    clock.moment += 0.1
    fresh = reads.read("key", 0.0, lambda: asking(clock, asked)._replace(version=2))
    again = reads.read("key", 0.0, lambda: asking(clock, asked)._replace(version=3))
    slow.set()
    thread.join()
    later = reads.read("key", 30.0, lambda: asking(clock, asked)._replace(version=4))

    assert (fresh.version, again.version, later.version) == (2, 3, 3), "what was asked for first came last: it is old"


def test_a_read_that_hangs_holds_who_waits_for_it_a_short_time_only() -> None:
    clock = Clock()
    reads = SharedReads(clock, patience=0.05)
    slow = threading.Event()

    def hanging() -> Payload:
        slow.wait(10)
        return asking(clock, [])

    thread = threading.Thread(target=lambda: reads.read("key", 30.0, hanging))
    thread.start()
    while not reads._flights:
        time.sleep(0.001)
    with pytest.raises(VaultFault) as told:
        reads.read("key", 30.0, hanging)
    slow.set()
    thread.join()

    assert (told.value.reason, told.value.retry_after) == ("unreachable", 1.0)


def test_who_wants_it_fresh_does_not_get_the_answer_to_a_question_of_long_ago() -> None:
    clock, asked = Clock(), []
    reads = SharedReads(clock)
    slow = threading.Event()

    def hanging() -> Payload:
        slow.wait(5)
        return asking(clock, asked)._replace(version=1)

    thread = threading.Thread(target=lambda: reads.read("key", 5.0, hanging))
    thread.start()
    while not reads._flights:
        time.sleep(0.001)
    clock.moment += 3
    fresh = reads.read("key", 0.0, lambda: asking(clock, asked)._replace(version=2))
    slow.set()
    thread.join()

    assert (fresh.version, len(asked), reads._flights) == (2, 2, {})
