"""A token that the user has: VAULT_TOKEN, a file, or what `vault login` left in ~/.vault-token. It is never revoked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from keywave.errors import UsageError
from keywave.vault.login.model import Door, Grant, secret_file, secret_text
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.settings import ConnectOptions


class TokenLogin(NamedTuple):
    """`token`, or the file that has it."""

    token: Masked = NO_TEXT
    file: str = ""

    @property
    def label(self) -> str:
        return f"the token of {self.file or 'VAULT_TOKEN'}"

    @property
    def given(self) -> bool:
        return True

    def log_in(self, door: Door) -> Grant:
        return Grant(self.token or secret_file(self.file, "the token"))


def offered(environ: Mapping[str, str], options: ConnectOptions) -> bool:
    return bool(environ.get("VAULT_TOKEN") or options.token_file)


def choose(environ: Mapping[str, str], options: ConnectOptions) -> TokenLogin:
    if options.token_file:
        return TokenLogin(file=options.token_file)
    if environ.get("VAULT_TOKEN"):
        return TokenLogin(secret_text(environ["VAULT_TOKEN"], "VAULT_TOKEN"))
    left = os.path.join(environ.get("HOME", ""), ".vault-token")
    if environ.get("HOME") and os.path.isfile(left):
        return TokenLogin(file=left)
    hint = "set VAULT_TOKEN or run `vault login`; in CI name a method (kubernetes, approle, jwt) in VAULT_AUTH_METHOD"
    raise UsageError("no login for Vault: there is no token", hint=hint)
