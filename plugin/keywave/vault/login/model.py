"""What a login is: frozen values, and what they ask Vault for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from keywave.errors import UsageError
from keywave.vault.masked import Masked
from keywave.vault.settings import ConnectOptions


class Grant(NamedTuple):
    """A token to work with. `ttl` in seconds, 0 = not known or none; `revocable`: we made it, and revoke it at the end."""

    token: Masked
    ttl: int = 0
    revocable: bool = False


class Door(Protocol):
    """What a login may ask. `label` is the login's, for messages; all raise OutOfReach (reason login when refused)."""

    def log_in(self, mount: str, body: Mapping[str, object], label: str) -> Grant:
        """POST auth/<mount>/login."""
        ...

    def unwrap(self, token: Masked, label: str) -> Mapping[str, Any]:
        """The `data` that was response-wrapped."""
        ...

    def fetch(self, url: str, bearer: Masked, called: str) -> Mapping[str, Any]:
        """GET JSON from another server over https."""
        ...


class Login(Protocol):
    """A way to log in, chosen and complete. Its repr shows no secret."""

    @property
    def label(self) -> str:
        """For people: `kubernetes login at auth/kubernetes as role "ci"`."""
        ...

    @property
    def given(self) -> bool:
        """The token is the user's own: not revoked at the end, not made anew."""
        ...

    def log_in(self, door: Door) -> Grant:
        """Raises OutOfReach; UsageError for a file that is gone."""
        ...


class LoginMethod(Protocol):
    """What a module of a login offers."""

    def offered(self, environ: Mapping[str, str], options: ConnectOptions) -> bool:
        """Whether the surroundings suggest this method where none is named."""
        ...

    def choose(self, environ: Mapping[str, str], options: ConnectOptions) -> Login:
        """Raises UsageError that names what is missing. Reads no file: that is done at each login."""
        ...


def secret_file(path: str, what: str, limit: int = 64 * 1024) -> Masked:
    """The text of a file without the line's end. Raises UsageError for one that is absent, empty or no single line."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{what} cannot be read from {path}: {(error.strerror or 'no file').lower()}") from None
    return secret_text(data.decode("ascii", "replace") if len(data) <= limit else "", f"{what} in {path}")


def secret_text(text: str, what: str) -> Masked:
    """A text that fits into a header. Raises UsageError, without the text."""
    plain = text.strip()
    if not plain:
        raise UsageError(f"{what} is empty")
    if not plain.isascii() or not plain.isprintable() or " " in plain:
        raise UsageError(f"{what} is not a token: it has spaces, line ends or other signs that no token has")
    return Masked(plain)


def role_and_mount(environ: Mapping[str, str], options: ConnectOptions, mount: str) -> tuple[str, str]:
    """VAULT_AUTH_ROLE and VAULT_AUTH_PATH are the names that GitLab uses."""
    role = options.role or environ.get("VAULT_AUTH_ROLE", "")
    path = (options.mount or environ.get("VAULT_AUTH_PATH", "") or mount).strip("/")
    return role, path.removeprefix("auth/")


def called(method: str, mount: str, role: str) -> str:
    """A login's label."""
    return f"{method} login at auth/{mount}" + (f' as role "{role}"' if role else "")
