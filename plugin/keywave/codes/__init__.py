"""The registry of finding codes: stable, one page each in docs/findings/, one explicit dict.

A code never changes its meaning and is never used again. Ranges: KW01 reading, KW02 building with kustomize, KW07 a render as a whole,
KW1 intents and profiles,
KW2 consumers, KW3 expansion, KW4 ordering, KW5 hand-written objects, KW6 security, KW8 what Vault holds.
"""

from __future__ import annotations

from keywave.codes import (
    building,
    consumers,
    expanding,
    intents,
    lints,
    ordering,
    reading,
    rendering,
    security,
    verifying,
)

CODES: dict[str, str] = {
    **reading.CODES,
    **building.CODES,
    **rendering.CODES,
    **intents.CODES,
    **consumers.CODES,
    **expanding.CODES,
    **ordering.CODES,
    **lints.CODES,
    **security.CODES,
    **verifying.CODES,
}
"""Code -> title, one line."""
