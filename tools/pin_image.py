"""The libraries of the reconciler's image, each with the hashes of its files: `python tools/pin_image.py` writes them anew, the newest that
setup.cfg allows, into deploy/requirements.txt, and what builds the image's wheel into deploy/build-requirements.txt.

Wheels for Linux on amd64 and arm64, for the Python of the image (deploy/Dockerfile) and for those that the tests replay its steps with.
"""

from __future__ import annotations

import configparser
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PYTHONS = ("3.13", "3.11", "3.12", "3.14")
"""The image's comes first: it decides which versions there are."""
MACHINES = ("x86_64", "aarch64")
BUILDS = ("pip", "setuptools>=77")
HEAD = "# Written by: python tools/pin_image.py\n"


def runtime() -> list[str]:
    """What the project needs, as setup.cfg says it."""
    setup = configparser.ConfigParser()
    setup.read(TOP / "setup.cfg")
    lines = setup["options"]["install_requires"].splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def fetched(wanted: Sequence[str], python: str, machine: str, folder: Path, *more: str) -> list[Path]:
    """Their wheels, in a fresh folder. Raises subprocess.CalledProcessError."""
    folder.mkdir(parents=True)
    platforms = [f"--platform={name}_{machine}" for name in ("manylinux2014", "manylinux_2_28")]
    argv = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary=:all:", *more]
    subprocess.run([*argv, f"--python-version={python}", *platforms, f"--dest={folder}", *wanted], check=True)
    return sorted(folder.glob("*.whl"))


def pinned(wanted: Sequence[str]) -> str:
    """The text of a requirements file."""
    hashes: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory(prefix="kw-pins-") as folder:
        for python in PYTHONS:
            for machine in MACHINES:
                asked, more = (sorted(hashes), ["--no-deps"]) if hashes else (wanted, [])
                for wheel in fetched(asked, python, machine, Path(folder) / python / machine, *more):
                    name, version = wheel.name.split("-")[:2]
                    known = hashes.setdefault(f"{name.lower().replace('_', '-')}=={version}", set())
                    known.add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    lines = [
        " \\\n    ".join([pin, *(f"--hash=sha256:{one}" for one in sorted(hashes[pin]))]) for pin in sorted(hashes)
    ]
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    for name, wanted in (("requirements.txt", runtime()), ("build-requirements.txt", BUILDS)):
        (TOP / "deploy" / name).write_text(pinned(wanted))


if __name__ == "__main__":
    main()
