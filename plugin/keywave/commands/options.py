"""How the values of options become settings of the pipeline. Without click: a render by a machine does not load it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keywave.build.options import BuildOptions, Overrides
from keywave.errors import UsageError
from keywave.pipeline import Settings

if TYPE_CHECKING:
    from keywave.order import AppInfo

TARGETS = ("argocd", "flux", "plain")
DEFAULT_TIMEOUT = 45.0
"""Seconds for kustomize: below the 60 s that Argo CD's repo-server grants, so that people see our message and not a dead line."""


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
    import json  # only inside the plugin

    from keywave.order import AppInfo

    try:
        given = json.loads(environ.get("ARGOCD_APP_PARAMETERS") or "null")
    except ValueError:
        raise UsageError("ARGOCD_APP_PARAMETERS is not JSON") from None
    entries = [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
    destination = next((entry.get("string") for entry in entries if entry.get("name") == "destination"), "")
    return AppInfo(
        name=environ["ARGOCD_APP_NAME"],
        namespace=environ.get("ARGOCD_APP_NAMESPACE", ""),
        project=environ.get("ARGOCD_APP_PROJECT_NAME") or "default",
        repo_url=environ.get("ARGOCD_APP_SOURCE_REPO_URL", ""),
        path=environ.get("ARGOCD_APP_SOURCE_PATH") or ".",
        revision=environ.get("ARGOCD_APP_REVISION") or environ.get("ARGOCD_APP_SOURCE_TARGET_REVISION") or "HEAD",
        server=destination or AppInfo("").server,
        parameters=tuple(entry for entry in entries if entry.get("name") not in ("layer", "destination")),
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
