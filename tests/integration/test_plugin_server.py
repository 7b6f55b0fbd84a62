"""`argocd-cmp.yaml` in the real argocd-cmp-server, asked as the repo-server asks."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from examples import EXAMPLES
from rig.cmp_server import CmpServer, PluginError, application_env, cmp_server
from rig.machine import program

pytestmark = pytest.mark.integration

PLUGIN = Path(__file__).resolve().parents[2] / "argocd-cmp.yaml"
HANGING = """#!/bin/sh
case "$1" in version) echo v5.8.1; exit;; esac
sleep 300 & wait
"""


def plugin_path(*first: Path) -> str:
    """PATH of the sidecar: our command, kustomize, and the machine's own."""
    folders = [*first, Path(sys.executable).parent, program("kustomize").parent]
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CmpServer]:
    """The plugin as users run it, with its slots in a folder of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    with cmp_server(folder, PLUGIN, env={"PATH": plugin_path(), "KEYWAVE_CACHE_DIR": str(folder / "cache")}) as running:
        yield running


def named(objects: list[dict[str, Any]]) -> list[str]:
    return [f"{o['kind']}/{o['metadata']['name']}" for o in objects]


def wave(manifest: dict[str, Any]) -> str:
    return str(manifest["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", ""))


def test_an_example_comes_out_ordered(server: CmpServer) -> None:
    objects = server.generate(EXAMPLES / "01-quickstart")

    assert [(name, wave(o)) for name, o in zip(named(objects), objects, strict=True)] == [
        ("ServiceAccount/payments", "-2"),
        ("VaultConnection/payments", "-2"),
        ("VaultAuth/payments", "-2"),
        ("VaultStaticSecret/payments", "-1"),
        ("Deployment/payments", ""),
    ]


def test_an_overlay_below_the_repository_s_top(server: CmpServer) -> None:
    objects = server.generate(EXAMPLES / "03-dev-prod-overlays", path="overlays/prod")

    assert "VaultStaticSecret/prod-payments" in named(objects)
    assert {o["metadata"].get("namespace") for o in objects} == {"payments"}


def test_an_image_override_as_a_pull_request_generator_makes_it(server: CmpServer) -> None:
    parameters: list[dict[str, Any]] = [
        {"name": "images", "array": ["registry.example.com/payments:pr-42"]},
        {"name": "namePrefix", "string": "pr-42-"},
        {"name": "replicas", "map": {"payments": "1"}},
    ]
    objects = server.generate(EXAMPLES / "01-quickstart", application_env(parameters=parameters))
    deployment = next(o for o in objects if o["kind"] == "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]

    assert container["image"] == "registry.example.com/payments:pr-42"
    assert deployment["spec"]["replicas"] == 1
    assert container["envFrom"] == [{"secretRef": {"name": "pr-42-payments"}}]
    assert "VaultStaticSecret/pr-42-payments" in named(objects)


def test_no_parameters_and_the_text_null_are_the_same(server: CmpServer) -> None:
    discovered = server.generate(EXAMPLES / "01-quickstart", application_env(parameters=None))
    empty = server.generate(EXAMPLES / "01-quickstart", application_env(parameters=[]))

    assert discovered == empty


def test_findings_reach_the_user_with_file_and_line_and_the_best_line_first(server: CmpServer, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(EXAMPLES / "01-quickstart", tree)
    intent = tree / "intent.yaml"
    intent.write_text(intent.read_text().replace("  keys:", "  kees:"))
    with pytest.raises(PluginError) as caught:
        server.generate(tree)
    said = caught.value.text

    assert "exit status 1: keywave: 1 error" in said
    assert "intent.yaml:" in said
    assert 'did you mean "keys"?' in said


def test_a_tree_without_objects_is_refused_and_allowed_by_parameter(server: CmpServer, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"
    )
    with pytest.raises(PluginError, match="KW0701"):
        server.generate(tmp_path)
    allowed = application_env(parameters=[{"name": "allow-empty", "string": "true"}])

    assert server.generate(tmp_path, allowed) == []


def test_an_unknown_parameter_is_an_error(server: CmpServer) -> None:
    with pytest.raises(PluginError, match='did you mean "images"'):
        server.generate(EXAMPLES / "01-quickstart", application_env(parameters=[{"name": "image", "string": "x"}]))


def test_a_hanging_kustomize_ends_at_our_deadline_with_our_words(tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "kustomize"
    fake.parent.mkdir()
    fake.write_text(HANGING)
    fake.chmod(0o755)
    env = {"PATH": plugin_path(fake.parent), "KEYWAVE_CMP_TIMEOUT": "2"}
    with cmp_server(tmp_path / "plugin", PLUGIN, env=env) as slow:
        started = time.monotonic()
        with pytest.raises(PluginError) as caught:
            slow.generate(EXAMPLES / "01-quickstart", timeout=30)

    assert time.monotonic() - started < 15
    assert "exit status 3: keywave: " in caught.value.text
    assert "DeadlineExceeded" not in caught.value.text


def test_eight_renders_at_once(server: CmpServer) -> None:
    alone = server.generate(EXAMPLES / "01-quickstart")
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: server.generate(EXAMPLES / "01-quickstart"), range(8)))

    assert together == [alone] * 8


def test_the_parameters_are_announced_with_what_the_tree_holds(server: CmpServer) -> None:
    announced = {entry["name"]: entry for entry in server.parameters(EXAMPLES / "01-quickstart")}

    assert announced["images"]["array"] == ["registry.example.com/payments:1.4.2"]
    assert announced["profile"]["string"] == "vault"
    assert announced["layer"]["tooltip"].endswith("found: setup, secrets, apps")
    assert announced["replicas"]["collectionType"] == "map"


def test_the_plugin_is_chosen_by_name_so_that_the_repository_is_packed_once(server: CmpServer) -> None:
    assert server.discovery_configured() is False
