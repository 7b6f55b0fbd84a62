"""Target plain: one stream in the order of application. Nothing is added to any object."""

from __future__ import annotations

from keywave.order.model import Ordered, OrderOptions
from keywave.order.plan import Plan, layers


def arrange(plan: Plan, options: OrderOptions) -> Ordered:
    """The layers, as they are."""
    return Ordered(layers(plan, [node.manifest for node in plan.nodes]), (), ())
