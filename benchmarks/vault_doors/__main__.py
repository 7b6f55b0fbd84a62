"""`make bench`: reads a second and processor time for a read through each door to Vault, by one thread and by sixteen.

python -m benchmarks.vault_doors [--quick] [--write]
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tools")]

from benchmarks.vault_doors.doors import DOORS, Read  # noqa: E402

RESULTS = TOP / "benchmarks" / "RESULTS.md"
PATHS = 200
HEAD = [
    "| door | threads | reads/s | CPU ms a read | against our exchange | import ms | MiB after import |",
    "|---|---|---|---|---|---|---|",
]
NOTE = """Each door in a process of its own, in turns; reads of a KV v2 secret with two values, 200 paths, one token, plain HTTP on
loopback; medians. Two cores carry Vault and the reader, so reads a second say less than the processor time. Import: a fresh Python
less one that imports nothing."""


def read_all(read: Read, threads: int, count: int) -> tuple[float, float]:
    """Wall and CPU seconds of `count` reads, after a warm-up."""
    ahead = iter(range(count))
    lock = threading.Lock()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                with lock:
                    number = next(ahead, None)
                if number is None:
                    return
                path = f"door-{number % PATHS}"
                assert read(path)["username"] == path
        except BaseException as fault:
            faults.append(fault)

    for number in range(50):
        read(f"door-{number}")
    running = [threading.Thread(target=work) for _ in range(threads)]
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if faults:
        raise faults[0]
    return time.perf_counter() - wall, time.process_time() - cpu


def child(door: str, threads: int, count: int, address: str, token: str) -> None:
    wall, cpu = read_all(DOORS[door][1](address, token), threads, count)
    print(json.dumps({"rate": count / wall, "cpu": 1000 * cpu / count}))


def in_a_process(*args: str, given: str = "") -> str:
    done = subprocess.run([sys.executable, *args], input=given, capture_output=True, text=True, check=False, cwd=TOP)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def imported(statement: str) -> tuple[float, float]:
    """Milliseconds and MiB that it takes."""
    code = f"""
import time
began = time.perf_counter()
{statement}
spent = time.perf_counter() - began
status = open('/proc/self/status').read()
print(1000 * spent, int(status.partition('VmRSS:')[2].split()[0]) / 1024)
"""
    runs = [[float(part) for part in in_a_process("-c", code).split()] for _ in range(5)]
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


def measured(threads: int, count: int, runs: int, address: str, token: str) -> dict[str, dict[str, float]]:
    """By door, in turns: what else the machine does then falls on all of them."""
    found: dict[str, list[dict[str, Any]]] = {door: [] for door in DOORS}
    for _ in range(runs):
        for door, taken in found.items():
            args = ("-m", "benchmarks.vault_doors", "--child", door, "--threads", str(threads), "--count", str(count))
            taken.append(json.loads(in_a_process(*args, "--address", address, given=token)))
    return {
        door: {name: statistics.median(run[name] for run in taken) for name in ("rate", "cpu")}
        for door, taken in found.items()
    }


def table(address: str, token: str, *, count: int, runs: int) -> list[str]:
    lines = list(HEAD)
    print("\n".join(lines), flush=True)
    bare = imported("pass")
    for threads in (1, 16):
        numbers = measured(threads, count, runs, address, token)
        for door, (name, _, statement) in DOORS.items():
            cost = imported(statement) if threads == 1 else None
            ratio = numbers[door]["cpu"] / numbers["c"]["cpu"]
            spent = f"{cost[0]:.0f} | {cost[1] - bare[1]:.1f}" if cost else " | "
            rate, cpu = numbers[door]["rate"], numbers[door]["cpu"]
            lines.append(f"| {name} | {threads} | {rate:,.0f} | {cpu:.3f} | {ratio:.2f}x | {spent} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short run each")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/RESULTS.md")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=3000, help="reads in a run")
    parser.add_argument("--address", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, args.threads, args.count, args.address, sys.stdin.read())
        return
    from rig import vault

    with tempfile.TemporaryDirectory(prefix="kwb-") as temp, vault.vault(Path(temp) / "vault") as server:
        for number in range(PATHS):
            server.put_kv(f"door-{number}", {"username": f"door-{number}", "password": "not-a-secret-of-anybody"})
        lines = table(server.url, server.token, count=1000 if args.quick else args.count, runs=1 if args.quick else 5)
    if args.write:
        kept = re.sub(r"\n## vault doors\n.*?(?=\n## |\Z)", "", RESULTS.read_text(), flags=re.DOTALL).rstrip("\n")
        RESULTS.write_text(f"{kept}\n\n## vault doors\n\n" + "\n".join(lines) + "\n\n" + NOTE + "\n")


if __name__ == "__main__":
    main()
