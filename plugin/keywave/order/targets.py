"""The targets: one module each, behind one Protocol, in one explicit dict."""

from __future__ import annotations

from typing import Protocol

from keywave.order import argocd, flux, plain
from keywave.order.model import Ordered, OrderOptions
from keywave.order.plan import Plan


class Target(Protocol):
    """What a target module offers."""

    def arrange(self, plan: Plan, options: OrderOptions) -> Ordered:
        """Put a plan into the target's own form: annotations on the objects, layers, objects about the layers."""
        ...


TARGETS: dict[str, Target] = {"argocd": argocd, "flux": flux, "plain": plain}
