"""`keywave render` as click declares it; `rendering` does it."""

from __future__ import annotations

from typing import Any

import click

from keywave.commands.declared import input_options
from keywave.commands.rendering import run

EPILOG = """\b
Examples:
  keywave render overlays/prod
  keywave render . --target flux --out dist/
  kustomize build . | keywave render - --target plain
  keywave render . --layer secrets
  keywave render . --kit platform
"""


@click.command(epilog=EPILOG, short_help="Render intents and manifests into ordered objects.")
@input_options
@click.option("--out", default="-", help="Folder to write; - is stdout.")
@click.option("--format", "form", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.option(
    "--layer",
    default="",
    help="Only this layer; `all`: the Applications (argocd) or Kustomizations (flux) of the layers.",
)
@click.option("--kit", type=click.Choice(("platform",)), help="Only the shared objects of the profiles.")
@click.option("--allow-empty", is_flag=True, help="A result without any object is meant.")
@click.option(
    "--verify",
    type=click.Choice(("off", "lock", "live")),
    default=None,
    help="Prove it against Vault or its lock first [lock, where there is a vault.lock.d].",
)
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option(
    "--report", type=click.Choice(("text", "json", "github")), default="text", help="Form of findings on stderr."
)
def render(**given: Any) -> int:
    """Read PATH (a kustomization, a folder, a file, or - for stdin), render it, and print or write the result.

    Nothing is printed or written when there are errors.
    """
    return run(given)
