"""`keywave lock` as click declares it; `locking` does it."""

from __future__ import annotations

from typing import Any

import click

from keywave.commands.declared import input_options
from keywave.commands.locks import FOLDER
from keywave.commands.vault_options import vault_options

EPILOG = """\b
Examples:
  keywave lock overlays/prod --out vault.lock.d    # commit it: pull requests are proved against it
  keywave lock overlays/prod --check               # what has changed in Vault since
"""


@click.command(epilog=EPILOG, short_help="Write what Vault has, names only, into a file to commit.")
@input_options
@click.option(
    "--scope",
    type=click.Choice(("profile", "intents")),
    default="profile",
    show_default=True,
    help="profile: all names below its prefixes; intents: only what is referred to.",
)
@click.option("--out", default=FOLDER, show_default=True, metavar="DIR", help="Folder of the lock files.")
@click.option("--hash-keys", is_flag=True, help="Names of keys as HMACs by the environment's KEYWAVE_LOCK_KEY.")
@click.option("--touch", is_flag=True, help="Renew the time even where nothing else has changed.")
@click.option("--check", is_flag=True, help="Write nothing; tell what differs, exit 1 where something does.")
@click.option("--strict", is_flag=True, help="With --check: new names and versions count, too.")
@vault_options
def lock(**given: Any) -> int:
    """Ask Vault for the names, roles and policies that PATH needs, and write one lock a profile. No value, no token is in it."""
    from keywave.commands.locking import run

    return run(given)
