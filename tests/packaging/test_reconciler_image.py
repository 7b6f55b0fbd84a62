"""The reconciler's image and its single file, without a container: their steps in an empty place, with an empty home."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
DOCKERFILE = TOP / "deploy" / "Dockerfile"
ROOT_PARTS = ("/src", "/opt/keywave")


def steps() -> list[tuple[str, str]]:
    """(instruction, rest) of each line."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line and not line.startswith("#")]
    return [(first, rest) for first, _, rest in (line.partition(" ") for line in lines)]


def environment(home: Path) -> dict[str, str]:
    """Of a machine that has nothing of ours; where pip finds packages stays."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).resolve().parent}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's file system, as far as its steps make it: each COPY and RUN of the first stage, below a folder instead of /."""
    root = tmp_path_factory.mktemp("image")
    env = environment(root / "home")
    for instruction, rest in steps():
        words = shlex.split(rest)
        if instruction == "COPY" and not words[0].startswith("--from"):
            for name in words[:-1]:
                goal = root / words[-1].strip("/")
                goal = goal / name if words[-1].endswith("/") else goal
                goal.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (TOP / name).is_dir() else shutil.copy)(TOP / name, goal)
        if instruction == "RUN":
            text = rest.replace("python -m venv", f"{shlex.quote(sys.executable)} -m venv")
            for part in ROOT_PARTS:
                text = re.sub(rf"(?<![\w/]){part}\b", f"{root}{part}", text)
            subprocess.run(["sh", "-euc", text], env=env, cwd=root, check=True, timeout=300, capture_output=True)
    return root / "opt" / "keywave"


def test_the_image_s_steps_install_a_reconciler_that_starts(installed: Path, tmp_path: Path) -> None:
    asked = [str(installed / "bin" / "keywave-reconciler"), "--version"]
    done = subprocess.run(asked, env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=True)
    away = subprocess.run(
        [*asked[:1], "--operator-namespace=x", "--kubeconfig=absent"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert done.stdout.startswith("keywave-reconciler, version ")
    assert (away.returncode, away.stderr) == (3, "keywave-reconciler: cannot read absent: No such file or directory\n")
    assert list(tmp_path.iterdir()) == []


def test_the_image_runs_what_the_deployment_expects_as_nobody() -> None:
    known = dict(steps())
    pod = yaml.safe_load((TOP / "deploy/base/deployment.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert known["USER"] == "65532:65532"
    assert yaml.safe_load(known["ENTRYPOINT"]) == ["keywave-reconciler"]
    assert "command" not in container
    assert int(known["EXPOSE"]) in [port["containerPort"] for port in container["ports"]]


def test_the_image_copies_all_that_is_installed() -> None:
    setup = configparser.ConfigParser()
    setup.read(TOP / "setup.cfg")
    sources = {line.partition("=")[2].strip() for line in setup["options"]["package_dir"].strip().splitlines()}
    copied = {
        name for step, rest in steps() if step == "COPY" and "--from" not in rest for name in shlex.split(rest)[:-1]
    }

    assert sources <= copied
    assert [name for name in copied if not (TOP / name).exists()] == []


@pytest.fixture(scope="module")
def single_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("single") / "keywave-reconciler.pyz"
    subprocess.run(
        [sys.executable, "tools/single_file.py", str(made)], cwd=TOP, check=True, capture_output=True, timeout=300
    )
    return made


def test_the_single_file_is_the_same_bytes_each_time(single_file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pyz"
    subprocess.run(
        [sys.executable, "tools/single_file.py", str(again)], cwd=TOP, check=True, capture_output=True, timeout=300
    )

    one, other = (zipfile.ZipFile(file) for file in (single_file, again))
    changed = [entry.filename for entry in one.infolist() if entry.CRC != other.getinfo(entry.filename).CRC]
    assert changed == []
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(single_file.read_bytes()).digest()


def test_the_single_file_needs_nothing_but_python(single_file: Path, tmp_path: Path) -> None:
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    done = subprocess.run(
        [str(python), "-I", "-S", str(single_file), "--kubeconfig=absent", "--operator-namespace=x"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    names = zipfile.ZipFile(single_file).namelist()

    # All of its modules are loaded by then.
    assert (done.returncode, done.stderr) == (3, "keywave-reconciler: cannot read absent: No such file or directory\n")
    assert [name for name in names if name.endswith((".so", ".pyd", ".pyc"))] == []
    assert [name for name in names if "LICENSE" in name.upper()]
    assert [name for name in names if name.endswith(".pem")] == [], "it would be written to a file at the start"
