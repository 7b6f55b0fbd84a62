"""`make bench`: what each client library of Kubernetes costs, against the real API server; peers in an environment of their own.

python -m benchmarks.kube_clients [--quick] [--write]
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tools")]

from rig import crds, etcd, kubernetes  # noqa: E402  (the rig is in tests)
from rig.cluster import Cluster  # noqa: E402

RESULTS = TOP / "benchmarks" / "RESULTS.md"
PEERS = ("lightkube==1.0.1", "kr8s==0.20.15", "kubernetes_asyncio==36.1.0", "kopf==1.45.2")
CLIENTS = {
    "ours": "our own, 16 threads",
    "lightkube_threads": "lightkube 1.0.1, 16 threads",
    "lightkube_tasks": "lightkube 1.0.1, asyncio",
    "kr8s_tasks": "kr8s 0.20.15, asyncio",
    "kubernetes_asyncio_tasks": "kubernetes_asyncio 36.1.0, asyncio",
}
LOOPS = {"ours": "our watch, queue and workers", "kopf_loop": "kopf 1.45.2"}
PHASES = ("apply", "get", "list", "watch")
HEAD = [
    "| client | applies/s | CPU ms | gets/s | CPU ms | listed/s | CPU ms | events/s | CPU ms | import ms | import MiB | peak MiB |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
]
LOOP_HEAD = [
    "| loop: a status for each of N objects | objects | s | CPU ms an object | writes to the API an object | import ms | peak MiB |",
    "|---|---|---|---|---|---|---|",
]
NOTE = """One process each, sixteen requests at once, TLS on loopback: server-side apply, GET, LIST in pages of 500, and as many events of a
watch. CPU is the client's, for one. Two cores carry client, API server and etcd, so the rates say less than the processor time. Medians."""


def environment() -> Path:
    """A Python with the peers; made once."""
    folder = TOP / ".venv-kube-clients"
    python = folder / "bin" / "python"
    wanted = "\n".join(PEERS)
    mark = folder / "peers"
    if not mark.exists() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        quiet = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([str(python), *quiet, *PEERS], check=True)
        mark.write_text(wanted)
    return python


def run(python: Path, client: str, place: dict[str, Any]) -> dict[str, Any]:
    argv = [str(python), str(TOP / "benchmarks" / "kube_clients" / "work.py"), client]
    done = subprocess.run(argv, input=json.dumps(place), capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{client}: {done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for phase, cost in found["phases"].items():
        if cost["done"] < place["count"]:
            raise RuntimeError(f"{client}: {phase} did {cost['done']} of {place['count']}")
    return found


def place_in(cluster: Cluster, namespace: str, count: int, **more: Any) -> dict[str, Any]:
    cluster.ensure_namespace(namespace)
    since = cluster.request("GET", f"/api/v1/namespaces/{namespace}/secrets?limit=1").body["metadata"][
        "resourceVersion"
    ]
    return {
        "url": cluster.url,
        "ca": Path(cluster.ca_file).read_text(),
        "ca_file": str(cluster.ca_file),
        "token": cluster.token,
        "kubeconfig": str(cluster.kubeconfig),
        "namespace": namespace,
        "count": count,
        "since": since,
        **more,
    }


def verbs(cluster: Cluster, python: Path, count: int, runs: int) -> list[str]:
    taken: dict[str, list[dict[str, Any]]] = {client: [] for client in CLIENTS}
    for number in range(runs):
        for client, found in taken.items():
            found.append(run(python, client, place_in(cluster, f"{client.replace('_', '-')}-{number}", count)))
    lines = list(HEAD)
    for client, title in CLIENTS.items():
        cells = []
        for phase in PHASES:
            costs = [found["phases"][phase] for found in taken[client]]
            cells.append(f"{statistics.median(cost['done'] / cost['wall'] for cost in costs):,.0f}")
            cells.append(f"{statistics.median(1000 * cost['cpu'] / cost['done'] for cost in costs):.3f}")
        for name, form in (("import ms", ".0f"), ("import MiB", ".0f"), ("peak MiB", ".0f")):
            cells.append(format(statistics.median(found[name] for found in taken[client]), form))
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def loops(cluster: Cluster, python: Path, count: int, runs: int) -> list[str]:
    crds.install(cluster, crds.read_crds(sorted((TOP / "schemas" / "crds").glob("*.yaml"))))
    lines = list(LOOP_HEAD)
    taken: dict[str, list[dict[str, Any]]] = {client: [] for client in LOOPS}
    for number in range(runs):
        for client, results in taken.items():
            space = f"loop-{client.replace('_', '-')}-{number}"
            place = place_in(cluster, space, count, loop=True)
            for index in range(count):
                cluster.apply(static(space, f"bench-{index}"))
            before = writes(cluster)
            found = run(python, client, place)
            results.append(found | {"writes": writes(cluster) - before})
    for client, title in LOOPS.items():
        results = taken[client]
        cost = [found["phases"]["loop"] for found in results]
        cells = [
            f"{count:,}",
            f"{statistics.median(one['wall'] for one in cost):.1f}",
            f"{statistics.median(1000 * one['cpu'] / count for one in cost):.2f}",
            f"{statistics.median(found['writes'] / count for found in results):.1f}",
            f"{statistics.median(found['import ms'] for found in results):.0f}",
            f"{statistics.median(found['peak MiB'] for found in results):.0f}",
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def writes(cluster: Cluster) -> int:
    """Of these objects, so far."""
    found = 0
    for line in cluster.request("GET", "/metrics").text.splitlines():
        if line.startswith("apiserver_request_total{") and '"vaultstaticsecrets"' in line:
            verb = re.search(r'verb="([A-Z]+)"', line)
            if verb and verb[1] in ("PUT", "PATCH", "APPLY"):
                found += int(float(line.rsplit(" ", 1)[1]))
    return found


def static(namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "secrets.hashicorp.com/v1beta1",
        "kind": "VaultStaticSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"mount": "kv", "type": "kv-v2", "path": name, "destination": {"name": name, "create": True}},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short run each")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/RESULTS.md")
    parser.add_argument("--count", type=int, default=2000, help="Secrets")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    count, runs = (200, 1) if args.quick else (args.count, args.runs)
    python = environment()
    with tempfile.TemporaryDirectory(prefix="kwb-") as temp:
        folder = Path(temp)
        with (
            etcd.etcd(folder / "etcd") as store,
            kubernetes.kube_apiserver(folder / "api", store, lazy=False) as cluster,
        ):
            lines = verbs(cluster, python, count, runs)
            print("\n".join(lines), flush=True)
            lines = [*lines, "", *loops(cluster, python, count // 2, runs)]
    print("\n".join(lines))
    if args.write:
        kept = re.sub(r"\n## kube clients\n.*?(?=\n## |\Z)", "", RESULTS.read_text(), flags=re.DOTALL).rstrip("\n")
        told = f"{runs} run{'s' if runs > 1 else ''} of {count:,} Secrets. {NOTE}"
        RESULTS.write_text(f"{kept}\n\n## kube clients\n\n" + "\n".join(lines) + f"\n\n{told}\n")


if __name__ == "__main__":
    main()
