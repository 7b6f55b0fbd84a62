"""`keywave cmp generate`: what Argo CD calls for every manifest generation. Loads no click."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from keywave.build.options import BuildOptions, Overrides
from keywave.commands import cmp_parameters, output
from keywave.commands.cmp_slots import slot
from keywave.commands.locks import find
from keywave.commands.options import DEFAULT_TIMEOUT, app_info, count, patch
from keywave.pipeline import Settings

if TYPE_CHECKING:
    from keywave.pipeline import Report


def run() -> int:
    """Print the objects of the application in the working directory; returns the exit code."""
    from keywave import pipeline

    started = time.monotonic()
    deadline = _number("KEYWAVE_CMP_TIMEOUT", DEFAULT_TIMEOUT)
    given = cmp_parameters.read(os.environ.get("ARGOCD_APP_PARAMETERS"))
    with slot(_slots_folder(), slots=_slot_count(), timeout=deadline):
        left = max(1.0, deadline - (time.monotonic() - started))
        report = pipeline.render(".", _settings(given), options(given, timeout=left))
        report = _checked(report, given.text("verify"), deadline - (time.monotonic() - started))
        code = output.tell(report.findings, form="text", strict=given.flag("strict"), sink=sys.stderr)
        if code or report.ordered is None:
            return code or 1
        output.write_text(output.stream(report.ordered, layer=given.text("layer"), form="yaml"))
    return 0


def _checked(report: Report, mode: str, left: float) -> Report:
    """The parameter `verify`; by default against the lock in the repository, where there is one."""
    top = _repository(os.environ.get("ARGOCD_APP_SOURCE_PATH", ""))
    if mode == "off" or not (mode or find(".", top)):
        return report
    from keywave.commands.proving_render import checked

    return checked(report, mode, ".", root=top, deadline=max(1.0, left))


def _repository(path: str) -> str:
    """The top of the repository, which the sidecar has without `.git`: as far above the working directory as the path is deep."""
    depth = len([part for part in path.split("/") if part not in ("", ".")])
    return os.path.join(".", *[".."] * depth)


def _settings(given: cmp_parameters.Parameters) -> Settings:
    return Settings(
        target="argocd",
        layer=given.text("layer"),
        profiles=os.environ.get("KEYWAVE_PROFILES", ""),
        profile=given.text("profile"),
        project=os.environ.get("ARGOCD_APP_PROJECT_NAME", ""),
        namespace=given.text("namespace") or os.environ.get("ARGOCD_APP_NAMESPACE", ""),
        allow_empty=given.flag("allow-empty"),
        app=app_info(os.environ),
    )


def options(given: cmp_parameters.Parameters, *, timeout: float) -> BuildOptions:
    """The options of the build from parameters and the sidecar's environment."""
    overrides = Overrides(
        images=given.arrays.get("images", ()),
        replicas={name: count(name, value) for name, value in given.maps.get("replicas", {}).items()},
        name_prefix=given.text("namePrefix"),
        name_suffix=given.text("nameSuffix"),
        namespace=given.text("namespace"),
        common_labels=given.maps.get("labels", {}),
        label_without_selector=given.flag("labelWithoutSelector"),
        label_include_templates=given.flag("labelIncludeTemplates"),
        force_common_labels=given.flag("forceCommonLabels"),
        common_annotations=given.maps.get("annotations", {}),
        force_common_annotations=given.flag("forceCommonAnnotations"),
        components=given.arrays.get("components", ()),
        ignore_missing_components=given.flag("ignoreMissingComponents"),
        patches=tuple(patch(text) for text in given.arrays.get("patches", ())),
    )
    return BuildOptions(
        timeout=timeout,
        cache=os.environ.get("KEYWAVE_CACHE_DIR") or None,
        allow_remote=os.environ.get("KEYWAVE_ALLOW_REMOTE", "").lower() in cmp_parameters.TRUE,
        allow_helm=os.environ.get("KEYWAVE_ALLOW_HELM", "").lower() in cmp_parameters.TRUE,
        overrides=overrides,
    )


def _slots_folder() -> str:
    temp = os.environ.get("TMPDIR") or "/tmp"
    return os.environ.get("KEYWAVE_CMP_SLOTS_DIR") or os.path.join(temp, f"keywave-cmp-{os.getuid()}")


def _slot_count() -> int:
    return max(1, int(_number("KEYWAVE_CMP_SLOTS", float(max(2, os.cpu_count() or 2)))))


def _number(variable: str, default: float) -> float:
    """A number from the environment; what is not one counts as not said (the sidecar must not fail over a typing slip)."""
    try:
        return float(os.environ.get(variable, "") or default)
    except ValueError:
        return default
