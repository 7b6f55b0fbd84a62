"""Every target, driven through the one Protocol: a new one is tested by being in the dict."""

from __future__ import annotations

from typing import Any

import pytest
from order.sets import auth, connection, deployment, own, static, usual

from keywave.objects.manifest import Manifest
from keywave.order import TARGETS, OrderOptions, order

NAMES = sorted(TARGETS)


def options(target: str) -> OrderOptions:
    return OrderOptions(target, namespace="app", name="x")


def test_the_targets_that_the_command_line_offers() -> None:
    assert NAMES == ["argocd", "flux", "plain"]


@pytest.mark.parametrize("target", NAMES)
def test_every_object_comes_out_once_and_means_the_same(target: str) -> None:
    manifests = [*usual(), own("v1", "ConfigMap", "c")]

    ordered = order(manifests, options(target))

    def stripped(manifest: Manifest) -> dict[str, Any]:
        metadata = {k: v for k, v in manifest.metadata.items() if k != "annotations"}
        return {**manifest.body, "metadata": metadata}

    assert sorted(map(str, map(stripped, ordered.manifests))) == sorted(map(str, map(stripped, manifests)))


@pytest.mark.parametrize("target", NAMES)
def test_layers_rise_and_are_never_empty(target: str) -> None:
    layers = order(usual(), options(target)).layers

    assert [layer.directory for layer in layers] == ["00-setup", "10-secrets", "20-apps"]
    assert all(layer.manifests for layer in layers)


@pytest.mark.parametrize("target", NAMES)
def test_nothing_of_ours_is_left_as_it_came(target: str) -> None:
    manifests = [deployment("z"), deployment("a")]

    assert order(manifests, options(target)).manifests == tuple(manifests)


@pytest.mark.parametrize("target", NAMES)
def test_a_circle_is_an_error_everywhere_and_loses_nothing(target: str) -> None:
    knot = [auth(spec={"kubernetes": None, "appRole": {"secretRef": "db"}}), static(), connection()]

    ordered = order(knot, options(target))

    assert [f.code for f in ordered.findings] == ["KW4001"]
    assert len(ordered.manifests) == 3


@pytest.mark.parametrize("target", NAMES)
def test_the_same_object_twice_is_kept_twice(target: str) -> None:
    manifests = [static(), static(), deployment()]

    assert len(order(manifests, options(target)).manifests) == 3


@pytest.mark.parametrize("target", NAMES)
def test_a_workload_is_never_touched(target: str) -> None:
    workload = deployment()

    ordered = order([workload, *usual()[1:]], options(target))

    assert any(m is workload for m in ordered.manifests)
