"""`keywave explain CODE`: the page of a finding code, from the pages that are shipped with the package."""

from __future__ import annotations

import sys
from importlib import resources

from keywave.codes import CODES
from keywave.errors import UsageError
from keywave.findings import did_you_mean

PAGES = "keywave.finding_pages"


def run(code: str | None) -> int:
    """Print the page of `code` (in any case); without one, all codes with their titles. Raises UsageError for an unknown code."""
    if not code:
        sys.stdout.write("".join(f"{each}  {CODES[each]}\n" for each in sorted(CODES)))
        return 0
    wanted = code.strip().upper()
    if wanted not in CODES:
        raise UsageError(
            f'there is no finding code "{code}"', hint=did_you_mean(wanted, CODES) or "keywave explain lists all codes"
        )
    sys.stdout.write(page(wanted))
    return 0


def page(code: str) -> str:
    """The text of a code's page, in Markdown; ends with a line break."""
    return resources.files(PAGES).joinpath(f"{code}.md").read_text(encoding="utf-8")
