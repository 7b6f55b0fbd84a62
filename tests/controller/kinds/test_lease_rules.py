"""When leases, tokens, rotations and certificates are due, and what is to be done with what is seen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.controller.kinds import leases, pki, revoking
from keywave.controller.kinds.leases import Lease, Seen, decide
from keywave.controller.kinds.pki import Certificate
from keywave.controller.model import resource_of
from keywave.vault.values import LONGEST, Payload

NOW = 1_800_000_000.0
HELD = Seen(NOW, end=NOW + 100, due=NOW + 50, token_due=NOW + 80)
STEPS: dict[str, tuple[Seen, str]] = {
    "all is well": (HELD, "rest"),
    "never synced": (HELD._replace(synced=False), "issue"),
    "another request": (HELD._replace(same=False), "issue"),
    "somebody asks for it": (HELD._replace(asked=True), "issue"),
    "the Secret's data is not ours": (HELD._replace(drift="data"), "issue"),
    "a label is gone": (HELD._replace(drift="metadata"), "metadata"),
    "the Secret names a lease that the status does not": (HELD._replace(found="db/creds/app/1", same=False), "adopt"),
    "due": (HELD._replace(due=NOW), "renew"),
    "due, and a label is gone": (HELD._replace(due=NOW, drift="metadata"), "renew"),
    "due, not renewable": (HELD._replace(due=NOW, renewable=False), "issue"),
    "due, over": (HELD._replace(due=NOW - 60, end=NOW - 1), "issue"),
    "due, and its token is lost": (HELD._replace(due=NOW, lost=True), "issue"),
    "its token is due": (HELD._replace(token_due=NOW), "token"),
    "its token is due, and lost": (HELD._replace(token_due=NOW, lost=True), "rest"),
    "without a lease, never due": (HELD._replace(leased=False, due=None, token_due=None), "rest"),
    "without a lease, due": (HELD._replace(leased=False, due=NOW), "issue"),
    "the status does not say so yet": (HELD._replace(settled=False), "settle"),
}


@pytest.mark.parametrize("case", STEPS)
def test_what_is_done(case: str) -> None:
    seen, step = STEPS[case]

    assert decide(seen) == step


@given(st.integers(5, 10**7), st.integers(-5, 200) | st.none(), st.floats(0, 1, exclude_max=True))
def test_a_lease_is_renewed_after_its_percentage_and_before_its_end(
    duration: int, percent: int | None, chance: float
) -> None:
    lease = Lease("id", duration, True, NOW)

    share = (leases.renewal_due(lease, percent, chance) - NOW) / duration

    wanted = 67 if percent is None else min(max(percent, 0), 90)
    least = min(5 / duration, 0.5)
    assert max(wanted / 100, least) - 1e-6 <= share <= max(min(wanted + 10, 95) / 100, least) + 1e-6


@pytest.mark.parametrize("duration", [0, 1, 4])
def test_a_lease_that_hardly_lives_is_not_asked_for_each_time_that_it_ends(duration: int) -> None:
    assert leases.renewal_due(Lease("id", duration, True, NOW), None, 0.5) == NOW + 5


def test_a_lease_without_end_has_a_time_that_can_be_written() -> None:
    lease = leases.lease_from(Payload({}, lease_id="id", lease_duration=10**15, at=NOW))

    assert leases.lease_fields(lease, {"accessor": "a"})["leaseExpireTime"] == "2126-12-22T08:00:00Z"
    assert leases.stamp(float("inf")) == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(("misses", "after"), [(0, 1.0), (1, 2.0), (3, 8.0), (5, 32.0), (9, 300.0), (10**6, 300.0)])
def test_a_rotation_that_does_not_come_is_looked_for_more_and_more_seldom(misses: int, after: float) -> None:
    assert leases.rotation_due(NOW, 0, 0.5, misses) == NOW + after
    assert leases.rotation_due(NOW, 3600, 0.5, misses) == NOW + 3601


@pytest.mark.parametrize(
    ("token", "due"),
    [
        ({"expireTime": "2027-01-15T08:01:40Z", "renewable": True}, NOW + 65),
        ({"renewable": True}, NOW),
        ({}, NOW),
        ({"renewable": False}, None),
    ],
)
def test_a_token_whose_end_is_not_known_is_due_at_once_and_one_without_end_never(
    token: dict[str, Any], due: float | None
) -> None:
    assert leases.token_due(NOW, {"accessor": "a", **token}, 0.5) == due


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"a"', '{"token": 5}', '{"token": {}, "requestHash": "h"}', "[" * 100_000]
)
def test_a_note_on_a_secret_that_is_none_of_ours_names_no_token(text: str) -> None:
    assert leases.noted({leases.ISSUED: text}) == ({}, "", "")


def test_a_note_on_a_secret_comes_back_as_it_was() -> None:
    token = {"accessor": "a", "renewable": True, "expireTime": "2027-01-15T08:01:40Z", "vaultAuthRef": "team/app"}

    assert leases.noted({leases.ISSUED: leases.note_of(token, "h", "s")}) == (token, "h", "s")


@given(st.floats(1, 10**6), st.floats(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_what_hangs_on_a_lost_token_is_replaced_before_either_ends(lease: float, token: float, chance: float) -> None:
    due = leases.replacement_due(NOW + lease, NOW + token if token else 0.0, NOW, chance)

    assert NOW <= due <= NOW + min(lease, token or lease)


@given(st.floats(1, 10**9), st.floats(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_certificate_is_replaced_before_its_end_and_never_at_once(life: float, offset: float, chance: float) -> None:
    certificate = Certificate("serial", NOW, NOW + life)

    due = pki.renewal_due(certificate, offset, chance)

    assert due >= NOW + 5 - 1e-3
    assert due <= NOW + max(life - (offset or life / 10), life / 2, 5) + 1e-3


def test_the_offset_of_a_certificate_is_subtracted() -> None:
    certificate = Certificate("serial", NOW, NOW + 3600)

    assert pki.renewal_due(certificate, 600, 0.0) == NOW + 3000
    assert pki.renewal_due(certificate, 600, 1.0) == NOW + 3000 - 180
    assert pki.renewal_due(certificate, 0, 0.0) == NOW + 3240
    assert pki.renewal_due(certificate, 7200, 0.0) == NOW + 1800


ROTATING = {"username": "app", "password": "p", "last_vault_rotation": "2027-01-15T08:00:00Z", "ttl": 50}
ROTATIONS = {
    "a period": (
        {**ROTATING, "rotation_period": 60},
        {"lastVaultRotation": 1_800_000_000, "rotationPeriod": 60, "ttl": 50},
    ),
    "a schedule": (
        {**ROTATING, "rotation_schedule": "0 * * * *"},
        {"lastVaultRotation": 1_800_000_000, "rotationPeriod": 0, "ttl": 50, "rotationSchedule": "0 * * * *"},
    ),
    "neither": (ROTATING, None),
    "never rotated": ({"rotation_period": 60, "ttl": 50}, None),
    "a lease": ({"username": "app", "password": "p"}, None),
}


@pytest.mark.parametrize("case", ROTATIONS)
def test_a_static_role_is_known_by_its_rotation(case: str) -> None:
    data, known = ROTATIONS[case]

    assert leases.rotation_of(data) == known


def test_a_rotation_that_no_vault_has_is_one_that_a_status_can_hold() -> None:
    odd = {**ROTATING, "rotation_period": "1e300", "ttl": "-5", "rotation_schedule": "*" * 10_000}

    known = {"lastVaultRotation": 1_800_000_000, "rotationPeriod": LONGEST, "ttl": 0, "rotationSchedule": "*" * 256}
    assert leases.rotation_of(odd) == known


@pytest.mark.parametrize(
    ("wish", "after"),
    [
        (None, None),
        ("", None),
        ("0s", None),
        ("5", None),
        ("0.0000001s", 0.85),
        ("60s", 51.0),
        (f"{'9' * 400}s", 8.5e8),
    ],
)
def test_credentials_without_a_lease_are_asked_for_no_more_often_than_each_second(
    wish: str | None, after: float | None
) -> None:
    due = leases.refresh_due(NOW, wish, 0.5)

    assert due == (None if after is None else pytest.approx(NOW + after))


def test_what_changes_at_every_read_of_a_static_role_is_no_change() -> None:
    read = {"password": b"p", "ttl": b"50", "_raw": b"{}", "last_vault_rotation": b"x", "rotation_period": b"60"}

    assert leases.stable(read) == {"password": b"p"}


def test_a_renewal_that_gives_less_means_new_credentials() -> None:
    before = Lease("id", 60, True, NOW)

    assert [leases.truncated(before, Payload({}, lease_duration=left)) for left in (60, 59, 0)] == [False, True, True]


def test_a_revocation_is_kept_once_and_never_of_what_is_in_use() -> None:
    first = revoking.with_pending([], {"a": NOW + 60, "b": 0.0}, "accessor", NOW, "")
    again = revoking.with_pending(first or [], {"a": 0.0, "c": 0.0}, "", NOW + 9, "b")

    at, later, end = "2027-01-15T08:00:00Z", "2027-01-15T08:00:09Z", "2027-01-15T08:01:00Z"
    assert again == [
        {"id": "a", "since": at, "expireTime": end, "tokenAccessor": "accessor"},
        {"id": "c", "since": later},
    ]
    assert revoking.with_pending(again or [], {}, "", NOW, "a") == [{"id": "c", "since": later}]
    assert revoking.with_pending([{"id": "c", "since": later}], {}, "", NOW, "c") is None


def test_the_body_of_an_issue_has_lists_with_commas_and_formats_only_where_they_are_said() -> None:
    spec = {"commonName": "web", "altNames": ["a", "b"], "ipSans": ["10.0.0.1"], "ttl": "1h", "format": "pem_bundle"}

    assert pki.body_of(spec) == {
        "common_name": "web",
        "alt_names": "a,b",
        "ip_sans": "10.0.0.1",
        "uri_sans": "",
        "other_sans": "",
        "user_ids": "",
        "ttl": "1h",
        "not_after": "",
        "exclude_cn_from_sans": False,
        "remove_roots_from_chain": True,
        "format": "pem_bundle",
    }


def test_restarts_are_owed_only_after_the_first_sync_and_where_there_are_targets() -> None:
    def owed(status: dict[str, str], *targets: dict[str, str]) -> str | None:
        spec = {"rolloutRestartTargets": list(targets)}
        return revoking.restarted_for(
            resource_of({"spec": spec, "status": status}), "new", status.get("serialNumber", "")
        )

    web = {"kind": "Deployment", "name": "web"}
    assert owed({}, web) == "new"
    assert owed({"serialNumber": "old"}, web) == "old"
    assert owed({"serialNumber": "old", "restartedFor": "older"}, web) == "older"
    assert owed({"serialNumber": "old"}) == "new"


def test_an_end_that_somebody_made_up_is_not_later_than_any_renewal_could_be() -> None:
    status = {"secretLease": {"id": "a", "duration": 60, "renewable": True}, "lastRenewalTime": NOW}

    assert leases.lease_of({**status, "leaseExpireTime": "9999-01-01T00:00:00Z"}).end == NOW + 120
    assert leases.lease_of({**status, "leaseExpireTime": "2000-01-01T00:00:00Z"}).end == NOW + 60
