"""The command line as click has it: one lazy table of commands, help, completion and the words for misuse.

Apart from `keywave.cli`, because importing click takes longer than all of a small render (design/0006-speed.md).
"""

from __future__ import annotations

import importlib

import click

from keywave._version import VERSION

COMMANDS: dict[str, str] = {
    "render": "keywave.commands.render:render",
    "verify": "keywave.commands.verify:verify",
    "lock": "keywave.commands.lock:lock",
    "policy": "keywave.commands.policy:policy",
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
    keywave verify overlays/prod                      # is all of it in Vault?
    """


def main(argv: list[str]) -> int:
    """Run one command line and return its exit code; raises what the command raises, and KeyboardInterrupt."""
    try:
        code = keywave.main(args=argv, prog_name="keywave", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as misuse:
        misuse.show()
        return 2
    return code if isinstance(code, int) else 0
