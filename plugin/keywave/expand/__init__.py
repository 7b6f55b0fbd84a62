"""Intents into the objects of a delivery pattern.

Role: `expand` takes what `intent.load` gave and adds the objects; `platform_kit` makes those that a platform team installs once.
Rules: objects are data, never text; a pattern is one module in `patterns.PATTERNS`; the result does not depend on the order of the intents;
what the CRD would fill in by default is written out where we write the field's parent, else Argo CD shows a difference for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywave.expand.run import Expanded, expand

if TYPE_CHECKING:
    from keywave.intent.load import Loaded

__all__ = ["Expanded", "expand", "platform_kit"]


def platform_kit(loaded: Loaded) -> Expanded:
    """Shared objects of all profiles (`expand.platform`); imported here, because it is a command of its own."""
    from keywave.expand import platform

    return platform.platform_kit(loaded)
