"""The wheel carries what the command needs at run time, and nothing of the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


WHAT_IS_BUILT = ("plugin", "schemas", "docs/findings", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def copied(source: Path) -> Path:
    """A copy to build in: setuptools leaves build/lib behind, which would keep removed modules alive."""
    for name in WHAT_IS_BUILT:
        copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(TOP / name, source / name)
    return source


def test_the_wheel_holds_schemas_pages_and_templates(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(tmp_path),
            str(copied(tmp_path / "source")),
        ],
        check=True,
        timeout=300,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("keywave-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    packages = {p.parent.relative_to(TOP / "plugin") for p in (TOP / "plugin/keywave").rglob("*.py")}

    assert {p for p in packages if f"{p}/__init__.py" not in names} == set()
    assert [n for n in names if n.startswith("keywave/schemas/") and n.endswith(".json")]
    assert [n for n in names if n.startswith("keywave/finding_pages/KW")]
    assert [n for n in names if n.endswith(".j2")]
    assert "keywave/py.typed" in names
    assert [n for n in names if n.startswith(("tests/", "tools/", "benchmarks/"))] == []
