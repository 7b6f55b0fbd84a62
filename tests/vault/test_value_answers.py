"""Requests that answer with values, and what their answers mean: kv 1 and 2, leases, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keywave.gotemplate.values import Number
from keywave.vault.values import (
    Payload,
    ValueRequest,
    VaultFault,
    dynamic,
    kv1,
    kv2,
    lease_renew,
    lease_revoke,
    loads,
    payload_of,
    pki_issue,
    pki_revoke,
    renew_accessor,
)

KV2 = kv2("kv", "shop/db")


def answered(request: ValueRequest, body: Any, status: int = 200) -> Payload:
    return payload_of(request, status, loads(json.dumps(body).encode()), at=5.0, accessor="a")


def refused(request: ValueRequest, status: int, body: Any) -> tuple[str, str, int]:
    with pytest.raises(VaultFault) as told:
        answered(request, body, status)
    return told.value.reason, told.value.summary, told.value.status


REQUESTS = {
    "kv 1": (kv1("kv/", "/shop/db", "/team/"), ValueRequest("GET", "kv/shop/db", "team")),
    "kv 2": (kv2("kv", "shop/db", 3), ValueRequest("GET", "kv/data/shop/db", "", (("version", "3"),), "", True)),
    "credentials": (dynamic("db", "creds/app"), ValueRequest("GET", "db/creds/app")),
    "credentials with params": (
        dynamic("db", "creds/app", "GET", {"b": "2", "a": "1"}),
        ValueRequest("PUT", "db/creds/app", body='{"a": "1", "b": "2"}'),
    ),
    "credentials by POST": (dynamic("db", "creds/app", "POST"), ValueRequest("POST", "db/creds/app")),
    "a certificate": (
        pki_issue("pki", "app", "", {"ttl": "1h"}),
        ValueRequest("PUT", "pki/issue/app", body='{"ttl": "1h"}'),
    ),
    "a certificate of an issuer": (
        pki_issue("pki", "app", "root-1"),
        ValueRequest("PUT", "pki/issuer/root-1/issue/app", body="{}"),
    ),
    "an issuer as the incumbent wants it": (
        pki_issue("pki", "app", "root-1/issue"),
        ValueRequest("PUT", "pki/issuer/root-1/issue/app", body="{}"),
    ),
    "revoking a certificate": (
        pki_revoke("pki", "01:02"),
        ValueRequest("PUT", "pki/revoke", body='{"serial_number": "01:02"}'),
    ),
    "renewing a lease": (
        lease_renew("db/creds/app/x", 60, "team"),
        ValueRequest("PUT", "sys/leases/renew", "team", body='{"increment": 60, "lease_id": "db/creds/app/x"}'),
    ),
    "revoking a lease": (
        lease_revoke("db/creds/app/x"),
        ValueRequest("PUT", "sys/leases/revoke", body='{"lease_id": "db/creds/app/x"}'),
    ),
    "renewing a token": (
        renew_accessor("abc"),
        ValueRequest("POST", "auth/token/renew-accessor", body='{"accessor": "abc"}'),
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_as_it_is_sent(name: str) -> None:
    made, wanted = REQUESTS[name]

    assert tuple(made) == tuple(wanted)


@pytest.mark.parametrize("path", ["../sys/seal", "a/../../sys/raw", "", "/", "a/./b", "a\nb"])
def test_a_path_that_would_mean_another_one_is_not_sent(path: str) -> None:
    with pytest.raises(VaultFault) as told:
        kv1("", path)

    assert told.value.reason == "invalid"


def test_a_secret_of_kv_2_with_numbers_as_they_were_written() -> None:
    raw = {"data": {"a": "x", "n": 12345678901234567890, "f": 1.0}, "metadata": {"version": 7}}
    payload = answered(KV2, {"data": raw, "request_id": "r", "lease_duration": 0})

    assert payload.data == {"a": "x", "n": "12345678901234567890", "f": "1.0"}
    assert isinstance(payload.data["f"], Number)
    assert (payload.version, payload.request_id, payload.at, payload.accessor) == (7, "r", 5.0, "a")
    assert payload.raw["metadata"] == {"version": "7"}


def test_a_secret_of_kv_1_may_look_like_one_of_kv_2() -> None:
    request = kv1("kv", "app/data/x")

    assert answered(request, {"data": {"data": "a", "metadata": "b"}}).data == {"data": "a", "metadata": "b"}
    assert answered(request, {"data": {"data": None, "metadata": {}}}).data == {"data": None, "metadata": {}}


def test_an_empty_secret_is_a_secret() -> None:
    assert answered(KV2, {"data": {"data": {}, "metadata": {"version": 1}}}).data == {}


def test_a_lease_with_its_warnings() -> None:
    body = {
        "lease_id": "db/creds/app/x",
        "lease_duration": 60,
        "renewable": True,
        "data": {"username": "u"},
        "warnings": ["TTL is capped"],
    }

    assert answered(dynamic("db", "creds/app"), body) == Payload(
        {"username": "u"}, {"username": "u"}, 0, "db/creds/app/x", 60, True, "", ("TTL is capped",), 5.0, "a"
    )


REFUSALS = {
    "a deleted version": (
        KV2,
        404,
        {"data": {"data": None, "metadata": {"version": 3, "destroyed": False, "deletion_time": "2026-01-01"}}},
        ("deleted", "version 3 at kv/data/shop/db is deleted; undelete it, or write a new version", 404),
    ),
    "a destroyed version": (
        KV2,
        404,
        {"data": {"data": None, "metadata": {"version": 3, "destroyed": True}}},
        ("deleted", "version 3 at kv/data/shop/db is destroyed", 404),
    ),
    "a deleted version with status 200": (
        KV2,
        200,
        {"data": {"data": None, "metadata": {"version": 3}}},
        ("deleted", "version 3 at kv/data/shop/db is deleted; undelete it, or write a new version", 404),
    ),
    "nothing there": (KV2, 404, {"errors": []}, ("absent", "Vault has nothing at kv/data/shop/db", 404)),
    "the path of the other version of the engine": (
        kv1("kv", "shop/db"),
        404,
        {"errors": [], "warnings": ["Invalid path for a versioned K/V secrets engine."]},
        ("absent", "Vault has nothing at kv/shop/db: Invalid path for a versioned K/V secrets engine.", 404),
    ),
    "something that is no secret of kv 2": (
        KV2,
        200,
        {"data": {"keys": ["a"]}},
        ("invalid", "what Vault has at kv/data/shop/db is no kv-v2 secret: is the mount's version 1?", 0),
    ),
    "no right": (
        KV2,
        403,
        {"errors": ["1 error occurred:\n\t* permission denied\n\n"]},
        ("forbidden", "Vault refuses GET kv/data/shop/db: 1 error occurred: * permission denied", 0),
    ),
    "a bad request": (
        pki_issue("pki", "app"),
        400,
        {"errors": ["common name x not allowed by this role"]},
        ("refused", "Vault refuses PUT pki/issue/app (400): common name x not allowed by this role", 400),
    ),
    "a wrong method": (
        KV2,
        405,
        {"errors": []},
        ("refused", "Vault refuses GET kv/data/shop/db (405): no reason given", 405),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_why_there_is_no_value(name: str) -> None:
    request, status, body, told = REFUSALS[name]

    assert refused(request, status, body) == told


def test_foreign_texts_are_one_bounded_line_without_tokens() -> None:
    token = "hvs." + "A" * 24
    _, summary, _ = refused(KV2, 400, {"errors": [f"bad \x1b[31m{token}\n" + "x" * 5000, 7]})

    assert (token in summary, summary.isprintable(), len(summary) < 400, "hvs.****" in summary) == (
        False,
        True,
        True,
        True,
    )


def test_answers_of_a_server_that_says_nonsense_are_no_crash() -> None:
    payload = answered(dynamic("db", "x"), {"data": [1], "lease_duration": None, "warnings": "no", "lease_id": None})

    assert payload == Payload({}, {}, 0, "", 0, False, "", (), 5.0, "a")
    assert refused(KV2, 404, {"data": {"data": None, "metadata": []}})[0] == "deleted"


def whole(text: str) -> int | str:
    """What `{"lease_duration": <text>}` says, or the reason why it says nothing."""
    try:
        body = loads(f'{{"lease_duration": {text}}}'.encode())
        return payload_of(dynamic("db", "x"), 200, body, at=5.0).lease_duration
    except VaultFault as fault:
        return fault.reason


def test_a_lease_has_a_whole_number_of_seconds_within_bounds() -> None:
    texts = ["0", "60", "-5", "9" * 19, "9" * 5000, "1e999", "60.5", '"60"', "true", "[60]", "NaN", "Infinity"]

    assert {text[:20]: whole(text) for text in texts} == {
        "0": 0,
        "60": 60,
        "-5": 0,
        "9" * 19: 100 * 365 * 86_400,
        **dict.fromkeys(["9" * 20, "1e999", "60.5", '"60"', "true", "[60]", "NaN", "Infinity"], "unreachable"),
    }


IDS: dict[str, tuple[Any, str]] = {
    "a lease's": ("db/creds/app/x", "db/creds/app/x"),
    "of a mount with another script": ("größe/creds/app/x", "größe/creds/app/x"),
    "the longest": ("x" * 1024, "x" * 1024),
    "none": (None, ""),
    "too long": ("x" * 1025, "unreachable"),
    "two lines": ("a\nb", "unreachable"),
    "half a character": ("\ud800", "unreachable"),
    "a list": (["a"], "unreachable"),
    "a number": (5, "5"),
}


@pytest.mark.parametrize("field", ["lease_id", "request_id"])
@pytest.mark.parametrize("case", IDS)
def test_an_id_is_one_that_a_status_can_hold(case: str, field: str) -> None:
    given, expected = IDS[case]
    try:
        told = getattr(answered(dynamic("db", "x"), {field: given}), field)
    except VaultFault as fault:
        told = fault.reason

    assert told == expected


@pytest.mark.parametrize("version", ["1e999", "-1", "9" * 30, '"1"', "null", "1.5"])
def test_a_version_that_is_none_counts_as_unknown(version: str) -> None:
    body = loads(f'{{"data": {{"data": {{}}, "metadata": {{"version": {version}}}}}}}'.encode())

    assert payload_of(KV2, 200, body, at=5.0).version == 0


def test_no_text_shows_a_value(canary: str) -> None:
    payload = answered(KV2, {"data": {"data": {"password": canary}, "metadata": {"version": 1}}})
    request = dynamic("db", "creds/app", "PUT", {"password": canary})
    print(payload, repr(payload), request, f"{request!r}")
