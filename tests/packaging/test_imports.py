"""What a render imports: a cold start must not pay for what it does not use (design: 15 ms of bare Python, then each import counts)."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "jinja2",
    "jsonschema",
    "hvac",
    "requests",
    "asyncio",
    "difflib",
    "unittest",
    "importlib.metadata",
    "http.client",
    "email",
)

PROBE = """
import io, sys
from keywave.cli import run
sys.stdin = io.TextIOWrapper(io.BytesIO(b'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\n'))
code = run(["render", "-"])
sys.stderr.write(" ".join(m for m in sys.argv[1:] if m in sys.modules))
sys.exit(code)
"""


def test_a_render_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, *HEAVY], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
