"""`make bench`: first sync, steady state, freshness and memory of the reconciler and of Vault Secrets Operator, one after the other.

python -m benchmarks.reconciler [--quick] [--write]
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tools")]

from benchmarks.reconciler import field as ground  # noqa: E402  (needs the rig, which is in tests)
from rig.operators import Operator, incumbent, reconciler  # noqa: E402

RESULTS = TOP / "benchmarks" / "RESULTS.md"
DEFINITIONS = sorted((TOP / "schemas" / "crds").glob("*_*.yaml"))
LIFTED = ("--kube-client-qps=2000", "--kube-client-burst=4000")
HEAD = [
    "| what | first sync s | CPU %, of one core | Vault requests/s | API reads/s | API writes/s | freshness s (median, worst) "
    "| a new object s (median, worst) | peak MiB | against it: first sync, CPU, MiB |",
    "|---|---|---|---|---|---|---|---|---|---|",
]
NOTE = """Each row on fresh servers (etcd, kube-apiserver, Vault with an audit log) on the same two cores. First sync: from the
first create to the last Secret, the creates included (how long they took alone stands behind); VaultConnection and
VaultAuth were there before. Then a steady state at a refresh of 30 s, nothing changing. Freshness: from one write in
Vault to the Secret, for twenty paths at once. A new object: from its create to its Secret while the others refresh.
Against it: ours through the row's, budgets at 1,000 objects: first sync at most 0.25x of the defaults (stretch: 1.0x of
the lifted form), CPU at most 0.25x of the lifted form, memory 1.0x, no API writes. Reads in one run: each read is of a
value, by 4,000 objects with distinct paths, each every ten seconds."""


class Runner(NamedTuple):
    name: str
    ours: bool
    start: Callable[[Path, ground.Field], AbstractContextManager[Operator]]


RUNNERS = (
    Runner("Vault Secrets Operator 0.10.0, defaults", False, lambda folder, place: incumbent(folder, place.cluster)),
    Runner(
        "Vault Secrets Operator 0.10.0, limits lifted",
        False,
        lambda folder, place: incumbent(folder, place.cluster, *LIFTED),
    ),
    Runner("keywave-reconciler", True, lambda folder, place: reconciler(folder, place.cluster)),
)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def peak_mib(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


class Row(NamedTuple):
    """One run. Seconds, percent of a core, requests a second, MiB."""

    runner: Runner
    spread: str
    first: float
    created: float
    cpu: float
    vault: float
    reads: float
    writes: float
    fresh: tuple[float, float]
    new: tuple[float, float]
    peak: float


def measured(runner: Runner, count: int, *, paths: int, seconds: float, folder: Path) -> Row:
    """`count` objects over `paths` paths with a refresh of 30 s; the steady state is watched for `seconds`."""
    space = "bench"
    with ground.field(folder, ours=runner.ours, definitions=DEFINITIONS) as place:
        ground.prepare(place, space, count, paths)
        with runner.start(folder, place) as operator:
            time.sleep(3)
            pid = operator.server.pid
            began = time.perf_counter()
            ground.create(place, space, [f"app-{n}" for n in range(count)], paths, "30s")
            created = time.perf_counter() - began
            ground.until("all Secrets", lambda: ground.secrets_in(place, space) >= count, 1500)
            first = time.perf_counter() - began
            time.sleep(35)  # the first refreshes are over
            cpu, vault, reads, writes = watch(place, pid, seconds)
            fresh = freshness(place, space, min(20, paths))
            new = newcomers(place, space, paths)
            peak = peak_mib(pid)
    spread = f"{count:,} objects, {paths:,} paths"
    middle = (statistics.median(fresh), max(fresh)), (statistics.median(new), max(new))
    return Row(runner, spread, first, created, cpu, vault, reads, writes, *middle, peak)


def lines_of(rows: list[Row]) -> list[str]:
    """Of one spread: each runner's row, with what ours is of it."""
    ours = next((row for row in rows if row.runner.ours), None)
    lines = []
    for row in rows:
        ratios = ""
        if ours is not None and row is not ours:
            ratios = ", ".join(
                f"{mine / its:.2f}x" if its else "-"
                for mine, its in ((ours.first, row.first), (ours.cpu, row.cpu), (ours.peak, row.peak))
            )
        lines.append(
            f"| {row.spread}: {row.runner.name} | {row.first:.1f} (creating: {row.created:.1f}) | {row.cpu:.1f} "
            f"| {row.vault:.1f} | {row.reads:.1f} | {row.writes:.2f} | {row.fresh[0]:.1f}, {row.fresh[1]:.1f} "
            f"| {row.new[0]:.2f}, {row.new[1]:.2f} | {row.peak:.0f} | {ratios} |"
        )
    return lines


def watch(place: ground.Field, pid: int, seconds: float) -> tuple[float, float, float, float]:
    """CPU in percent of a core, and Vault requests, API reads and writes a second."""
    vault, api, cpu, began = place.vault_requests(), place.api_requests(), cpu_seconds(pid), time.perf_counter()
    time.sleep(seconds)
    spent, used = time.perf_counter() - began, cpu_seconds(pid) - cpu
    after = place.api_requests()
    change = {verb: after[verb] - api.get(verb, 0) for verb in after}
    writes = sum(change.get(verb, 0) for verb in ("POST", "PUT", "PATCH", "APPLY", "DELETE"))
    reads = sum(change.get(verb, 0) for verb in ("GET", "LIST"))
    return 100 * used / spent, (place.vault_requests() - vault) / spent, reads / spent, writes / spent


def freshness(place: ground.Field, space: str, count: int) -> list[float]:
    """Seconds from a write in Vault to the Secret, for some of the objects, at a refresh of 30 s."""
    before = {n: version(place, space, n) for n in range(count)}
    began = time.perf_counter()
    for number in range(count):
        body = {"data": {"username": "app", "password": f"changed-{number}"}}
        assert ground.ask_vault(place, "POST", f"{space}/data/app-{number}", body).ok
    seen: dict[int, float] = {}
    while len(seen) < count and time.perf_counter() - began < 90:
        for number in before.keys() - seen.keys():
            if version(place, space, number) != before[number]:
                seen[number] = time.perf_counter() - began
        time.sleep(0.1)
    return [seen.get(number, float("inf")) for number in range(count)]


def newcomers(place: ground.Field, space: str, paths: int) -> list[float]:
    """Seconds of each of ten, one after the other; of fewer where that takes minutes."""
    found: list[float] = []
    began = time.perf_counter()
    while len(found) < 10 and time.perf_counter() - began < 120:
        found.append(ground.newcomer(place, space, len(found), paths))
    return found


def version(place: ground.Field, space: str, number: int) -> str:
    found = place.cluster.request("GET", f"/api/v1/namespaces/{space}/secrets/app-{number}").body
    return str(found["metadata"]["resourceVersion"])


def endurance(fetches: int, folder: Path) -> str:
    """Reads of values in one run, as many as asked for: how many failed. 4,000 objects, each every ten seconds."""
    space, count = "bench", 4000
    with ground.field(folder, ours=True, definitions=DEFINITIONS) as place:
        ground.prepare(place, space, count, count)
        with RUNNERS[-1].start(folder, place) as operator:
            began, cpu = time.perf_counter(), cpu_seconds(operator.server.pid)
            ground.create(place, space, [f"app-{n}" for n in range(count)], count, "10s")
            while operator.value("keywave_vault_requests_total", operation="read") < fetches:
                time.sleep(1)
            spent, used = time.perf_counter() - began, cpu_seconds(operator.server.pid) - cpu
            made = operator.value("keywave_vault_requests_total", operation="read")
            failed = operator.value("vso_secret_sync_error_total")  # a read that fails is a sync that fails
            peak = peak_mib(operator.server.pid)
    return (
        f"{made:,.0f} reads in {spent:.0f} s ({made / spent:.0f} a second, {100 * used / spent:.0f} % of a core, peak {peak:.0f} MiB), "
        f"{failed:.0f} failed: {100 * failed / made:.4f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 objects only, a short look")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/RESULTS.md")
    parser.add_argument("--only", default="", help="runners whose name has this text")
    parser.add_argument("--sizes", default="100,1000,5000")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the steady state that are watched")
    parser.add_argument(
        "--fetches",
        type=int,
        default=200_000,
        help="at the end that many reads in one run, and how many failed; 0: none",
    )
    args = parser.parse_args()
    sizes = [100] if args.quick else [int(size) for size in args.sizes.split(",") if size]
    lines = list(HEAD)
    print("\n".join(lines), flush=True)
    for size in sizes:
        for paths in (size, *((size // 10,) if size == 1000 else ())):
            rows = []
            for runner in RUNNERS:
                if args.only not in runner.name:
                    continue
                with tempfile.TemporaryDirectory(prefix="kwb-") as temp:
                    seconds = 20.0 if args.quick else args.seconds
                    rows.append(measured(runner, size, paths=paths, seconds=seconds, folder=Path(temp)))
                print(lines_of(rows[-1:])[0], flush=True)
            lines += lines_of(rows)
            if args.write:
                keep(lines)
    if args.fetches and not args.quick:
        with tempfile.TemporaryDirectory(prefix="kwb-") as temp:
            lines += ["", endurance(args.fetches, Path(temp))]
            print(lines[-1], flush=True)
            if args.write:
                keep(lines)


def keep(lines: list[str]) -> None:
    """In RESULTS.md, after each spread anew: a run takes most of an hour."""
    kept = re.sub(r"\n## reconciler\n.*?(?=\n## |\Z)", "", RESULTS.read_text(), flags=re.DOTALL).rstrip("\n")
    RESULTS.write_text(f"{kept}\n\n## reconciler\n\n" + "\n".join(lines) + f"\n\n{NOTE}\n")


if __name__ == "__main__":
    main()
