"""`make bench`: one table, everything side by side in one run on one machine. Prints Markdown; RESULTS.md keeps the last one.

python -m benchmarks.render [--quick] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks.render import peers, trees
from benchmarks.render.measure import Sample, measure

TOP = Path(__file__).resolve().parents[2]
KEYWAVE = os.environ.get("KEYWAVE_BENCH") or str(Path(sys.executable).parent / "keywave")
"""An ordinary install is what users have: the finder of an editable one adds 30 ms to each start."""
RESULTS = TOP / "benchmarks" / "RESULTS.md"


class Table:
    """Rows as they come; each names what it is compared with and the budget."""

    def __init__(self) -> None:
        self.lines = [
            "| what | time s | CPU s | peak MiB | objects out | ratio | budget |",
            "|---|---|---|---|---|---|---|",
        ]
        print("\n".join(self.lines), flush=True)

    def row(self, what: str, sample: Sample, ratio: str = "", budget: str = "") -> None:
        line = f"| {what} | {sample.wall:.3f} | {sample.cpu:.3f} | {sample.peak_mib:.0f} | {sample.objects} | {ratio} | {budget} |"
        self.lines.append(line)
        print(line, flush=True)


def against_kustomize(table: Table, folder: Path, *, runs: int) -> None:
    """300 apps end to end: intents through keywave against `kustomize build` of the objects written by hand."""
    kustomize = peers.path_of("kustomize")
    env = {**os.environ, "KEYWAVE_KUSTOMIZE": kustomize}
    for apps in (100, 300):
        hand = trees.hand_written_tree(folder / f"hand-{apps}", apps)
        short = trees.intents_tree(folder / f"intents-{apps}", apps)
        peer = measure([kustomize, "build", str(hand)], runs=runs)
        table.row(f"{apps} apps: `kustomize build`, 6 objects each by hand", peer)
        ours = measure([KEYWAVE, "render", str(short), "--target", "argocd"], runs=runs, env=env)
        faster = f"{peer.wall / ours.wall:.1f}x faster"
        table.row(f"{apps} apps: `keywave render`, from intents", ours, faster, "5x" if apps == 300 else "")


def against_vault_plugin(table: Table, folder: Path, *, runs: int) -> None:
    """Our part of a render against argocd-vault-plugin's: 1,000 applications on stdin."""
    plugin = peers.path_of("argocd-vault-plugin")
    placeholders, intents = folder / "placeholders.yaml", folder / "intents.yaml"
    placeholders.write_text(trees.placeholder_stream(1000))
    intents.write_text(trees.intents_stream(1000))
    small = trees.write_tree(
        folder / "small",
        {
            "profile.yaml": trees.PROFILE,
            **{f"{n}.yaml": f"{trees.deployment(n)}---\n{trees.intent(n)}" for n in (1, 2)},
        },
    )
    placeholder_small = trees.write_tree(
        folder / "small-placeholders",
        {
            "account.yaml": trees.service_account(1),
            **{f"{n}.yaml": f"{trees.deployment(n)}---\n{trees.placeholder_secret(n)}" for n in (1, 2)},
        },
    )
    with peers.vault_with_paths(1000, folder) as env:
        peer = measure([plugin, "generate", "-"], runs=runs, stdin=placeholders, env=env)
        table.row("1,000 Secrets (2,000 references) + 2,000 objects: `argocd-vault-plugin generate -`", peer)
        ours = measure([KEYWAVE, "render", "-", "--target", "argocd"], runs=runs, stdin=intents)
        table.row(
            "1,000 intents + 1,000 Deployments: `keywave render -`", ours, f"{ours.wall / peer.wall:.2f}x", "0.5x"
        )
        kustomize = peers.path_of("kustomize")
        script = f"{kustomize} build {placeholder_small} | {plugin} generate -"
        peer = measure(["sh", "-c", script], runs=runs * 3, env=env)
        table.row("cold start, five objects: `kustomize build . \\| argocd-vault-plugin generate -`", peer)
    env = {**os.environ, "KEYWAVE_KUSTOMIZE": kustomize}
    ours = measure([KEYWAVE, "render", str(small), "--target", "argocd"], runs=runs * 3, env=env)
    table.row("cold start, five objects: `keywave render`", ours, f"{ours.wall / peer.wall:.2f}x", "1.5x")


def against_itself(table: Table, folder: Path, *, runs: int, sizes: tuple[int, ...]) -> None:
    """Cost per intent must not grow with their number. The cost of an empty start is taken off."""
    start = measure([KEYWAVE, "--version"], runs=runs * 3).wall
    base = 0.0
    for size in sizes:
        stream = folder / f"stream-{size}.yaml"
        stream.write_text(trees.intents_stream(size))
        sample = measure([KEYWAVE, "render", "-", "--target", "argocd"], runs=runs, stdin=stream)
        each = (sample.wall - start) / size
        base = base or each
        ratio = f"{each * 1000:.2f} ms an intent, {each / base:.2f}x of the first"
        table.row(f"{size:,} intents + {size:,} Deployments on stdin", sample, ratio, "1.3x")


def machine() -> str:
    """Processor, cores, memory, Python: what a reader needs to judge the figures."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory} GiB, Linux {platform.release()}, Python {platform.python_version()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run each, at most 1,000 intents")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/RESULTS.md")
    args = parser.parse_args()
    runs = 1 if args.quick else 5
    with tempfile.TemporaryDirectory(prefix="keywave-bench-") as temp:
        table = Table()
        against_kustomize(table, Path(temp), runs=min(runs, 3))
        against_vault_plugin(table, Path(temp), runs=runs)
        sizes = (100, 1000) if args.quick else (100, 1000, 10000)
        against_itself(table, Path(temp), runs=min(runs, 3), sizes=sizes)
    if args.write:
        today = datetime.date.today().isoformat()
        head = f"# Results\n\n`make bench`, {today}, medians.\nMachine: {machine()}.\n\n## render\n\n"
        RESULTS.write_text(head + "\n".join(table.lines) + "\n")


if __name__ == "__main__":
    main()
