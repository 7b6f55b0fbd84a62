"""`keywave init`, `schema`, `explain`: the commands for people who write intents."""

from __future__ import annotations

import click


@click.command(short_help="Write a first profile, intent and Deployment into a new folder.")
@click.argument("folder")
@click.option("--name", default="my-app", show_default=True, help="Name of the application and its Secret.")
@click.option("--address", default="https://vault.example.com:8200", show_default=True, help="Address of Vault.")
def init(folder: str, name: str, address: str) -> int:
    """Write a small kustomization to begin with. Files that are there already are never overwritten."""
    from keywave.commands.init import run

    return run(folder, name=name, address=address)


@click.command(short_help="Print the JSON Schema of the intent API, for editors.")
@click.option("--kind", type=click.Choice(("VaultProfile", "SecretIntent")), help="Only this kind.")
@click.option("--write", default=None, metavar="DIR", help="Write all schemas into a folder.")
def schema(kind: str | None, write: str | None) -> int:
    """Print the combined schema of VaultProfile and SecretIntent (JSON Schema 2020-12)."""
    from keywave.commands.schema import run

    return run(write=write, kind=kind)


@click.command(short_help="Explain a finding code.")
@click.argument("code", required=False)
def explain(code: str | None) -> int:
    """Print the page of a finding code; without one, list all codes."""
    from keywave.commands.explain import run

    return run(code)
