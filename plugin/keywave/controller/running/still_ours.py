"""What a reconcile may still do when its object has become another replica's while it ran: read, and revoke what it has issued itself.

A reconcile may last for two minutes where Vault is slow; a shard goes to another replica after fifteen seconds without a renewal. Both
would write, and both would issue credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube, Vault, World
from keywave.kube.api_server import KubeError
from keywave.vault.values import Payload, ValueRequest

_WRITES = frozenset({"create", "apply", "patch", "replace", "delete"})


class NotOurs(KubeError):
    """Another replica works on the object by now. A KubeError, so that whoever undoes an issue when the write failed does it now, too."""

    def __init__(self) -> None:
        super().__init__("not-ours", "another replica works on this object by now")


def guarded(world: World, still_ours: Callable[[], bool]) -> World:
    """The world of one reconcile: each write to Kubernetes, and each request that may issue something, asks first and raises NotOurs."""
    return world._replace(
        kube=cast("Kube", _Kube(world.kube, still_ours)), vault=cast("Vault", _Vault(world.vault, still_ours))
    )


class _Kube:
    def __init__(self, kube: Kube, still_ours: Callable[[], bool]) -> None:
        self._kube, self._still_ours = kube, still_ours

    def __getattr__(self, name: str) -> Any:
        if name in _WRITES and not self._still_ours():
            raise NotOurs
        return getattr(self._kube, name)


class _Vault:
    def __init__(self, vault: Vault, still_ours: Callable[[], bool]) -> None:
        self._vault, self._still_ours = vault, still_ours

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)

    def issue(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        if not request.path.endswith("/revoke") and not self._still_ours():
            raise NotOurs
        return self._vault.issue(plan, request)
