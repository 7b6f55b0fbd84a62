"""Options that several commands share, as click declares them. `straight` knows them too; a test compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from keywave.commands.options import DEFAULT_TIMEOUT, TARGETS

Function = TypeVar("Function", bound=Callable[..., Any])

_INPUT = (
    click.argument("path", default="."),
    click.option(
        "--target", type=click.Choice(TARGETS), default="argocd", show_default=True, help="Who will apply it."
    ),
    click.option("--profiles", default="", envvar="KEYWAVE_PROFILES", help="Folder of catalogue profiles."),
    click.option("--profile", default="", help="The profile to use where an intent names none."),
    click.option(
        "--project", default="", envvar="ARGOCD_APP_PROJECT_NAME", help="Project, for a profile's guardrails."
    ),
    click.option(
        "--destination-namespace",
        default="",
        envvar="ARGOCD_APP_NAMESPACE",
        help="The namespace that objects without one will be put into.",
    ),
    click.option("--name", default="", help="Name of the application, before the names of Flux Kustomizations."),
    click.option("--timeout", default=DEFAULT_TIMEOUT, show_default=True, help="Seconds that kustomize may take."),
    click.option("--allow-remote", is_flag=True, help="Let the kustomization fetch remote bases."),
    click.option("--allow-helm", is_flag=True, help="Let the kustomization run Helm charts."),
    click.option(
        "--cache-dir", default="", envvar="KEYWAVE_CACHE_DIR", help="Keep kustomize's output here by content hash."
    ),
)

_OVERRIDES = (
    click.option("--image", "images", multiple=True, help="Override an image: NAME=NEW:TAG, NAME:TAG or NAME@DIGEST."),
    click.option("--replicas", multiple=True, metavar="NAME=N", help="Override a workload's replicas."),
    click.option("--name-prefix", default="", help="Put before every name."),
    click.option("--name-suffix", default="", help="Put behind every name."),
    click.option("--namespace", default="", help="Put every namespaced object there."),
    click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Add a label, to selectors too."),
    click.option("--label-without-selector", is_flag=True, help="Leave selectors as they are."),
    click.option("--annotation", "annotations", multiple=True, metavar="KEY=VALUE", help="Add an annotation."),
    click.option("--component", "components", multiple=True, help="Add a kustomize component (relative path)."),
    click.option("--patch", "patches", multiple=True, help="Add a kustomize patch (YAML with path or patch, target)."),
)


def input_options(function: Function) -> Function:
    """What to read and how, and Argo CD's kustomize overrides."""
    for decorate in reversed((*_INPUT, *_OVERRIDES)):
        function = decorate(function)
    return function
