"""A TokenRequest: what is sent, what is said when it fails, and that no token is ever in a text."""

from __future__ import annotations

import json
import threading
import time

import pytest
from kube_server import answering, dripping

from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.token_request import ServiceAccountToken, TokenFor, request_token

ASKED = TokenFor("shop", "payments", ("vault",), 30)
WHO = "ServiceAccount shop/payments"


def said(status: int, message: str) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": status}).encode()


def test_the_request_names_audiences_and_at_least_ten_minutes(canary: str) -> None:
    with answering(201, json.dumps({"status": {"token": "fake"}}).encode()) as seen:
        token = request_token(ApiServer(seen.url, token="caller"), ASKED)

    spec = {"expirationSeconds": 600, "audiences": ["vault"]}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = "/api/v1/namespaces/shop/serviceaccounts/payments/token"
    assert (token.reveal(), seen) == ("fake", [(path, "Bearer caller", body)])


def test_without_audiences_none_are_sent() -> None:
    with answering(201, b'{"status": {"token": "fake"}}') as seen:
        request_token(ApiServer(seen.url), TokenFor("shop", "payments"))

    assert seen[0][1:] == (
        None,
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}},
    )


def test_no_text_shows_a_token(canary: str) -> None:
    shown = repr(ServiceAccountToken(canary)) + str(ServiceAccountToken(canary))
    shown += repr(ApiServer("https://kube", token=canary, key=canary))

    assert canary not in shown


FAILURES = {
    404: ("absent", f"there is no {WHO} in the cluster"),
    403: ("forbidden", f"Kubernetes does not let this caller make a token of {WHO}"),
    401: ("unauthorized", "Kubernetes does not know this caller: the token of the kubeconfig has ended or is wrong"),
    422: ("invalid", "Kubernetes refuses (422): why"),
    503: ("server-error", "Kubernetes refuses (503): why"),
    429: ("limited", "Kubernetes refuses (429): why"),
}


@pytest.mark.parametrize("status", FAILURES)
def test_a_refusal_is_said_in_one_line(status: int) -> None:
    with answering(status, said(status, "why")) as seen, pytest.raises(KubeError) as refused:
        request_token(ApiServer(seen.url), ASKED)

    assert (refused.value.reason, refused.value.summary, refused.value.exit_code) == (*FAILURES[status], 3)


def test_a_long_refusal_of_several_lines_is_cut_to_one() -> None:
    with answering(422, said(422, "a\n\x1b" + "b" * 5000)) as seen, pytest.raises(KubeError) as refused:
        request_token(ApiServer(seen.url), ASKED)

    assert refused.value.summary == "Kubernetes refuses (422): a " + "b" * 298


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b"\xff", b'{"status": {"token": 7}}', b'{"status": []}'])
def test_an_answer_of_another_kind_is_not_shown(body: bytes) -> None:
    with answering(200, body) as seen, pytest.raises(KubeError) as refused:
        request_token(ApiServer(seen.url), ASKED)

    assert (refused.value.reason, refused.value.__cause__) == ("answer", None)


def test_a_server_that_is_silent_is_left_after_the_time_limit() -> None:
    started = time.monotonic()
    with answering(200, b"{}", wait=threading.Event()) as seen, pytest.raises(KubeError) as refused:
        request_token(ApiServer(seen.url), ASKED, timeout=0.2)

    assert (refused.value.summary, time.monotonic() - started < 4) == (
        f"Kubernetes at {seen.url} did not answer within 0.2 s",
        True,
    )


def test_a_server_that_sends_a_byte_now_and_then_is_left_after_twice_the_time_limit() -> None:
    started = time.monotonic()
    with dripping(0.1) as url, pytest.raises(KubeError) as refused:
        request_token(ApiServer(url), ASKED, timeout=0.3)

    assert (refused.value.reason, time.monotonic() - started < 2) == ("timeout", True)


@pytest.mark.parametrize("sign", ["\n", "\r", "\u00fc"])
def test_a_token_that_fits_into_no_header_is_said_and_not_shown(sign: str, canary: str) -> None:
    with pytest.raises(KubeError) as refused:
        request_token(ApiServer("http://127.0.0.1:1", token=canary + sign), ASKED)

    assert refused.value.reason == "config"
    assert canary not in refused.value.summary
    assert "is not a token" in refused.value.summary


UNREACHABLE = {
    "http://127.0.0.1:1": "refused",
    "https://me:fake-password@127.0.0.1:1": "config",
    "https://kube.invalid:6443": "name",
    "ftp://kube": "config",
    "": "config",
    "https://kube:99999999": "config",
    "https://[::1": "config",
}


@pytest.mark.parametrize("url", UNREACHABLE)
def test_an_address_that_leads_nowhere_is_said(url: str) -> None:
    with pytest.raises(KubeError) as refused:
        request_token(ApiServer(url), ASKED, timeout=2)

    assert refused.value.reason == UNREACHABLE[url]


@pytest.mark.parametrize("ca", ["fake-ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_that_is_no_certificate_is_said(ca: str) -> None:
    with pytest.raises(KubeError) as refused:
        request_token(ApiServer("https://127.0.0.1:1", ca=ca), ASKED)

    assert refused.value.summary == "the CA or the client certificate of the kubeconfig cannot be read as PEM"
