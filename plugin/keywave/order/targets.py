"""The targets: one module each, behind one Protocol, in one explicit dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from keywave.objects.late_modules import LateModules
from keywave.order.model import Ordered, OrderOptions
from keywave.order.plan import Plan


class Target(Protocol):
    """What a target module offers."""

    def arrange(self, plan: Plan, options: OrderOptions) -> Ordered:
        """Put a plan into the target's own form: annotations on the objects, layers, objects about the layers."""
        ...


TARGETS: Mapping[str, Target] = LateModules(
    {"argocd": "keywave.order.argocd", "flux": "keywave.order.flux", "plain": "keywave.order.plain"}
)

if TYPE_CHECKING:
    from keywave.order import argocd, flux, plain

    _FIT: tuple[Target, ...] = (argocd, flux, plain)
