"""Options that several commands share, and how they become settings of the pipeline."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from keywave.build.options import BuildOptions, Overrides
from keywave.errors import UsageError
from keywave.order import AppInfo
from keywave.pipeline import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

TARGETS = ("argocd", "flux", "plain")
DEFAULT_TIMEOUT = 45.0
"""Seconds for kustomize: below the 60 s that Argo CD's repo-server grants, so that people see our message and not a dead line."""

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


def build_options(given: Mapping[str, Any]) -> BuildOptions:
    """The options of the build stage from the command's; raises UsageError naming the first value that makes no sense."""
    overrides = Overrides(
        images=tuple(given["images"]),
        replicas={name: count(name, value) for name, value in pairs("--replicas", given["replicas"]).items()},
        name_prefix=given["name_prefix"],
        name_suffix=given["name_suffix"],
        namespace=given["namespace"],
        common_labels=pairs("--label", given["labels"]),
        label_without_selector=given["label_without_selector"],
        common_annotations=pairs("--annotation", given["annotations"]),
        components=tuple(given["components"]),
        patches=tuple(patch(text) for text in given["patches"]),
    )
    return BuildOptions(
        timeout=given["timeout"],
        allow_remote=given["allow_remote"],
        allow_helm=given["allow_helm"],
        cache=given["cache_dir"] or None,
        overrides=overrides,
    )


def settings(given: Mapping[str, Any], **more: Any) -> Settings:
    """The settings of the pipeline from the command's options."""
    return Settings(
        target=given["target"],
        profiles=given["profiles"],
        profile=given["profile"],
        project=given["project"],
        namespace=given["namespace"] or given["destination_namespace"],
        app=app_info(os.environ),
        name=given["name"],
        **more,
    )


def app_info(environ: Mapping[str, str]) -> AppInfo | None:
    """What Argo CD says of the Application in ARGOCD_APP_*; None where nothing is said (outside the plugin)."""
    if not environ.get("ARGOCD_APP_NAME"):
        return None
    raw = environ.get("ARGOCD_APP_PARAMETERS") or "null"
    given = json.loads(raw) or ()
    return AppInfo(
        name=environ["ARGOCD_APP_NAME"],
        namespace=environ.get("ARGOCD_APP_NAMESPACE", ""),
        project=environ.get("ARGOCD_APP_PROJECT_NAME") or "default",
        repo_url=environ.get("ARGOCD_APP_SOURCE_REPO_URL", ""),
        path=environ.get("ARGOCD_APP_SOURCE_PATH") or ".",
        revision=environ.get("ARGOCD_APP_REVISION") or environ.get("ARGOCD_APP_SOURCE_TARGET_REVISION") or "HEAD",
        parameters=tuple(entry for entry in given if entry.get("name") != "layer"),
    )


def pairs(option: str, values: tuple[str, ...]) -> dict[str, str]:
    """`("a=1", "b=2")` as a mapping."""
    found: dict[str, str] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} takes KEY=VALUE, not {value!r}")
        found[key] = text
    return found


def count(name: str, text: str) -> int:
    """A number of replicas."""
    if not text.isdecimal():
        raise UsageError(f"the replicas of {name} must be a whole number, not {text!r}")
    return int(text)


def patch(text: str) -> Mapping[str, Any]:
    """A kustomize patch entry from YAML: `{path | patch, target, options}`, or a strategic-merge patch itself."""
    from keywave.objects.yamlio import YamlError, parse

    try:
        value = parse(text)
    except YamlError as error:
        raise UsageError(f"a patch is not YAML: {error}") from None
    if isinstance(value, Mapping) and ("patch" in value or "path" in value):
        return value
    if isinstance(value, Mapping) and "kind" in value:
        return {"patch": text}
    raise UsageError(
        "a patch must be a mapping with `patch` or `path` (and `target`), or a strategic-merge patch itself"
    )
