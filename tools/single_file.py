"""The reconciler as one file that any Python 3.11+ runs: `python tools/single_file.py build/keywave-reconciler.pyz`.

A zip archive (PEP 441) of the package and of the libraries that it is installed with here. Same input, same bytes: names are sorted,
times are fixed (SOURCE_DATE_EPOCH, else 1980). Compiled modules are left out, since Python cannot load them from a zip: PyYAML reads a
kubeconfig by its own parser then, and in a Pod nothing is YAML.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
BUILT = ("plugin", "schemas", "docs/findings", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
CERTIFI = "import ssl\n\n\ndef where() -> str:\n    return ssl.get_default_verify_paths().cafile or ''\n"
"""In place of certifi, which writes its file to a temporary folder when it is imported out of a zip: `requests`, which comes with hvac and
is not used, does that at the start, and in a Pod with a read-only file system it would be the end."""
MAIN = "import sys\n\nfrom keywave.controller.running.main import main\n\nsys.exit(main())\n"


def own_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of what a wheel of this project holds. Raises subprocess.CalledProcessError."""
    source = folder / "source"
    for name in BUILT:  # a copy: setuptools leaves build/lib behind
        copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(TOP / name, source / name)
    argv = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*argv, str(source)], check=True)
    (wheel,) = folder.glob("keywave-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("keywave/"):
                yield name, archive.read(name)


def needed() -> list[str]:
    """Distributions that this project is installed with, and theirs, without extras."""
    found: dict[str, None] = {}
    ahead = ["keywave"]
    while ahead:
        for line in importlib.metadata.requires(ahead.pop()) or ():
            name = _NAME.match(line)
            if name and "extra ==" not in line and name[0] not in found:
                found[name[0]] = None
                ahead.append(name[0])
    return list(found)


def needed_files(distribution: str) -> Iterator[tuple[str, bytes]]:
    """The same of an installed distribution: its modules, its metadata and its licence."""
    for file in importlib.metadata.files(distribution) or ():
        wanted = file.suffix in (".py", ".typed", ".pem") or "LICENSE" in file.name.upper() or file.name == "METADATA"
        if wanted and ".." not in file.parts:
            yield file.as_posix(), Path(str(file.locate())).read_bytes()


def write(target: Path, files: dict[str, bytes]) -> None:
    moment = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), 315532800))[:6]
    made = target.with_name(f".{target.name}.part")
    with made.open("wb") as stream:
        stream.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(stream, "w") as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, moment)
                entry.external_attr, entry.create_system = 0o100644 << 16, 3
                archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    made.chmod(0o755)
    made.replace(target)


def main(argv: list[str]) -> int:
    if len(argv) != 1:
        print("usage: python tools/single_file.py FILE", file=sys.stderr)
        return 2
    target = Path(argv[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kw-single-") as folder:
        files = dict(own_files(Path(folder)))
    for name in needed():
        files |= {"certifi/__init__.py": CERTIFI.encode()} if name == "certifi" else dict(needed_files(name))
    write(target, {**files, "__main__.py": MAIN.encode()})
    print(f"{target}: {target.stat().st_size / 1024:.0f} KiB, {len(files) + 1} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
