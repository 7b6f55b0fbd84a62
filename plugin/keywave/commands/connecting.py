"""A live Vault as the commands ask it: settings from options and environment, a small line of progress on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic
from typing import TYPE_CHECKING

from keywave.errors import UsageError

if TYPE_CHECKING:
    from keywave.proving import Live, Progress, Trials
    from keywave.references.model import Connection
    from keywave.survey.trial_login import Open
    from keywave.vault.client import Session
    from keywave.vault.settings import ConnectOptions, Settings


def live(options: ConnectOptions, *, login: bool = False) -> Live:
    """Vault as it is now. VAULT_ADDR or the option holds for the whole tree. The tree's own addresses count only where that was asked for:
    whoever may change the tree would else be sent the login. With `login` each ServiceAccount's login is tried, too: Kubernetes is found as
    kubectl finds it (KUBECONFIG, the Pod).

    Raises UsageError without an address. Connecting raises UsageError (no login), KubeError and OutOfReach.
    """
    from keywave.proving import Live

    address = options.address or os.environ.get("VAULT_ADDR", "").strip()
    if not address and not options.tree_addresses:
        hint = "set VAULT_ADDR or say --address; --tree-addresses trusts the addresses of the tree with your login"
        raise UsageError("which Vault is asked was not said", hint=hint)
    began = monotonic()
    said: set[str] = set()

    def settings_of(vault: Connection) -> Settings:
        from keywave.vault.settings import cautions, settings_from

        settings = settings_from(os.environ, _said(options, address, vault))
        for caution in cautions(settings):
            if caution not in said:
                said.add(caution)
                sys.stderr.write(f"keywave: {caution}\n")
        # One deadline for all Vaults and logins together: whoever waits (Argo CD) waits for the whole.
        return settings._replace(deadline=max(settings.deadline - (monotonic() - began), 1.0))

    def opened(vault: Connection) -> AbstractContextManager[Session]:
        from keywave.vault.client import connect
        from keywave.vault.login import login_from

        return connect(settings_of(vault), login_from(os.environ, _said(options, address, vault)))

    return Live(opened, address, progress(), _trials(settings_of) if login else None)


def _said(options: ConnectOptions, address: str, vault: Connection) -> ConnectOptions:
    """What the profile says of TLS holds where the command line and the environment are silent."""
    name = options.server_name or os.environ.get("VAULT_TLS_SERVER_NAME", "") or vault.tls_server_name
    return options._replace(address=address or vault.address, server_name=name)


def _trials(settings_of: Callable[[Connection], Settings]) -> Trials:
    from keywave.kube.credentials import api_server
    from keywave.kube.token_request import request_token
    from keywave.proving import Trials

    server = api_server("", environment=os.environ)

    def open_for(vault: Connection) -> Open:
        from keywave.vault.client import connect

        return lambda login, namespace: connect(settings_of(vault)._replace(namespace=namespace), login)

    return Trials(open_for, lambda asked: request_token(server, asked))


def progress() -> Progress | None:
    """A line that is written over, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\r\x1b[K" if done >= total else ""
        sys.stderr.write(f"\rasking Vault: {done} of {total} requests{end}")
        sys.stderr.flush()

    return show
