"""Finding kustomize."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from keywave.build import tool
from keywave.errors import ToolError


def script(folder: Path, name: str, lines: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho asked >> {folder}/{name}.log\n{lines}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("KEYWAVE_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def test_a_real_kustomize_is_found_and_knows_its_version(kustomize: Path) -> None:
    found = tool.find(str(kustomize))

    assert found.argv == (str(kustomize), "build")
    assert found.version.startswith("v5.")


def test_kustomize_is_preferred_to_kubectl(on_path: Path) -> None:
    wanted = script(on_path, "kustomize", "echo v5.4.2")
    script(on_path, "kubectl", "exit 1")

    assert tool.find() == tool.Tool((str(wanted), "build"), "v5.4.2")


def test_kubectl_serves_where_there_is_no_kustomize(on_path: Path) -> None:
    wanted = script(on_path, "kubectl", "printf 'Client Version: v1.32.4\\nKustomize Version: v5.5.0\\n'")

    assert tool.find() == tool.Tool((str(wanted), "kustomize"), "v5.5.0")
    assert tool.find().build("x", helm=True) == (str(wanted), "kustomize", "--enable-helm", "x")


def test_the_environment_names_another_binary(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(on_path, "kustomize", "echo v5.4.2")
    other = script(on_path, "kustomize-next", "echo v6.0.0")
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", "kustomize-next")

    assert tool.find() == tool.Tool((str(other), "build"), "v6.0.0")


def test_a_binary_is_asked_for_its_version_once(on_path: Path) -> None:
    path = script(on_path, "kustomize", "echo v5.4.2")
    tool.find()
    tool.find()

    assert (on_path / "kustomize.log").read_text() == "asked\n"

    os.utime(path, ns=(1, 1))
    tool.find()

    assert (on_path / "kustomize.log").read_text() == "asked\nasked\n"


def test_a_home_that_cannot_be_written_is_no_trouble(
    on_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script(on_path, "kustomize", "echo v5.4.2")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KEYWAVE_CACHE_DIR", str(tmp_path / "file"))

    assert tool.find().version == "v5.4.2"


def test_a_build_without_version_is_taken_as_it_is(on_path: Path) -> None:
    script(on_path, "kustomize", "echo '(devel)'")

    assert tool.find().version == ""


@pytest.mark.parametrize(
    ("lines", "summary", "exit_code"),
    [
        pytest.param("echo v4.5.7", "{path} is kustomize v4.5.7; keywave needs 5.0.0 or newer", 3, id="it is too old"),
        pytest.param(
            "echo Error: broken >&2; exit 1", "kustomize failed with exit code 1: Error: broken", 1, id="it is broken"
        ),
    ],
)
def test_a_kustomize_that_is_of_no_use(on_path: Path, lines: str, summary: str, exit_code: int) -> None:
    path = script(on_path, "kustomize", lines)

    with pytest.raises(ToolError) as caught:
        tool.find()

    assert (caught.value.summary, caught.value.exit_code) == (summary.format(path=path), exit_code)


def test_an_absent_kustomize_is_out_of_reach_and_says_what_to_install(
    on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(on_path))
    with pytest.raises(ToolError) as caught:
        tool.find()

    assert caught.value.summary == "neither kustomize nor kubectl is on PATH"
    assert (caught.value.exit_code, caught.value.hint) == (3, tool.HINT)


def test_a_named_binary_that_is_absent_is_not_replaced_by_another(on_path: Path) -> None:
    path = script(on_path, "kustomize", "echo v5.4.2")
    path.chmod(stat.S_IRUSR)

    with pytest.raises(ToolError) as caught:
        tool.find(str(path))

    assert caught.value.summary == f"{path} is not there or cannot be run"
