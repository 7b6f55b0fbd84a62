"""Real servers for the tests: drivers (one small module each) and the pytest fixtures over them. README.md has the usage."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# tools/ is no package of the product: its look-up of servers is borrowed here, so that there is one only.
sys.path.insert(0, str(REPOSITORY / "tools"))
