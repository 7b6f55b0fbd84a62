"""Puts objects in order: one dependency graph, and one module a target (argocd, flux, plain).

Rule: pure. Order depends only on what the objects are and say, never on the order in which they came.
"""

from __future__ import annotations

from keywave.order.model import AppInfo, Layer, Ordered, OrderOptions
from keywave.order.run import Drawn, graph, order
from keywave.order.targets import TARGETS

__all__ = ["TARGETS", "AppInfo", "Drawn", "Layer", "OrderOptions", "Ordered", "graph", "order"]
