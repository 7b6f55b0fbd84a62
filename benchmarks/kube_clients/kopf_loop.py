"""kopf: the loop only, for it brings no client of its own. Each object gets a status from its handler."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import kopf

from benchmarks.kube_clients.tasks import Done, Phases, Place


def phases(place: Place) -> Phases:
    logging.getLogger("kopf").setLevel(logging.ERROR)
    registry = kopf.OperatorRegistry()
    ended, done, reached = asyncio.Event(), [0], [0.0, 0.0]

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> Any:
        return kopf.ConnectionInfo(server=place["url"], ca_path=place["ca_file"], token=place["token"])

    @kopf.on.resume("secrets.hashicorp.com", "v1beta1", "vaultstaticsecrets", registry=registry)
    @kopf.on.create("secrets.hashicorp.com", "v1beta1", "vaultstaticsecrets", registry=registry)
    async def seen(patch: Any, **_: Any) -> None:
        patch.status["lastGeneration"] = 1
        patch.status["secretMAC"] = "x"

    @kopf.on.event("secrets.hashicorp.com", "v1beta1", "vaultstaticsecrets", registry=registry)
    async def event(status: Any, name: str, **_: Any) -> None:
        if status.get("secretMAC") and name not in finished:
            finished.add(name)
            done[0] += 1
            if done[0] >= place["count"]:
                reached[:] = [time.perf_counter(), time.process_time()]
                ended.set()

    finished: set[str] = set()
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False

    async def run() -> int:
        await kopf.operator(
            registry=registry,
            settings=settings,
            namespaces=[place["namespace"]],
            standalone=True,
            stop_flag=ended,
        )
        return done[0]

    def work() -> Done:
        began = time.perf_counter(), time.process_time()
        count = asyncio.run(run())
        # Without the end of the operator, which takes its time.
        return Done(count, reached[0] - began[0], reached[1] - began[1])

    yield "loop", work
