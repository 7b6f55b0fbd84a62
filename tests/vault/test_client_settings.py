"""How Vault is reached, by options and by the variables of Vault's own command line; when to ask again; which proxy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.errors import UsageError
from keywave.vault.faults import OutOfReach, Reason, one_line
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.origin import origin_of
from keywave.vault.proxies import proxy_for
from keywave.vault.retrying import Retries, wait_before_next
from keywave.vault.settings import ConnectOptions, Settings, cautions, settings_from

ADDRESS = "https://vault.example.com:8200"


@pytest.mark.parametrize(
    ("environ", "options", "wanted"),
    [
        ({"VAULT_ADDR": ADDRESS + "/"}, {}, {}),
        ({"VAULT_ADDR": "http://other"}, {"address": ADDRESS}, {}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_NAMESPACE": "/a/b/"}, {}, {"namespace": "a/b"}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CACERT": "ca", "VAULT_CAPATH": "folder"}, {}, {"ca_file": "ca"}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CAPATH": "folder"}, {}, {"ca_path": "folder"}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_TLS_SERVER_NAME": "v"}, {}, {"server_name": "v"}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_SKIP_VERIFY": "T"}, {}, {"skip_verify": True}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CLIENT_TIMEOUT": "90"}, {}, {"timeout": 90.0}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CLIENT_TIMEOUT": "1m30s"}, {}, {"timeout": 90.0}),
        ({"VAULT_ADDR": ADDRESS, "VAULT_MAX_RETRIES": "0"}, {}, {"retries": Retries(attempts=1)}),
        ({"VAULT_ADDR": ADDRESS, "HTTPS_PROXY": "http://p:1"}, {}, {"proxy": Masked("http://p:1")}),
    ],
)
def test_settings_are_read_as_vault_reads_them(
    environ: dict[str, str], options: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert settings_from(environ, ConnectOptions(**options)) == Settings(ADDRESS)._replace(**wanted)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "no address of Vault"),
        ({"VAULT_ADDR": "vault:8200"}, "VAULT_ADDR is neither http:// nor https://: 'vault:8200'"),
        ({"VAULT_ADDR": "unix:///run/vault.sock"}, "VAULT_ADDR is neither http:// nor https://: 'unix:///run/vault.sock'"),
        ({"VAULT_ADDR": "https://vault:port"}, "VAULT_ADDR is not an address"),
        ({"VAULT_ADDR": "https://u:p@vault"}, "VAULT_ADDR holds a name or password before the @; Vault takes none"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_SKIP_VERIFY": "yes"}, "VAULT_SKIP_VERIFY is neither true nor false: 'yes'"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CLIENT_TIMEOUT": "soon"}, "not a time in VAULT_CLIENT_TIMEOUT: 'soon'"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_MAX_RETRIES": "-1"}, "VAULT_MAX_RETRIES is not a number: '-1'"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_said(environ: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        settings_from(environ, ConnectOptions())

    assert raised.value.summary == said


def test_a_certificate_that_is_not_verified_is_said() -> None:
    assert cautions(Settings(ADDRESS)) == ()
    assert cautions(Settings(ADDRESS, skip_verify=True)) == (
        "Vault's certificate is not verified (VAULT_SKIP_VERIFY): anybody on the way can pose as Vault",
    )


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, "https://v", ""),
        ({"HTTPS_PROXY": "p:3128"}, "https://v", "http://p:3128"),
        ({"https_proxy": "http://p"}, "https://v", "http://p"),
        ({"HTTP_PROXY": "http://p"}, "https://v", ""),
        ({"HTTP_PROXY": "http://p"}, "http://v", "http://p"),
        ({"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}, "http://v", ""),
        ({"HTTPS_PROXY": "http://p"}, "https://127.0.0.1", ""),
        ({"VAULT_PROXY_ADDR": "http://p"}, "https://127.0.0.1", "http://p"),
        ({"VAULT_HTTP_PROXY": "http://q", "HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, "https://v", "http://q"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "a, example.com"}, "https://v.example.com", ""),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "example.com"}, "https://notexample.com", "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": ".example.com"}, "https://example.com", "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "v:8200"}, "https://v:8200", ""),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "v:8200"}, "https://v", "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3", ""),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, "https://11.1.2.3", "http://p"),
    ],
)
def test_the_proxy_is_chosen_as_vault_chooses_it(environ: dict[str, str], url: str, proxy: str) -> None:
    assert proxy_for(origin_of(url, "x"), environ) == (Masked(proxy) if proxy else NO_TEXT)


@pytest.mark.parametrize(
    ("reason", "attempt", "changed", "reached", "wait"),
    [
        ("server-error", 1, {"transient": True}, True, 0.25),
        ("server-error", 3, {"transient": True}, True, 1.0),
        ("server-error", 5, {"transient": True}, True, None),
        ("server-error", 1, {}, True, None),
        ("refused", 1, {"transient": True}, False, None),
        ("refused", 1, {"transient": True}, True, 0.25),
        ("timeout", 1, {"transient": True}, False, 0.25),
        ("timeout", 2, {"transient": True}, True, None),
        ("rate-limited", 1, {"transient": True, "retry_after": 2.0}, True, 2.2),
        ("rate-limited", 1, {"transient": True, "retry_after": 31.0}, True, None),
        ("sealed", 1, {}, True, None),
    ],
)
def test_only_what_passes_is_asked_again(
    reason: Reason, attempt: int, changed: dict[str, Any], reached: bool, wait: float | None
) -> None:
    fault = OutOfReach(reason, "x", **changed)

    assert wait_before_next(Retries(), attempt, fault, 60.0, 1.0, reached=reached) == wait


@given(st.integers(1, 50), st.floats(0, 1), st.floats(0, 100), st.floats(0, 1000), st.booleans())
def test_a_wait_never_goes_past_the_deadline(
    attempt: int, chance: float, left: float, retry_after: float, reached: bool
) -> None:
    fault = OutOfReach("rate-limited", "x", transient=True, retry_after=retry_after)

    wait = wait_before_next(Retries(attempts=100), attempt, fault, left, chance, reached=reached)

    assert wait is None or retry_after <= wait < left or (not retry_after and wait < left)


@given(st.text())
def test_a_foreign_text_becomes_one_short_line(text: str) -> None:
    line = one_line(text)

    assert len(line) <= 200
    assert line.isprintable()


def test_a_token_in_a_foreign_text_is_masked() -> None:
    assert one_line("no\n such hvs.ABCDEFGHIJ token") == "no such hvs.**** token"


def test_choosing_how_to_connect_imports_no_hvac() -> None:
    """A quarter of a second that only a live run may cost."""
    probe = (
        "import sys, keywave.vault.session, keywave.vault.settings as s, keywave.vault.login as l\n"
        "l.login_from({'VAULT_TOKEN': 'x'}, s.ConnectOptions()); s.settings_from({'VAULT_ADDR': 'https://v'}, s.ConnectOptions())\n"
        "print([m for m in ('hvac', 'requests', 'http.client') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "[]\n"


def test_workers_are_bounded_and_a_deadline_is_a_time() -> None:
    environ = {"VAULT_ADDR": "http://vault"}

    assert settings_from(environ, ConnectOptions(workers=10_000)).workers == 64
    for deadline in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="the deadline is no time above 0"):
            settings_from(environ, ConnectOptions(deadline=deadline))
