"""Asks Vault what references need to know, and nothing that could answer with a value. It may not be imported by a plain render."""

from keywave.survey.run import survey
from keywave.survey.scope import Scope

__all__ = ["Scope", "survey"]
