"""The jwt auth method, with the identity token of a CI system: GitLab's `id_tokens` (VAULT_ID_TOKEN), a file, or GitHub Actions, which
gives one for an audience when asked (https://docs.github.com/actions: permissions id-token: write)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from keywave.errors import UsageError
from keywave.vault.faults import OutOfReach
from keywave.vault.login.model import Door, Grant, called, role_and_mount, secret_file, secret_text
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.settings import ConnectOptions

GITHUB = "GitHub's token service"


class JwtLogin(NamedTuple):
    """The token itself, its file, or where GitHub gives it (`url` holds no secret, `bearer` does)."""

    role: str
    mount: str = "jwt"
    token: Masked = NO_TEXT
    file: str = ""
    url: Masked = NO_TEXT
    bearer: Masked = NO_TEXT
    audience: str = ""

    @property
    def label(self) -> str:
        return called("jwt", self.mount, self.role)

    @property
    def given(self) -> bool:
        return False

    def log_in(self, door: Door) -> Grant:
        body = {"jwt": self._token(door).reveal()}
        if self.role:  # else the auth method's default_role
            body["role"] = self.role
        return door.log_in(self.mount, body, self.label)

    def _token(self, door: Door) -> Masked:
        if self.file:
            return secret_file(self.file, "the JWT")
        if not self.url:
            return self.token
        url = self.url.reveal()
        if self.audience:
            url += f"{'&' if '?' in url else '?'}audience={quote(self.audience, safe='')}"
        value = door.fetch(url, self.bearer, GITHUB).get("value")
        if not isinstance(value, str):
            raise OutOfReach("login", f"{GITHUB} gave no token")
        return secret_text(value, f"the token of {GITHUB}")


def offered(environ: Mapping[str, str], options: ConnectOptions) -> bool:
    if environ.get("VAULT_ID_TOKEN"):
        return True
    return bool(environ.get("ACTIONS_ID_TOKEN_REQUEST_URL") and role_and_mount(environ, options, "")[0])


def choose(environ: Mapping[str, str], options: ConnectOptions) -> JwtLogin:
    login = JwtLogin(*role_and_mount(environ, options, "jwt"), audience=options.audience)
    if options.token_file:
        return login._replace(file=options.token_file)
    if environ.get("VAULT_ID_TOKEN"):
        return login._replace(token=secret_text(environ["VAULT_ID_TOKEN"], "VAULT_ID_TOKEN"))
    url, bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", ""), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if url and bearer:
        return login._replace(url=Masked(url), bearer=secret_text(bearer, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    if environ.get("GITHUB_ACTIONS"):
        raise UsageError("the jwt login has no token", hint="give the job `permissions: {id-token: write}`")
    raise UsageError(
        "the jwt login has no token", hint="set VAULT_ID_TOKEN (GitLab: id_tokens), or name a file with it"
    )
