"""The work queue: each name once, one worker a name, nothing lost, nobody starved."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keywave.controller.model import Key
from keywave.controller.running.queue import WorkQueue


class Clock:
    def __init__(self) -> None:
        self.moment = 100.0

    def __call__(self) -> float:
        return self.moment


def key(name: str, namespace: str = "team") -> Key:
    return Key("VaultStaticSecret", namespace, name)


def queue_at() -> tuple[WorkQueue, Clock]:
    clock = Clock()
    return WorkQueue(clock), clock


def test_a_name_that_is_added_twice_is_given_once() -> None:
    queue, _ = queue_at()
    queue.add(key("a"))
    queue.add(key("a"))

    assert [queue.take(0), queue.take(0)] == [key("a"), None]


def test_a_name_in_work_is_given_again_only_after_it_is_done() -> None:
    queue, _ = queue_at()
    queue.add(key("a"))
    taken = queue.take(0)
    queue.add(key("a"))
    meanwhile = queue.take(0)
    queue.done(key("a"))

    assert (taken, meanwhile, queue.take(0)) == (key("a"), None, key("a"))


def test_a_delayed_name_comes_when_it_is_due_and_the_earlier_time_wins() -> None:
    queue, clock = queue_at()
    queue.add_after(key("a"), 10)
    queue.add_after(key("a"), 5)
    queue.add_after(key("a"), 20)
    before = queue.take(0)
    clock.moment += 5

    assert (before, queue.take(0)) == (None, key("a"))
    queue.done(key("a"))
    clock.moment += 100
    assert queue.take(0) is None


def test_a_name_that_is_added_now_does_not_come_again_at_its_delayed_time() -> None:
    queue, clock = queue_at()
    queue.add_after(key("a"), 5)
    queue.add(key("a"))
    first = queue.take(0)
    queue.done(key("a"))
    clock.moment += 10

    assert (first, queue.take(0)) == (key("a"), None)


def test_what_was_never_synced_comes_first_but_refreshes_get_every_fourth_turn() -> None:
    queue, _ = queue_at()
    for number in range(8):
        queue.add(key(f"old-{number}"))
        queue.add(key(f"new-{number}"), first=True)

    order = [taken.name.partition("-")[0] for _ in range(8) if (taken := queue.take(0))]

    assert order == ["new", "new", "new", "old"] * 2


def test_namespaces_take_turns() -> None:
    queue, _ = queue_at()
    for number in range(100):
        queue.add(key(f"bad-{number}", "crowded"))
    queue.add(key("good", "small"))

    assert key("good", "small") in [queue.take(0), queue.take(0)]


def test_a_namespace_has_half_of_the_workers_while_others_wait_and_three_quarters_at_most() -> None:
    queue = WorkQueue(Clock(), 8)
    for number in range(20):
        queue.add(key(f"slow-{number}", "crowded"), first=True)
    alone = [taken for _ in range(8) if (taken := queue.take(0))]
    for number in range(3):
        queue.add(key(f"good-{number}", "small"))
    others = [queue.take(0), queue.take(0)]
    for taken in alone[:3]:
        queue.done(taken)
    later = [taken for _ in range(3) if (taken := queue.take(0))]

    # Three of eight are free, and the crowded one has three.
    assert (len(alone), [taken.namespace for taken in (*others, *later) if taken]) == (
        6,
        ["small", "small", "crowded", "small", "crowded"],
    )


def test_refreshes_that_are_due_together_are_done_by_few_workers_and_by_more_the_longer_they_wait() -> None:
    clock = Clock()
    queue = WorkQueue(clock, 8)
    for number in range(9):
        queue.add_after(key(f"app-{number}", f"team-{number}"), 1)
    clock.moment += 1
    given = [queue.take(0), queue.take(0)]
    queue.done(key("app-0", "team-0"))
    given.append(queue.take(0, at_work=True))
    assert given == [key("app-0", "team-0"), None, key("app-1", "team-1")]

    helping = []
    for _ in range(5):
        clock.moment += 0.0201
        helping.append([queue.take(0) is not None for _ in range(3)])
    assert helping == [[True, False, False]] * 5

    queue.add(key("new"), first=True)
    assert key("new") in (queue.take(0), queue.take(0))  # every fourth name is of the other lane


@pytest.mark.parametrize("later", [True, False])
def test_workers_that_hang_are_helped_soon(later: bool) -> None:
    """With threads that wait: nobody is left asleep beside work that is due."""
    queue, begun, hang = WorkQueue(time.monotonic, 8), list[float](), threading.Event()

    def work() -> None:
        while not queue.closed:
            if queue.take(1.0) is not None:
                begun.append(time.monotonic())
                hang.wait(10)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    began = time.monotonic()
    for number in range(6):
        queue.add_after(key(f"app-{number}", f"team-{number}"), 0.05)
    if later:
        queue.add_after(key("later", "others"), 3600)
    while len(begun) < 6 and time.monotonic() < began + 5:
        time.sleep(0.01)
    hang.set()
    queue.close()
    for thread in threads:
        thread.join(5)

    assert len(begun) == 6
    assert begun[-1] - began < 0.9  # a wait that nobody ends is a second


def test_a_single_worker_works_for_everybody() -> None:
    queue = WorkQueue(Clock(), 1)
    queue.add(key("a"))

    assert queue.take(0) == key("a")


def test_a_closed_queue_gives_nothing() -> None:
    queue, _ = queue_at()
    queue.add(key("a"))
    queue.close()

    assert (queue.take(0), queue.closed) == (None, True)


def test_what_is_forgotten_does_not_come() -> None:
    queue, clock = queue_at()
    queue.add(key("a"))
    queue.add_after(key("b"), 1)
    queue.forget(key("a"))
    queue.forget(key("b"))
    clock.moment += 5

    assert (queue.take(0), queue.depth()) == (None, (0, 0, 0))


def test_the_age_is_that_of_the_oldest_that_waits() -> None:
    queue, clock = queue_at()
    queue.add(key("a"))
    clock.moment += 7
    queue.add(key("b", "other"), first=True)

    assert queue.age() == 7.0


NAMES = st.sampled_from([key(name, space) for name in "abc" for space in ("x", "y")])


class AnyOrder(RuleBasedStateMachine):
    """Whatever is done in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.queue, self.clock = queue_at()
        self.working: set[Key] = set()
        self.wanted: set[Key] = set()
        self.due: dict[Key, float] = {}

    @rule(name=NAMES, first=st.booleans())
    def add(self, name: Key, first: bool) -> None:
        self.queue.add(name, first=first)
        self.wanted.add(name)
        self.due.pop(name, None)

    @rule(name=NAMES, seconds=st.integers(0, 20))
    def add_after(self, name: Key, seconds: int) -> None:
        self.queue.add_after(name, seconds)
        if name not in self.wanted or name in self.working:
            self.due[name] = min(self.due.get(name, float("inf")), self.clock.moment + seconds)

    @rule(seconds=st.integers(0, 10))
    def wait(self, seconds: int) -> None:
        self.clock.moment += seconds

    @rule()
    def take(self) -> None:
        ripe = {name for name, due in self.due.items() if due <= self.clock.moment}
        taken = self.queue.take(0)
        expected = (self.wanted | ripe) - self.working
        assert (taken in expected) if expected else taken is None
        if taken is not None:
            self.wanted.discard(taken)
            if taken in ripe:
                del self.due[taken]
            self.working.add(taken)

    @rule(name=NAMES)
    def done(self, name: Key) -> None:
        if name in self.working:
            self.working.discard(name)
            self.queue.done(name)

    @invariant()
    def workers_have_what_was_given(self) -> None:
        assert self.queue.working() == self.working


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
