"""/healthz of a whole reconciler fails when one of its threads has ended: it would seem alive and do nothing."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
from pathlib import Path

from keywave.controller.running.settings import Settings
from keywave.controller.running.wiring import Reconciler
from keywave.kube.credentials import api_server
from rig import http
from rig.cluster import Cluster
from rig.machine import plain_environment
from rig.ports import free_port


def test_a_thread_that_ends_makes_it_unhealthy(own_cluster: Cluster) -> None:
    namespace, port, told = f"health-{secrets.token_hex(3)}", free_port(), []
    own_cluster.ensure_namespace(namespace)
    settings = Settings(
        namespaces=(namespace,), operator_namespace=namespace, metrics_address=f"127.0.0.1:{port}", workers=2
    )
    server = api_server(str(own_cluster.kubeconfig), context="", environment={})
    reconciler = Reconciler(settings, server, lambda level, message, **fields: told.append((level, message)))
    asked = lambda path: http.request("GET", f"http://127.0.0.1:{port}{path}", timeout=5)  # noqa: E731
    reconciler.start()
    try:
        before = [asked(path).status for path in ("/healthz", "/readyz")]
        reconciler._shards.stop()  # as an error that nobody foresaw would end it
        after = asked("/healthz")
    finally:
        reconciler.stop()

    assert before == [200, 200]
    assert (after.status, after.text) == (503, "the thread shards has ended\n")
    assert ("info", "started") in told


def test_what_keeps_it_from_beginning_is_a_line_of_the_log(own_cluster: Cluster, tmp_path: Path) -> None:
    script = Path(sys.prefix) / "bin" / "keywave-reconciler"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                script,
                f"--kubeconfig={own_cluster.kubeconfig}",
                "--operator-namespace=x",
                f"--metrics-address=127.0.0.1:{port}",
            ],
            env=plain_environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
        )

    (line,) = [json.loads(text) for text in done.stderr.splitlines()]
    line.pop("time")
    assert (done.returncode, line) == (
        3,
        {
            "level": "error",
            "message": "cannot begin",
            "object": "",
            "told": f"cannot listen at 127.0.0.1:{port}: Address already in use",
            "hint": "give another --metrics-address",
        },
    )
