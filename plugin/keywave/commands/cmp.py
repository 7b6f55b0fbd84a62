"""`keywave cmp`: the two commands that argocd-cmp.yaml names. The working directory is the application's folder."""

from __future__ import annotations

import click


@click.group(name="cmp", short_help="Argo CD config management plugin (called by argocd-cmp.yaml).")
def cmp() -> None:
    """Called by Argo CD's cmp-server; parameters come from ARGOCD_APP_PARAMETERS, the application from ARGOCD_APP_*."""


@cmp.command()
def generate() -> int:
    """Print the objects of the application in the working directory."""
    from keywave.commands.cmp_generate import run

    return run()


@cmp.command()
def parameters() -> int:
    """Print the parameters that depend on the application's files, as Argo CD's announcements (JSON)."""
    from keywave.commands import cmp_parameters, output
    from keywave.commands.cmp_discover import discover
    from keywave.commands.cmp_generate import options
    from keywave.commands.options import DEFAULT_TIMEOUT

    found = discover(options(cmp_parameters.Parameters(), timeout=DEFAULT_TIMEOUT))
    output.write_text(cmp_parameters.announcements(images=found.images, profiles=found.profiles, layers=found.layers))
    return 0
