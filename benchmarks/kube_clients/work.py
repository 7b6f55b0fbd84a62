"""One client in a process of its own: `python work.py NAME` with where to go on stdin (JSON), what it cost on stdout (JSON).

It runs in an environment that holds the peers, so nothing here imports anything but the client that is asked for.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "plugin")]


def memory(field: str) -> float:
    """MiB; VmRSS now, VmHWM at the most."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def main() -> None:
    name, place = sys.argv[1], json.loads(sys.stdin.read())
    bare, began = memory("VmRSS"), time.perf_counter()
    client: Any = import_module(f"benchmarks.kube_clients.{name}")
    found: dict[str, Any] = {
        "import ms": 1000 * (time.perf_counter() - began),
        "import MiB": memory("VmRSS") - bare,
        "phases": {},
    }
    for phase, work in client.phases(place):
        wall, cpu = time.perf_counter(), time.process_time()
        done = work()
        count, wall, cpu = (
            done if isinstance(done, tuple) else (done, time.perf_counter() - wall, time.process_time() - cpu)
        )
        found["phases"][phase] = {"done": count, "wall": wall, "cpu": cpu}
    found["peak MiB"] = memory("VmHWM")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
