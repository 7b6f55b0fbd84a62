"""Codes KW07: a render as a whole."""

from __future__ import annotations

CODES: dict[str, str] = {
    "KW0701": "the render gives no object at all",
    "KW0702": "a plugin parameter or option makes no sense",
}
