"""The way in and out of every command, and the one place where errors become exit codes.

Results go to stdout, everything else to stderr. 0 ok, 1 findings, 2 usage, 3 out of reach, 70 a bug, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import os
import sys

from keywave._version import VERSION
from keywave.errors import FindingsError, KeywaveError, OutputError, ToolError


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; never raises for bad input, never prints a traceback for it."""
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except KeywaveError as error:
        if isinstance(error, OutputError):
            _abandon_stdout()
        return _show(error)
    except OSError as error:
        _abandon_stdout()
        return _say(f"the system refused: {error.strerror or error}", 3)
    except RecursionError:
        return _say("the input is nested too deeply", 1)
    except Exception as bug:  # the one blanket: what ends here is our fault, not the user's
        return _report_bug(bug)
    return code


def _run(argv: list[str]) -> int:
    from keywave.commands import straight

    command = straight.command(argv)
    if command is not None:
        return command()
    from keywave.commands import group

    return group.main(argv)


def _abandon_stdout() -> None:
    """Point stdout at nothing, else the interpreter complains once more when it closes it."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.close(sink)


def _say(sentence: str, code: int) -> int:
    sys.stderr.write(f"keywave: {sentence}\n")
    return code


def _show(error: KeywaveError) -> int:
    """One line of summary, then what helps. A tool's own words are cut; its environment is never shown."""
    from keywave.redact import redact

    lines = [f"keywave: {error.summary}"]
    if isinstance(error, ToolError):
        lines.append("  command: " + " ".join(error.argv))
        if error.code is not None:
            lines.append(f"  exit code: {error.code}")
        lines += [f"  | {line}" for line in error.stderr.strip().splitlines()[-20:]]
    if error.hint:
        lines.append(f"  fix: {error.hint}")
    if isinstance(error, FindingsError):
        from keywave.emit import report

        lines.append(report(error.findings, "text"))
    sys.stderr.write(redact("\n".join(lines)) + "\n")
    return error.exit_code


def _report_bug(bug: Exception) -> int:
    """A report to paste: versions and the places of the frames, without the exception's text, which may quote input."""
    import platform
    import traceback

    frames = traceback.extract_tb(bug.__traceback__)
    lines = [
        "keywave: this is a bug in keywave, not in your files. Please report the lines below.",
        f"  keywave {VERSION}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"  {type(bug).__name__}",
        *(f"  {frame.filename.rpartition('keywave/')[2]}:{frame.lineno} in {frame.name}" for frame in frames),
    ]
    if os.environ.get("KEYWAVE_DEBUG"):
        lines.append(f"  {bug}")
    sys.stderr.write("\n".join(lines) + "\n")
    return 70
