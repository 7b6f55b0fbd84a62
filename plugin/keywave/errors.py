"""What makes a run stop. Everything that people should mend is a finding; an exception is for "cannot go on".

    KeywaveError              has `exit_code` and `summary` (one line)
     |- FindingsError         1   stopped by findings; carries them
     |- UsageError            2   the command line or a parameter makes no sense
     |- ToolError             1/3 an outside program failed (1), is absent or did not answer in time (3)
     `- OutputError           3   the output could not be written; what stood there before still stands

Anything else that escapes is a bug: exit 70 with a report to paste (`keywave.cli`). Ctrl-C is 130, SIGTERM 143.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywave.findings import Finding


class KeywaveError(Exception):
    """The run cannot go on; `summary` is one line for people, without a secret value."""

    exit_code = 1

    def __init__(self, summary: str, *, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


class FindingsError(KeywaveError):
    """Errors were found that make further work pointless; all that are known so far are in `findings`."""

    def __init__(self, summary: str, findings: Sequence[Finding]) -> None:
        super().__init__(summary)
        self.findings = tuple(findings)


class UsageError(KeywaveError):
    """The command was called in a way that has no meaning."""

    exit_code = 2


class ToolError(KeywaveError):
    """An outside program is absent, failed, or ran out of time. Never carries its environment."""

    def __init__(
        self,
        summary: str,
        *,
        argv: Sequence[str],
        code: int | None,
        stderr: str = "",
        hint: str = "",
        out_of_reach: bool,
    ) -> None:
        super().__init__(summary, hint=hint)
        self.argv = tuple(argv)
        self.code = code
        self.stderr = stderr
        self.exit_code = 3 if out_of_reach else 1


class OutputError(KeywaveError):
    """Results could not be written whole, and therefore were not written at all."""

    exit_code = 3
