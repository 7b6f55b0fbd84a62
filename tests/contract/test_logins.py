"""Every login, driven through the one Protocol: a new one is tested by being in the dict."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keywave.errors import UsageError
from keywave.vault.login import LOGINS, login_from
from keywave.vault.login.model import Grant
from keywave.vault.masked import Masked
from keywave.vault.settings import ConnectOptions

NAMES = sorted(LOGINS)
NOTHING = ConnectOptions()


def complete(name: str, secret: str) -> dict[str, str]:
    """An environment that offers this login, and no other, with the secret by variable."""
    return {
        "token": {"VAULT_TOKEN": secret},
        "approle": {"VAULT_ROLE_ID": "role-id", "VAULT_SECRET_ID": secret},
        "jwt": {"VAULT_ID_TOKEN": secret, "VAULT_AUTH_ROLE": "ci"},
        "kubernetes": {"VAULT_AUTH_ROLE": "ci", "VAULT_AUTH_METHOD": "kubernetes"},
    }[name]


class RecordingDoor:
    """Says yes to everything and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    def log_in(self, mount: str, body: Mapping[str, object], label: str) -> Grant:
        self.asked.append((mount, body))
        return Grant(Masked("hvs.got-by-login"), 60, revocable=True)

    def unwrap(self, token: Masked, label: str) -> Mapping[str, Any]:
        return {"secret_id": "unwrapped"}

    def fetch(self, url: str, bearer: Masked, called: str) -> Mapping[str, Any]:
        return {"value": f"jwt-for-{url}"}


def test_the_logins_that_the_command_line_offers() -> None:
    assert NAMES == ["approle", "jwt", "kubernetes", "token"]


@pytest.mark.parametrize("name", NAMES)
def test_a_login_is_chosen_by_name_and_by_what_is_there(name: str, canary: str) -> None:
    environ = complete(name, canary)

    assert login_from(environ, NOTHING) == LOGINS[name].choose(environ, NOTHING)
    assert login_from(environ, ConnectOptions(method=name)) == login_from(environ, NOTHING)


@pytest.mark.parametrize("name", NAMES)
def test_a_login_shows_no_secret(name: str, canary: str) -> None:
    login = login_from(complete(name, canary), NOTHING)

    for text in (repr(login), str(login), f"{login}", login.label, logging.Formatter().format(
        logging.LogRecord("x", 20, "x", 1, "%s", (login,), None)
    )):  # fmt: skip
        assert canary not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_login_reads_its_file_at_each_login(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    options = ConnectOptions(
        method=name, role="ci", role_id="role-id", token_file=str(file), secret_id_file=str(file), mount="m"
    )
    login, door, tokens = login_from({}, options), RecordingDoor(), []
    for text in ("first", "second\n"):
        file.write_text(text)
        tokens.append(login.log_in(door).token.reveal())

    seen = [text for _, body in door.asked for text in body.values() if text in ("first", "second")]
    assert (seen or tokens) == ["first", "second"]
    assert {mount for mount, _ in door.asked} <= {"m"}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_absent_empty_or_no_token_is_a_usage_error_without_its_text(
    name: str, tmp_path: Path, canary: str
) -> None:
    file = tmp_path / "secret"
    options = ConnectOptions(method=name, role="ci", role_id="r", token_file=str(file), secret_id_file=str(file))
    for content, said in ((None, "cannot be read from"), ("", "is empty"), (f"{canary}\nX-Evil: 1", "is not a token")):
        if content is not None:
            file.write_text(content)
        with pytest.raises(UsageError, match=said) as raised:
            login_from({}, options).log_in(RecordingDoor())
        assert canary not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "said", "hint"),
    [
        ({}, "no login for Vault: there is no token", "set VAULT_TOKEN or run `vault login`"),
        ({"VAULT_AUTH_METHOD": "approle"}, "the approle login has no RoleID", "set VAULT_ROLE_ID"),
        ({"VAULT_AUTH_METHOD": "kubernetes"}, "the kubernetes login has no role", "set VAULT_AUTH_ROLE"),
        ({"VAULT_AUTH_METHOD": "jwt"}, "the jwt login has no token", "set VAULT_ID_TOKEN (GitLab: id_tokens)"),
        (
            {"VAULT_AUTH_METHOD": "jwt", "GITHUB_ACTIONS": "true"},
            "the jwt login has no token",
            "give the job `permissions: {id-token: write}`",
        ),
        ({"VAULT_AUTH_METHOD": "aprole"}, "there is no login method 'aprole'", 'did you mean "approle"?'),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], said: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        login_from(environ, NOTHING)

    assert (raised.value.summary, raised.value.hint[: len(hint)]) == (said, hint)


def test_github_is_asked_for_the_audience() -> None:
    environ = {
        "VAULT_AUTH_ROLE": "ci",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x/?v=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
    }
    door = RecordingDoor()

    login_from(environ, ConnectOptions(audience="https://vault")).log_in(door)

    assert door.asked == [("jwt", {"jwt": "jwt-for-https://x/?v=2&audience=https%3A%2F%2Fvault", "role": "ci"})]


def test_a_masked_text_goes_nowhere(canary: str) -> None:
    masked = Masked(canary)

    assert (repr(masked), str(masked), f"{masked}", repr((masked,))) == ("****", "****", "****", "(****,)")
    with pytest.raises(TypeError):
        pickle.dumps(masked)
