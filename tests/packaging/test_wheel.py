"""The wheel carries what the command needs at run time, and nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


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
            str(TOP),
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
