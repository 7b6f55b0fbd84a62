"""tools/servers.py: where it looks, in which order, and that a build which is stopped leaves nothing that looks finished."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toolchain.catalogue import GO_FOLDER, TOOLS, GoBuild, GoFiles, Tool, tool_of
from toolchain.golang import ToolError
from toolchain.places import Machine, find, this_machine
from toolchain.provide import provide

from rig import REPOSITORY

KUSTOMIZE = TOOLS["kustomize"]


def fake(path: Path, version: str) -> Path:
    """A program that says which version it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tools_dir=tmp_path / "given", cache=tmp_path / "cache", path=str(tmp_path / "bin"))


def test_the_given_folder_comes_before_path_and_path_before_the_cache(machine: Machine, tmp_path: Path) -> None:
    assert find(KUSTOMIZE, machine) is None
    for folder in ("cache/kustomize-v5.8.1", "bin", "given/kustomize-v5.8.1", "given"):
        better = fake(tmp_path / folder / "kustomize", "v5.8.1")
        found = find(KUSTOMIZE, machine)
        assert found is not None
        assert found.paths["kustomize"] == better


@pytest.mark.parametrize("version", ["v4.5.7", "no version at all"])
def test_what_is_on_path_must_be_new_enough(machine: Machine, tmp_path: Path, version: str) -> None:
    fake(tmp_path / "bin" / "kustomize", version)

    assert find(KUSTOMIZE, machine) is None


def test_a_shim_that_does_not_run_is_not_taken(machine: Machine, tmp_path: Path) -> None:
    fake(tmp_path / "bin" / "kustomize", "v5.8.1; exit 127")

    assert find(KUSTOMIZE, machine) is None


def test_a_tool_is_there_only_with_all_its_programs(machine: Machine) -> None:
    kubernetes = TOOLS["kubernetes"]
    fake(machine.cache / kubernetes.folder / "kube-apiserver", "")
    assert find(kubernetes, machine) is None

    fake(machine.cache / kubernetes.folder / "kube-controller-manager", "")
    assert find(kubernetes, machine) is not None


def test_the_other_names_of_a_program_are_made_where_one_is_there(machine: Machine, tmp_path: Path) -> None:
    fake(tmp_path / "given" / "argocd", "")

    found, seconds = provide(tool_of("argocd-cmp-server"), machine)
    assert (found.paths["argocd-cmp-server"].name, seconds) == ("argocd-cmp-server", 0.0)


def test_a_failed_build_says_why_and_leaves_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ToolError("the compiler is on strike")

    monkeypatch.setattr("toolchain.provide.make", broken)
    with pytest.raises(ToolError, match="on strike"):
        provide(KUSTOMIZE, machine)
    assert machine.tools_dir is not None
    assert [path.name for path in machine.tools_dir.iterdir() if path.is_dir()] == ["logs"]


def test_what_a_killed_build_left_is_swept_away(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.tools_dir is not None
    left = machine.tools_dir / f".{KUSTOMIZE.folder}.making-1"
    fake(left / "kustomize", "half")

    def build(tool: Tool, staging: Path, place: Path, log: Path) -> None:
        fake(staging / "kustomize", "whole")

    monkeypatch.setattr("toolchain.provide.make", build)
    found, _ = provide(KUSTOMIZE, machine)
    assert "whole" in found.paths["kustomize"].read_text()
    assert not left.exists()


def test_a_folder_that_cannot_be_written_to_is_not_built_into(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    machine = Machine(tools_dir=file / "tools", cache=tmp_path / "cache", path="")

    assert machine.building_place == machine.cache


def test_the_cache_follows_xdg_and_home() -> None:
    assert this_machine({"HOME": "/h"}).cache == Path("/h/.cache/keywave/tools")
    assert this_machine({"HOME": "/h", "XDG_CACHE_HOME": "/x"}).cache == Path("/x/keywave/tools")
    assert this_machine({"HOME": "/h", "XDG_CACHE_HOME": "relative"}).cache == Path("/h/.cache/keywave/tools")


@pytest.mark.parametrize(
    "tool", [t for t in TOOLS.values() if isinstance(t.source, GoBuild) and not t.name.endswith("-helper")]
)
def test_the_version_is_the_one_that_go_mod_pins(tool: Tool) -> None:
    assert isinstance(tool.source, GoBuild)
    lines = (GO_FOLDER / tool.source.folder / "go.mod").read_text().splitlines()
    for package in tool.source.packages.values():
        required = [line.split() for line in lines if line.startswith("\t") and len(line.split()) == 2]
        module, version = max(
            (pair for pair in required if f"{package}/".startswith(f"{pair[0]}/")), key=lambda pair: len(pair[0])
        )
        assert (module, version) == (module, tool.version)


def test_files_come_from_the_module_that_is_built() -> None:
    for files, built in (("argo-cd-manifests", "argo-cd"), ("flux-crds", "flux")):
        source = TOOLS[files].source
        assert isinstance(source, GoFiles)
        assert source.module.rpartition("@")[2] == TOOLS[files].version == TOOLS[built].version


def test_the_command_lists_and_refuses(tmp_path: Path) -> None:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.defpath, "HOME": str(tmp_path)}
        argv = [sys.executable, str(REPOSITORY / "tools" / "servers.py"), *args]
        return subprocess.run(argv, env=env, capture_output=True, text=True)

    assert len(run("list").stdout.splitlines()) == len(TOOLS)
    absent = run("path", "argocd-vault-plugin")
    assert (absent.returncode, "python tools/servers.py get argocd-vault-plugin" in absent.stderr) == (1, True)
    assert run("get", "nonsense").returncode == 2
    assert run("get").returncode == 2


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        KUSTOMIZE.version = "v0"  # type: ignore[misc]
