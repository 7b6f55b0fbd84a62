"""Vault that does not answer as it should: each fault has its reason, one clear line, an end in time, and never the token in it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest

from keywave.vault import wire
from keywave.vault.client import OutOfReach, connect
from keywave.vault.login.token import TokenLogin
from keywave.vault.masked import Masked
from keywave.vault.retrying import Retries
from keywave.vault.settings import Settings
from keywave.vault.wire import Response
from rig import fault_proxy as faults
from rig.fault_proxy import Fault, FaultProxy
from rig.ports import free_port
from rig.tls import Authority
from rig.vault import Vault

QUICK = Retries(attempts=3, first=0.05, most=0.1, longest=2.0)


def settings(address: str, **changed: Any) -> Settings:
    return Settings(address, timeout=1.0, deadline=20.0, retries=QUICK)._replace(**changed)


def ask(settings: Settings, token: str, times: int = 1) -> list[Response]:
    with connect(settings, TokenLogin(Masked(token))) as session:
        return session.ask_all([wire.mounts()] * times)


def fault_of(settings: Settings, token: str) -> OutOfReach:
    """The fault, after what holds for every fault."""
    began = time.monotonic()
    with pytest.raises(OutOfReach) as raised:
        ask(settings, token)
    fault = raised.value
    text = f"{fault} {fault.summary} {fault.hint} {fault!r}"
    assert time.monotonic() - began < 5
    assert fault.exit_code == 3
    assert "\n" not in text
    assert token not in text
    assert fault.__cause__ is None
    return fault


ANSWERED: dict[str, tuple[Fault, str, str]] = {
    "slow bytes": (faults.slow(0.1), "timeout", "did not answer within 1 s"),
    "no answer": (faults.silent(), "timeout", "did not answer within 1 s"),
    "a cut body": (faults.cut(), "server-error", "ended the connection in the middle of an answer"),
    "a cut connection": (faults.cut(0), "refused", "ended the connection without an answer"),
    "429": (
        faults.rate_limited("0"), "rate-limited", 'limits the rate of requests (429): request path "x": rate limit quota exceeded',
    ),
    "429 for an hour": (
        faults.rate_limited("3600"), "rate-limited", 'limits the rate of requests (429): request path "x": rate limit quota exceeded',
    ),
    "500": (faults.server_error(500), "server-error", "answered 500: internal error"),
    "502 of a load balancer": (faults.not_json(b"<html>bad gateway", 502), "server-error", "answered 502"),
    "503": (faults.server_error(503, "no leader\nyet"), "server-error", "answered 503: no leader yet"),
    "sealed": (faults.sealed(), "sealed", "is sealed"),
    "no active node": (
        faults.server_error(500, "local node not active but active cluster node not found"), "standby",
        "has no active node (500): local node not active but active cluster node not found",
    ),
    "a login page": (
        faults.redirected("https://sso.example.com/login?next=x"), "standby",
        "sends elsewhere (302) to https://sso.example.com/login instead of answering",
    ),
    "a standby that sends to http": (
        faults.redirected("ftp://elsewhere/v1/sys/mounts", 307), "standby",
        "sends elsewhere (307) to ftp://elsewhere/v1/sys/mounts instead of answering",
    ),
    "200 MB": (faults.huge(), "too-large", "sent an answer of more than 16 MiB"),
    "200 MB in chunks": (faults.huge(chunked=True), "too-large", "sent an answer of more than 16 MiB"),
    "no JSON": (faults.not_json(), "not-json", "answered 200 with something that is not Vault's JSON"),
    "cut JSON": (faults.answers(200, b'{"data": {'), "not-json", "answered 200 with something that is not Vault's JSON"),
    "a list": (faults.answers(200, []), "not-json", "answered 200 with something that is not Vault's JSON"),
    "a 404 of a gateway": (
        faults.answers(404, {"message": "no Route matched with those values"}), "not-json",
        "answered 404 with something that is not Vault's JSON",
    ),
    "an empty 403": (faults.answers(403, {}), "not-json", "answered 403 with something that is not Vault's JSON"),
    "a teapot": (faults.answers(418), "server-error", "answered 418"),
}  # fmt: skip


@pytest.mark.parametrize("what", ANSWERED)
def test_a_fault_has_its_reason_and_one_line(what: str, vault: Vault, fault_proxy: FaultProxy) -> None:
    fault, reason, line = ANSWERED[what]
    fault_proxy.fail(fault, "sys/mounts")

    found = fault_of(settings(fault_proxy.url), vault.token)

    assert (found.reason, found.summary) == (reason, f"Vault at {fault_proxy.url} {line}")


def test_nobody_listens(vault: Vault) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    found = fault_of(settings(url), vault.token)

    assert (found.reason, found.summary) == ("refused", f"Vault at {url} refused the connection")


def test_a_host_without_an_address(vault: Vault) -> None:
    found = fault_of(settings("http://vault.invalid:8200"), vault.token)

    assert found.reason == "name"
    assert found.summary == "Vault at http://vault.invalid:8200: the host vault.invalid has no address"


def tls_fault(vault: Vault, certificates: Authority, leaf: dict[str, Any], **changed: Any) -> OutOfReach:
    made = certificates.leaf(f"leaf-{secrets.token_hex(3)}", **leaf)
    with faults.fault_proxy(vault.url, made.context()) as proxy:
        return fault_of(settings(proxy.url, **{"ca_file": str(certificates.cert), **changed}), vault.token)


def test_an_expired_certificate(vault: Vault, certificates: Authority) -> None:
    found = tls_fault(vault, certificates, {"expired": True})

    assert (found.reason, found.summary.partition(": ")[2]) == ("tls", "the certificate has expired")


def test_a_wrong_server_name(vault: Vault, certificates: Authority) -> None:
    found = tls_fault(vault, certificates, {"subject": "DNS:other.example.com"})

    assert (found.reason, found.summary.partition(": ")[2]) == ("tls", "the certificate is not for the name 127.0.0.1")


def test_another_ca(vault: Vault, certificates: Authority) -> None:
    found = tls_fault(vault, certificates, {}, ca_file="")

    assert found.reason == "tls"
    assert "the certificate is signed by a CA that is not trusted here" in found.summary
    assert found.hint == "give the CA's file in VAULT_CACERT"


def test_https_where_http_is_spoken(vault: Vault, fault_proxy: FaultProxy) -> None:
    url = vault.url.replace("http:", "https:")

    found = fault_of(settings(url), vault.token)

    assert (found.reason, found.summary) == ("tls", f"Vault at {url} does not speak TLS")


def test_the_right_certificate_is_taken_by_address_and_by_a_name_given(vault: Vault, certificates: Authority) -> None:
    by_name = certificates.leaf("by-name", subject="DNS:vault.example.com")
    for leaf, name in ((certificates.leaf("right"), ""), (by_name, "vault.example.com")):
        with faults.fault_proxy(vault.url, leaf.context()) as proxy:
            given = settings(proxy.url, ca_file=str(certificates.cert), server_name=name)

            assert ask(given, vault.token)[0].ok


def test_skip_verify_takes_any_certificate(vault: Vault, certificates: Authority) -> None:
    with faults.fault_proxy(vault.url, certificates.leaf("old", expired=True).context()) as proxy:
        assert ask(settings(proxy.url, skip_verify=True), vault.token)[0].ok


@pytest.mark.parametrize(
    "fault", [faults.rate_limited("1"), faults.server_error(500), faults.server_error(502), faults.cut(), faults.cut(0)]
)
def test_what_passes_is_asked_again(fault: Fault, vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(fault, "sys/mounts", times=2)

    assert [answer.ok for answer in ask(settings(fault_proxy.url), vault.token)] == [True]
    assert fault_proxy.paths() == ["auth/token/lookup-self", "sys/mounts", "sys/mounts", "sys/mounts"]


def test_retry_after_is_honoured(vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(faults.rate_limited("1"), "sys/mounts", times=1)
    began = time.monotonic()

    ask(settings(fault_proxy.url), vault.token)

    assert 1.0 <= time.monotonic() - began < 2.5


def test_what_does_not_pass_is_asked_once(vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(faults.sealed(), "sys/mounts")

    fault_of(settings(fault_proxy.url), vault.token)

    assert fault_proxy.paths() == ["auth/token/lookup-self", "sys/mounts"]


def test_a_standby_is_followed_once_to_the_active_node(vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(faults.standby(vault.url))

    assert ask(settings(fault_proxy.url), vault.token)[0].ok


def test_a_standby_that_sends_on_and_on_is_left(vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(faults.standby(fault_proxy.url), "sys/mounts")

    found = fault_of(settings(fault_proxy.url), vault.token)

    assert found.reason == "standby"
    assert fault_proxy.paths().count("sys/mounts") == 2


def test_the_token_is_not_sent_from_https_to_http(
    vault: Vault, fault_proxy: FaultProxy, certificates: Authority
) -> None:
    with faults.fault_proxy(vault.url, certificates.leaf("standby").context()) as proxy:
        proxy.fail(faults.standby(fault_proxy.url))

        found = fault_of(settings(proxy.url, ca_file=str(certificates.cert)), vault.token)

    assert found.reason == "standby"
    assert fault_proxy.asked == []


def policy(vault: Vault, text: str) -> str:
    name = f"fault-{secrets.token_hex(4)}"
    vault.policy(name, text)
    return name


READS_MOUNTS = 'path "sys/mounts" { capabilities = ["read"] }'


def test_a_token_that_expires_midway(vault: Vault, fault_proxy: FaultProxy) -> None:
    name = policy(vault, READS_MOUNTS)
    body = {"policies": [name], "ttl": "1s", "no_parent": True}
    token = str(vault.request("POST", "auth/token/create", body).body["auth"]["client_token"])
    with connect(settings(fault_proxy.url), TokenLogin(Masked(token))) as session:
        assert session.ask(wire.mounts()).ok
        time.sleep(1.5)
        with pytest.raises(OutOfReach) as raised:
            session.ask(wire.mounts())

    assert raised.value.reason == "login"
    assert raised.value.summary == f"Vault at {fault_proxy.url} ended the token midway (the token of VAULT_TOKEN)"


def test_a_token_revoked_midway(vault: Vault, fault_proxy: FaultProxy) -> None:
    token = vault.token_for(policy(vault, READS_MOUNTS))
    revoke = faults.then(lambda: vault.write("auth/token/revoke", {"token": token}) and None)
    fault_proxy.fail(revoke, "sys/mounts", after=3, times=1)

    with pytest.raises(OutOfReach) as raised:
        ask(settings(fault_proxy.url), token, times=50)

    assert raised.value.reason == "login"
    assert token not in str(raised.value)


def test_a_permission_lost_midway_is_an_answer(vault: Vault, fault_proxy: FaultProxy) -> None:
    name = policy(vault, READS_MOUNTS)
    token = vault.token_for(name)
    take: Callable[[], None] = lambda: vault.policy(name, 'path "other" { capabilities = ["read"] }')  # noqa: E731
    fault_proxy.fail(faults.then(take), "sys/mounts", after=1, times=1)

    with connect(settings(fault_proxy.url), TokenLogin(Masked(token))) as session:
        assert [session.ask(wire.mounts()).status for _ in range(3)] == [200, 403, 403]


def test_the_whole_has_an_end(vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(faults.server_error(500), "sys/mounts")
    patient = Retries(attempts=100, first=0.3, most=0.3)

    found = fault_of(settings(fault_proxy.url, deadline=1.5, retries=patient), vault.token)

    assert found.reason in ("server-error", "timeout")


def test_one_fault_ends_all_requests(vault: Vault, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail(faults.sealed(), "sys/mounts", after=20, times=1)

    with pytest.raises(OutOfReach):
        ask(settings(fault_proxy.url), vault.token, times=1000)

    assert len(fault_proxy.asked) < 60
