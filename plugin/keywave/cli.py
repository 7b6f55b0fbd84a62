"""The command line: one lazy table of commands and the one place where errors become exit codes.

Results go to stdout, everything else to stderr. 0 ok, 1 findings, 2 usage, 3 out of reach, 70 a bug, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from types import FrameType

import click

from keywave._version import VERSION
from keywave.errors import FindingsError, KeywaveError, OutputError, ToolError

COMMANDS: dict[str, str] = {
    "render": "keywave.commands.render:render",
    "graph": "keywave.commands.graph:graph",
    "init": "keywave.commands.authoring:init",
    "schema": "keywave.commands.authoring:schema",
    "explain": "keywave.commands.authoring:explain",
    "cmp": "keywave.commands.cmp:cmp",
    "krm": "keywave.commands.krm:krm",
}
"""Command -> `module:attribute` of its click command. Only the module of the command that runs is imported."""


class Commands(click.Group):
    """A group whose commands are imported when they are used: `render` must not pay for `init`'s templates."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, attribute = COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from keywave.findings import did_you_mean

            ctx.fail(f'no such command "{args[0]}"; {did_you_mean(args[0], COMMANDS) or "see keywave --help"}')
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION, prog_name="keywave")
def keywave() -> None:
    """GitOps for Vault-backed Kubernetes secrets: short intents in Git, ordered objects out, never a value.

    \b
    keywave init demo && keywave render demo          # first steps
    keywave render overlays/prod --target argocd      # kustomize build, expand, order
    kustomize build . | keywave render - --target flux --out dist/
    """


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; never raises for bad input, never prints a traceback for it."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = keywave.main(args=argv, prog_name="keywave", standalone_mode=False)
        _flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        return _say("interrupted", 130)
    except click.ClickException as misuse:
        misuse.show()
        return 2
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
    return code if isinstance(code, int) else 0


def _flush() -> None:
    sys.stdout.flush()


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
    sys.stderr.write("\n".join(lines) + "\n")
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


def _terminated(signum: int, frame: FrameType | None) -> None:
    """Leave through the ordinary way out, so that temp folders and kustomize's process group are cleaned up."""
    raise SystemExit(128 + signum)
