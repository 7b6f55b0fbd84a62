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
ROOT_PARTS = ("/src", "/opt/build", "/opt/wheel", "/opt/keywave")


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


def below(root: Path, text: str) -> str:
    """A command or a path of the image, in a folder instead of /."""
    for part in ROOT_PARTS:
        text = re.sub(rf"(?<![\w/]){part}\b", f"{root}{part}", text)
    return text


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's file system, as far as its steps make it, below a folder instead of /: each COPY and RUN of the first stage, and then
    only what the second one copies out of it."""
    root = tmp_path_factory.mktemp("image")
    env = environment(root / "home")
    kept = []
    for instruction, rest in steps():
        words = shlex.split(rest)
        if instruction == "COPY" and words[0] == "--from=build":
            assert words[1] == words[2], "a virtual environment works where it was made"
            kept.append(root / words[1].strip("/"))
        elif instruction == "COPY":
            for name in words[:-1]:
                goal = root / words[-1].strip("/")
                goal = goal / Path(name).name if words[-1].endswith("/") else goal
                goal.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (TOP / name).is_dir() else shutil.copy)(TOP / name, goal)
        elif instruction == "RUN":
            text = below(root, rest.replace("python -m venv", f"{shlex.quote(sys.executable)} -m venv"))
            done = subprocess.run(["sh", "-euc", text], env=env, cwd=root, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, f"{rest}\n{done.stderr}"
    for folder in (*root.iterdir(), *(root / "opt").iterdir()):
        if folder not in {*kept, *(parent for one in kept for parent in one.parents)}:
            shutil.rmtree(folder)
    return root


def run_in(image: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The entry point with the image's own environment; not as its user, who may not come to the Python of this machine."""
    known = dict(steps())
    env = dict(word.partition("=")[::2] for word in shlex.split(below(image, known["ENV"])))
    command = [*yaml.safe_load(known["ENTRYPOINT"]), *argv]
    command[0] = str(shutil.which(command[0], path=env["PATH"]))
    return subprocess.run(command, env=env, cwd=image, capture_output=True, text=True, timeout=60)


def files_of(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in sorted(folder.rglob("*"))}


def test_the_image_starts_by_what_it_says_and_writes_nothing(image: Path) -> None:
    before = files_of(image)

    done, away = run_in(image, "--version"), run_in(image, "--operator-namespace=x", "--kubeconfig=absent")

    assert (done.returncode, done.stdout.startswith("keywave-reconciler, version ")) == (0, True), done.stderr
    assert (away.returncode, away.stderr) == (3, "keywave-reconciler: cannot read absent: No such file or directory\n")
    assert files_of(image) == before


def test_the_image_holds_what_is_pinned_and_nothing_that_installs(image: Path) -> None:
    python = image / "opt/keywave/bin/python"
    asked = "import importlib.metadata as m; print(*(f'{d.name.lower()}=={d.version}' for d in m.distributions()))"
    done = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True)
    found = {
        re.sub(r"[-_.]+", "-", pin.partition("==")[0]) + "==" + pin.partition("==")[2] for pin in done.stdout.split()
    }

    assert {pin for pin in found if not pin.startswith("keywave==")} == set(pins("requirements.txt"))
    assert [name for name in os.listdir(python.parent) if name.startswith("pip")] == []


def pins(name: str) -> list[str]:
    return re.findall(r"^(\S+==\S+)", (TOP / "deploy" / name).read_text(), re.MULTILINE)


def test_each_library_is_pinned_with_its_hashes_and_is_one_that_the_project_may_have() -> None:
    setup = configparser.ConfigParser()
    setup.read(TOP / "setup.cfg")
    wanted = re.findall(r"^([A-Za-z]\w*)[<>]", setup["options"]["install_requires"], re.MULTILINE)
    text = (TOP / "deploy/requirements.txt").read_text() + (TOP / "deploy/build-requirements.txt").read_text()
    blocks = re.findall(r"^\S+==\S+((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE)

    assert len(blocks) == len(pins("requirements.txt") + pins("build-requirements.txt"))
    assert {name.lower() for name in wanted} <= {pin.partition("==")[0] for pin in pins("requirements.txt")}
    installs = [rest for step, rest in steps() if step == "RUN" and " install " in rest]
    assert [rest for rest in installs if "--require-hashes" not in rest and "--no-index" not in rest] == []


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
