"""The doors. Each reads a KV v2 secret, checks that it got it and gives its values; one object serves any number of threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

Read = Callable[[str], Mapping[str, Any]]
"""From a path in the mount `secret` to the values."""
SECONDS = 30.0


def hvac_requests(address: str, token: str) -> Read:
    """hvac as it comes, over `requests`; its pool is made wide enough for the threads."""
    import hvac
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.trust_env = False  # else it looks for proxies and .netrc at each request
    session.mount("http://", HTTPAdapter(pool_maxsize=32))
    client = hvac.Client(address, token, session=session)

    def read(path: str) -> Mapping[str, Any]:
        answer = client.secrets.kv.v2.read_secret_version(path, raise_on_deleted_version=True)
        found: Mapping[str, Any] = answer["data"]["data"]
        return found

    return read


def hvac_ours(address: str, token: str) -> Read:
    """hvac's method over the adapter of `vault/client.py`: what the commands use."""
    import hvac

    from keywave.vault.client import _KeepAlive

    exchange = _exchange(address)
    client = hvac.Client(address, token, adapter=_KeepAlive, exchange=exchange)
    adapter: Any = client.adapter

    def read(path: str) -> Mapping[str, Any]:
        adapter.limits.end = time.monotonic() + SECONDS
        answer: Any = client.secrets.kv.v2.read_secret_version(path, raise_on_deleted_version=True)
        found: Mapping[str, Any] = answer.body["data"]["data"]
        return found

    return read


def hvac_read(address: str, token: str) -> Read:
    """hvac's general method `read` over the same adapter: it knows of no engine, as the reconciler needs it."""
    import hvac

    from keywave.vault.client import _KeepAlive

    client = hvac.Client(address, token, adapter=_KeepAlive, exchange=_exchange(address))
    adapter: Any = client.adapter

    def read(path: str) -> Mapping[str, Any]:
        adapter.limits.end = time.monotonic() + SECONDS
        answer: Any = client.read(f"secret/data/{path}")
        found: Mapping[str, Any] = answer.body["data"]["data"]
        return found

    return read


def hvac_shared(address: str, token: str) -> Read:
    """The request that commands and reconciler send through hvac's client: hvac's own methods take neither a namespace nor an end."""
    from keywave.vault.client import SharedClient

    client = SharedClient(_exchange(address))

    def read(path: str) -> Mapping[str, Any]:
        answer = client.ask("GET", f"secret/data/{path}", time.monotonic() + SECONDS, token=token)
        found: Mapping[str, Any] = answer.body["data"]["data"]
        return found

    return read


def exchange(address: str, token: str) -> Read:
    """Our exchange alone, without hvac."""
    made = _exchange(address)

    def read(path: str) -> Mapping[str, Any]:
        answer = made.ask("GET", f"secret/data/{path}", time.monotonic() + SECONDS, token=token)
        found: Mapping[str, Any] = answer.body["data"]["data"]
        return found

    return read


def access(address: str, token: str) -> Read:
    """The reconciler's whole Vault side: token, gate, shared reads, exchange, parsing, metrics."""
    from keywave.controller.login_plan import ConnectionPlan, LoginPlan
    from keywave.controller.vault_access.access import VaultAccess
    from keywave.controller.vault_access.held import Held
    from keywave.controller.watching.metrics import Metrics
    from keywave.vault.masked import Masked
    from keywave.vault.values import kv2

    kube: Any = None
    door = VaultAccess(kube, Metrics(), now=time.time, chance=lambda: 0.5)
    plan = LoginPlan(ConnectionPlan("a/b", "a", address), "a/b", "kubernetes", "kubernetes", "", "a")
    door._tokens._log_in = lambda plan: Held(Masked(token), "accessor", time.time(), 0.0, True)

    def read(path: str) -> Mapping[str, Any]:
        return door.read(plan, kv2("secret", path), max_age=0.0).data

    return read


def _exchange(address: str) -> Any:
    from keywave.vault.dialling import Dialler
    from keywave.vault.exchange import Exchange
    from keywave.vault.origin import origin_of
    from keywave.vault.transport import Transport
    from keywave.vault.values import loads

    return Exchange(Transport(Dialler(None), 16 << 20), origin_of(address, "Vault"), loads=loads)


DOORS: Mapping[str, tuple[str, Callable[[str, str], Read], str]] = {
    "a": ("hvac, its own adapter (requests)", hvac_requests, "import hvac"),
    "b": ("hvac, our adapter: kv.v2.read_secret_version", hvac_ours, "import keywave.vault.client"),
    "b2": ("hvac, our adapter: read", hvac_read, "import keywave.vault.client"),
    "b3": ("hvac, our adapter: ask", hvac_shared, "import keywave.vault.client"),
    "c": ("our exchange", exchange, "import keywave.vault.transport, keywave.vault.exchange, keywave.vault.values"),
    "all": ("the reconciler's Vault side, over ask", access, "import keywave.controller.vault_access.access"),
}
"""By a short name: what it is, its maker, what has to be imported for it."""
