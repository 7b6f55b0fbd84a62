"""Checks of the rendered set: hand-written objects against their schemas, what is wrong between objects, what must not be in Git.

Rule: one function a check, listed in `checks.CHECKS`; a finding each, with the right form as its hint. Nothing is changed here.
"""

from __future__ import annotations

from keywave.validate.run import validate

__all__ = ["validate"]
