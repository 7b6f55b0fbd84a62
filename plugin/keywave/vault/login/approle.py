"""The approle auth method: a RoleID, which is a name, and a SecretID from the environment or a file, perhaps response-wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from keywave.errors import UsageError
from keywave.vault.faults import OutOfReach
from keywave.vault.login.model import Door, Grant, role_and_mount, secret_file, secret_text
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.settings import ConnectOptions


class AppRoleLogin(NamedTuple):
    """Of secret_id, file and wrapped at most one is set; none for a role with bind_secret_id=false."""

    role_id: str
    mount: str = "approle"
    secret_id: Masked = NO_TEXT
    file: str = ""
    wrapped: Masked = NO_TEXT

    @property
    def label(self) -> str:
        return f"approle login at auth/{self.mount}"

    @property
    def given(self) -> bool:
        # A wrapping token serves once: there is no second login.
        return False

    def log_in(self, door: Door) -> Grant:
        body = {"role_id": self.role_id}
        secret = self._secret(door)
        if secret:
            body["secret_id"] = secret.reveal()
        return door.log_in(self.mount, body, self.label)

    def _secret(self, door: Door) -> Masked:
        held = secret_file(self.file, "the SecretID") if self.file else self.secret_id
        wrapped = self.wrapped or (held if held.reveal().startswith(("hvs.", "s.")) else NO_TEXT)
        if not wrapped:
            return held
        found = door.unwrap(wrapped, f"wrapping token of the SecretID ({self.label})").get("secret_id")
        if not isinstance(found, str):
            raise OutOfReach("login", f"what was wrapped for the {self.label} is not a SecretID")
        return Masked(found)


def offered(environ: Mapping[str, str], options: ConnectOptions) -> bool:
    return bool(options.role_id or environ.get("VAULT_ROLE_ID"))


def choose(environ: Mapping[str, str], options: ConnectOptions) -> AppRoleLogin:
    role_id = options.role_id or environ.get("VAULT_ROLE_ID", "")
    mount = role_and_mount(environ, options, "approle")[1]
    if not role_id:
        raise UsageError("the approle login has no RoleID", hint="set VAULT_ROLE_ID")
    login = AppRoleLogin(secret_text(role_id, "the RoleID").reveal(), mount)
    if options.secret_id_file or environ.get("VAULT_SECRET_ID_FILE"):
        return login._replace(file=options.secret_id_file or environ["VAULT_SECRET_ID_FILE"])
    if environ.get("VAULT_WRAPPED_SECRET_ID"):
        return login._replace(wrapped=secret_text(environ["VAULT_WRAPPED_SECRET_ID"], "VAULT_WRAPPED_SECRET_ID"))
    if environ.get("VAULT_SECRET_ID"):
        return login._replace(secret_id=secret_text(environ["VAULT_SECRET_ID"], "VAULT_SECRET_ID"))
    return login
