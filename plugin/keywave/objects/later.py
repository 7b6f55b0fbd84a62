"""Regular expressions that are compiled when they are first used.

Compiling is slow (0.2 to 4 ms each), and most patterns are of use only to an input that has something unusual in it: a small render
needs ten of sixty.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Later:
    """Stands for the compiled pattern; each of its methods is fetched once and then found here directly."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._given: tuple[Any, int] = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def later(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The pattern, compiled at its first use. What is wrong with it shows only then, so each needs a test that uses it."""
    return cast("re.Pattern[AnyStr]", _Later(pattern, flags))
