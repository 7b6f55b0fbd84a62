"""Intents into the objects of a delivery pattern.

Role: `expand` takes what `intent.load` gave and adds the objects; `platform_kit` makes those that a platform team installs once.
Rules: objects are data, never text; a pattern is one module in `patterns.PATTERNS`; the result does not depend on the order of the intents;
what the CRD would fill in by default is written out where we write the field's parent, else Argo CD shows a difference for ever.
"""

from __future__ import annotations

from keywave.expand.platform import platform_kit
from keywave.expand.run import Expanded, expand

__all__ = ["Expanded", "expand", "platform_kit"]
