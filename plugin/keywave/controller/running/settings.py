"""What the process is told, as one frozen value."""

from __future__ import annotations

from typing import NamedTuple

from keywave.errors import UsageError


class Settings(NamedTuple):
    """`namespaces`: () = the whole cluster. `lease_seconds` of a shard."""

    kubeconfig: str = ""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    operator_namespace: str = ""
    workers: int = 16
    metrics_address: str = ":8080"
    log_format: str = "json"
    log_level: str = "info"
    lease_seconds: float = 15.0
    install_crds: bool = False
    default_globals: bool = True
    exclude_raw: bool = False
    stand_by: bool = True


def listen_address(text: str) -> tuple[str, int]:
    """`:8080`, `127.0.0.1:8080`, `[::1]:8080`. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) < 65536:
        raise UsageError(f"--metrics-address {text!r} is no address", hint="write :8080, or 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def own_namespace(environment: dict[str, str], file: str) -> str:
    """Where the operator runs: POD_NAMESPACE, else what the kubelet wrote. Raises UsageError."""
    if environment.get("POD_NAMESPACE"):
        return environment["POD_NAMESPACE"]
    try:
        with open(file, encoding="utf-8") as text:
            return text.read().strip()
    except OSError:
        hint = "give --operator-namespace, or POD_NAMESPACE"
        raise UsageError("the namespace of the operator is not known", hint=hint) from None
