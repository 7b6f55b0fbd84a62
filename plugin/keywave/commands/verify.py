"""`keywave verify` as click declares it; `verifying` does it."""

from __future__ import annotations

from typing import Any

import click

from keywave.commands.declared import input_options
from keywave.commands.vault_options import vault_options

EPILOG = """\b
Examples:
  keywave verify overlays/prod                     # against vault.lock.d, found upwards
  keywave verify overlays/prod --live              # asks Vault (VAULT_ADDR, VAULT_TOKEN, ...)
  keywave verify . --lock --format sarif --out keywave.sarif
"""


@click.command(epilog=EPILOG, short_help="Prove that Vault has what a rendered set needs; reads no value.")
@input_options
@click.option(
    "--lock",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[FILE|DIR]",
    help="Against a lock; without a name the nearest vault.lock.d upwards from PATH. The default where there is one.",
)
@click.option("--live", is_flag=True, help="Against Vault as it is now.")
@click.option(
    "--login", is_flag=True, help="With --live: log in as each ServiceAccount too (makes tokens by TokenRequest)."
)
@click.option(
    "--max-age", type=click.IntRange(min=0), default=None, metavar="DAYS", help="Warn of a lock that is older."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "sarif", "junit", "github")),
    default="text",
    show_default=True,
)
@click.option("--out", default="-", metavar="FILE", help="Write the report there; - is stdout.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@vault_options
def verify(**given: Any) -> int:
    """Render PATH and prove that mounts, paths, versions, keys, roles, policies and rights are there for all that it reads from Vault."""
    from keywave.commands.verifying import run

    return run(given)
