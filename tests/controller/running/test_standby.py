"""Standing by while Vault Secrets Operator holds its Lease: by what was seen, never by the clock of another machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from keywave.controller.ports import Kube
from keywave.controller.running.standby import NAME, StandBy
from keywave.kube.api_server import KubeError

Body = dict[str, Any]
CLOCK = 1_800_000_000.0


class World:
    """An API server with Leases in `namespaces`, a clock, and what was told."""

    def __init__(self, *namespaces: str) -> None:
        self.moment = 1000.0
        self.leases: dict[str, Body] = {}
        self.refuses = ""
        self.narrow = False
        self.asked: list[str] = []
        self.calls: list[str] = []
        self.told: list[str] = []
        self.standby = StandBy(
            cast("Kube", self),
            namespaces,
            begin=lambda: self.calls.append(f"begin, active={self.standby.active()}"),
            gone=lambda: self.calls.append(f"gone, active={self.standby.active()}"),
            log=lambda level, message, **more: self.told.append(f"{level}: {message}"),
            now=lambda: self.moment,
            clock=lambda: CLOCK + self.moment,
        )

    def renew(self, holder: str = "vso-1", namespace: str = "vso", *, ago: float = 0.0) -> None:
        renewed = datetime.fromtimestamp(CLOCK + self.moment - ago, UTC).isoformat()
        spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15}
        self.leases[namespace] = {"metadata": {"name": NAME, "namespace": namespace}, "spec": spec}

    def list(self, type: Any, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Body]:
        assert fields == f"metadata.name={NAME}"
        self.asked.append(namespace or "all")
        self._may()
        if self.narrow:
            raise KubeError("forbidden", "no")
        return [body for space, body in self.leases.items() if namespace in ("", space)]

    def get(self, type: Any, namespace: str, name: str) -> Body | None:
        self._may()
        return self.leases.get(namespace)

    def _may(self) -> None:
        if self.refuses:
            raise KubeError(self.refuses, "no")

    def active_after(self, seconds: float, *, renewing: bool = False) -> list[bool]:
        """What a look each two seconds finds."""
        found = []
        end = self.moment + seconds
        while self.moment < end:
            self.moment += 2
            if renewing:
                self.renew()
            self.standby.look()
            found.append(self.standby.active())
        return found


def test_without_a_lease_it_begins_at_once_and_forgets_before_it_wakes() -> None:
    world = World()
    world.standby.look()

    assert (world.standby.active(), world.standby.why()) == (True, "")
    assert world.calls == ["begin, active=False", "gone, active=True"]


def test_it_stands_by_as_long_as_the_lease_is_renewed() -> None:
    world = World()
    world.renew()
    world.standby.look()

    assert set(world.active_after(60, renewing=True)) == {False}
    assert (world.calls, world.standby.why()) == ([], "standing by: Vault Secrets Operator is at work")


def test_a_lease_that_nobody_renews_runs_out_after_its_duration_from_when_it_was_first_seen() -> None:
    world = World()
    world.renew()
    world.standby.look()

    assert world.active_after(14) == [False] * 7
    assert world.active_after(2) == [True]


def test_a_lease_that_was_released_holds_nobody_up() -> None:
    world = World()
    world.renew(holder="")
    world.standby.look()

    assert world.standby.active()


def test_an_incumbent_that_comes_back_is_seen_at_the_next_look_and_each_end_begins_anew() -> None:
    world = World()
    world.standby.look()
    world.renew()

    assert world.active_after(2) == [False]
    assert world.active_after(16)[-2:] == [False, True]
    assert world.calls == ["begin, active=False", "gone, active=True"] * 2
    assert world.told == [
        "info: at work: no Vault Secrets Operator holds its Lease",
        "warning: Vault Secrets Operator is at work: standing by",
        "info: at work: no Vault Secrets Operator holds its Lease",
    ]


def test_another_holder_counts_as_a_renewal() -> None:
    world = World()
    world.renew("vso-1")
    world.standby.look()
    world.active_after(10)
    world.renew("vso-2", ago=10)

    assert world.active_after(14) == [False] * 7


def test_a_second_incumbent_in_another_namespace_is_enough() -> None:
    world = World()
    world.renew(namespace="a")
    world.standby.look()
    world.active_after(14)
    world.renew(namespace="b")

    assert world.active_after(2) == [False]


def test_with_namespaces_too_the_whole_cluster_is_looked_at() -> None:
    world = World("team", "ops")
    world.renew(namespace="elsewhere")
    world.standby.look()

    assert not world.standby.active()


def test_who_may_not_look_in_the_whole_cluster_looks_in_its_namespaces_and_says_so_once() -> None:
    world = World("team", "ops")
    world.narrow = True
    world.renew(namespace="elsewhere")
    world.standby.look()
    assert world.standby.active()

    world.renew(namespace="ops")

    assert world.active_after(4) == [False, False]
    assert world.told == [
        f"warning: may not look for the Lease {NAME} in the whole cluster",
        "info: at work: no Vault Secrets Operator holds its Lease",
        "warning: Vault Secrets Operator is at work: standing by",
    ]


def test_an_outage_of_the_api_server_proves_nothing_about_the_lease() -> None:
    world = World()
    world.renew()
    world.standby.look()
    world.refuses = "refused"
    assert set(world.active_after(60)) == {False}

    world.refuses = ""

    # Unchanged for a minute, and nobody could renew it: another whole duration.
    assert world.active_after(16) == [False] * 8
    assert world.active_after(2) == [True]


def test_in_an_outage_who_is_at_work_stays_at_work() -> None:
    world = World()
    world.standby.look()
    world.refuses = "timeout"

    assert set(world.active_after(20)) == {True}


@pytest.mark.parametrize("reason", ["forbidden", "unauthorized"])
def test_who_may_not_look_does_not_begin_and_says_so_once(reason: str) -> None:
    world = World()
    world.renew()
    world.refuses = reason

    assert set(world.active_after(60)) == {False}
    assert world.standby.why() == f"standing by: the Lease {NAME} cannot be looked for ({reason})"
    assert world.told == ["warning: cannot look for the Lease of Vault Secrets Operator"]


def test_a_lease_that_a_removed_incumbent_left_long_ago_holds_no_start_up() -> None:
    world = World()
    world.renew(ago=316)
    world.standby.look()
    assert world.standby.active()

    later = World()
    later.renew(ago=314)
    later.standby.look()
    assert not later.standby.active()


def test_an_incumbent_with_a_clock_that_is_an_hour_late_is_seen_at_its_next_renewal() -> None:
    world = World()
    world.renew(ago=3600)
    world.standby.look()
    world.moment += 2
    world.renew(ago=3600)
    world.standby.look()

    assert not world.standby.active()
    assert world.active_after(14) == [False] * 7


def test_who_is_about_to_write_looks_anew_a_quarter_of_a_second_after_the_last_look() -> None:
    world = World()
    world.renew(ago=3600)
    world.standby.look()
    world.renew()
    world.moment += 0.2
    assert world.standby.may_work()

    world.moment += 0.1

    assert not world.standby.may_work()
    # By its name, where it was: not among the thousands of the cluster.
    assert world.asked == ["all", "vso"]
    assert world.standby.why() == "standing by: Vault Secrets Operator is at work"


def test_where_there_never_was_such_a_lease_only_the_rounds_look() -> None:
    world = World()
    world.standby.look()
    world.renew()
    world.moment += 1
    assert world.standby.may_work()

    world.standby.look()

    assert not world.standby.may_work()
