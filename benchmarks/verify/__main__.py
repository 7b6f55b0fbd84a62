"""`make bench`: the survey and the check from a lock, against the same requests sent one by one over one keep-alive connection.

python -m benchmarks.verify [--quick] [--write]
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import resource
import tempfile
import time
import tracemalloc
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.render import peers
from keywave.lockfile.read import read_lock
from keywave.lockfile.write import write_lock
from keywave.objects.manifest import Manifest
from keywave.references.model import Connection, Identity, Reference
from keywave.survey import survey
from keywave.vault.client import Session, Settings, connect
from keywave.vault.login.token import TokenLogin
from keywave.vault.masked import Masked
from keywave.vault.wire import Request, Response
from keywave.verify.run import verify

RESULTS = Path(__file__).resolve().parents[1] / "RESULTS.md"
MOUNTS = 20
LOGINS = 20
"""Roles of Vault's kubernetes auth, each with a policy of its own."""
MANIFEST = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bench"}})
NOTE = """The peer is a bare `http.client` loop that decodes JSON, by the same process (whose peak memory is shown). Two cores
carry Vault and keywave, so half of the time is about all that asking side by side can save. What does not shrink: the
rounds that wait for one another (mounts, rights, then paths, then policies), which weigh at 100 paths, and taking
10,000 references apart, which no peer does."""
HEAD = ["| what | requests | time s | CPU s | peak MiB | ratio | budget |", "|---|---|---|---|---|---|---|"]


def references(count: int, paths: int) -> list[Reference]:
    """`count` references over `paths` distinct paths in all mounts."""
    return [_reference(n % paths) for n in range(count)]


def _reference(number: int) -> Reference:
    path = f"app-{number}/config"
    return Reference(
        "kv",
        MANIFEST,
        Connection(),
        _login(number % LOGINS),
        "",
        f"bench-{number % MOUNTS}",
        path,
        {},
        engine=2,
        keys=("password",),
    )


def _login(number: int) -> Identity:
    return Identity(
        known=True,
        label=f"VaultAuth shop/app-{number}",
        method="kubernetes",
        mount="bench-login",
        role=f"app-{number}",
        namespace="shop",
        service_account=f"app-{number}",
        audiences=("vault",),
    )


class Recording:
    """A session that remembers its requests, for sending them again one by one."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.requests: list[Request] = []

    def ask(self, request: Request) -> Response:
        self.requests.append(request)
        return self.session.ask(request)

    def ask_all(self, requests: Sequence[Request], progress: Any = None) -> list[Response]:
        self.requests += requests
        return self.session.ask_all(requests, progress)


def one_by_one(address: str, token: str, requests: Sequence[Request]) -> float:
    """Seconds for the same requests over one connection; answers are read and decoded, as a client must."""
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    started = time.perf_counter()
    for request in requests:
        query = f"?{urllib.parse.urlencode(request.query)}" if request.query else ""
        body = json.dumps(dict(request.body)) if request.body else None
        connection.request(request.method, f"/v1/{request.path}{query}", body, {"X-Vault-Token": token})
        json.loads(connection.getresponse().read() or b"{}")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def _post(address: str, token: str, connection: http.client.HTTPConnection, path: str, body: Any) -> None:
    connection.request("POST", f"/v1/{path}", json.dumps(body), {"X-Vault-Token": token})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"POST {path}: {answer.status}")


def fill(address: str, token: str, paths: int) -> None:
    """The mounts and secrets that the references name."""
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    for number in range(MOUNTS):
        _post(address, token, connection, f"sys/mounts/bench-{number}", {"type": "kv", "options": {"version": "2"}})
    time.sleep(2)  # a fresh KV v2 mount refuses writes until it is upgraded
    for number in range(paths):
        _post(
            address,
            token,
            connection,
            f"bench-{number % MOUNTS}/data/app-{number}/config",
            {"data": {"password": "fake"}},
        )
    _post(address, token, connection, "sys/auth/bench-login", {"type": "kubernetes"})
    connection.close()


def allow(address: str, token: str, paths: int) -> None:
    """A role and a policy for each login: exactly the paths that its references name."""
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    for login in range(LOGINS):
        own = (n for n in range(login, paths, LOGINS))
        rules = (f'path "bench-{n % MOUNTS}/data/app-{n}/config" {{ capabilities = ["read"] }}' for n in own)
        _post(address, token, connection, f"sys/policies/acl/app-{login}", {"policy": "\n".join(rules)})
        role = {
            "bound_service_account_names": [f"app-{login}"],
            "bound_service_account_namespaces": ["shop"],
            "audience": "vault",
            "token_policies": [f"app-{login}"],
            "token_max_ttl": "24h",
        }
        _post(address, token, connection, f"auth/bench-login/role/app-{login}", role)
    connection.close()


def row(
    lines: list[str], what: str, requests: int, wall: float, cpu: float, peak: float, ratio: str = "", budget: str = ""
) -> None:
    spent = f"{cpu:.3f}" if cpu else "-"
    lines.append(f"| {what} | {requests} | {wall:.3f} | {spent} | {peak:.0f} | {ratio} | {budget} |")
    print(lines[-1], flush=True)


def live(lines: list[str], address: str, token: str, count: int, paths: int, *, runs: int) -> None:
    asked = references(count, paths)
    walls, slow, cpus, sent = [], [], [], 0
    for _ in range(runs):
        with connect(Settings(address), TokenLogin(Masked(token))) as session:
            recording = Recording(session)
            began, cpu = time.perf_counter(), time.process_time()
            inventory = survey(recording, asked)
            walls.append(time.perf_counter() - began)
            cpus.append(time.process_time() - cpu)
            sent = session.sent
        slow.append(one_by_one(address, token, recording.requests))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, peer = sorted(walls)[runs // 2], sorted(slow)[runs // 2]
    name = f"{count:,} references, {paths:,} paths, {MOUNTS} mounts, {LOGINS} roles and policies"
    row(lines, f"{name}: the same requests one by one", sent, peer, 0, peak)
    budget = "0.5x; 200 requests" if paths == 100 else "0.5x; 1.1 a path + 5 a mount"
    row(lines, f"{name}: the survey", sent, wall, sorted(cpus)[runs // 2], peak, f"{wall / peer:.2f}x", budget)
    from_lock(lines, asked, write_lock(inventory, taken="2026-01-01T00:00:00Z"), name)


def from_lock(lines: list[str], asked: Sequence[Reference], text: str, name: str) -> None:
    """Reading a lock and all checks against it: CPU only, nothing is sent."""
    began, cpu = time.perf_counter(), time.process_time()
    lock = read_lock(text, "bench.json")
    verify(asked, lambda _: lock)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    tracemalloc.start()
    verify(asked, lambda _: read_lock(text, "bench.json"))
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    row(
        lines,
        f"{name}: from a lock of {len(text) // 1024} KiB",
        0,
        wall,
        cpu,
        peak,
        "",
        "0.3 s CPU" if len(asked) == 1000 else "",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run each, at most 1,000 references")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/RESULTS.md")
    args = parser.parse_args()
    sizes = [(1000, 100), (1000, 1000)] if args.quick else [(1000, 100), (1000, 1000), (10_000, 1000), (10_000, 10_000)]
    lines = list(HEAD)
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory(prefix="keywave-bench-") as temp, peers.vault_with_paths(0, Path(temp)) as env:
        address, token = env["VAULT_ADDR"], env["VAULT_TOKEN"]
        fill(address, token, max(paths for _, paths in sizes))
        for count, paths in sizes:
            allow(address, token, paths)
            live(lines, address, token, count, paths, runs=1 if args.quick else 3)
    if args.write:
        kept = re.sub(r"\n## verify\n.*?(?=\n## |\Z)", "", RESULTS.read_text(), flags=re.DOTALL).rstrip("\n")
        RESULTS.write_text(f"{kept}\n\n## verify\n\n" + "\n".join(lines) + "\n\n" + NOTE + "\n")


if __name__ == "__main__":
    main()
