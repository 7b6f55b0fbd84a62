"""lightkube's AsyncClient (httpx), by asyncio."""

from __future__ import annotations

import asyncio

from lightkube import AsyncClient, KubeConfig
from lightkube.resources.core_v1 import Secret

from benchmarks.kube_clients.tasks import LABEL, MANAGER, Phases, Place, by_tasks, names, secret


def phases(place: Place) -> Phases:
    runner = asyncio.Runner()
    client = AsyncClient(KubeConfig.from_file(place["kubeconfig"]), field_manager=MANAGER)
    space, labels = place["namespace"], dict([LABEL.split("=")])

    def apply(name: str) -> object:
        return client.apply(Secret.from_dict(secret(place, name)), force=True)

    async def listed() -> int:
        return sum([1 async for _ in client.list(Secret, namespace=space, labels=labels, chunk_size=500)])

    async def watch() -> int:
        seen = 0
        async for _ in client.watch(Secret, namespace=space, labels=labels, resource_version=place["since"]):
            seen += 1
            if seen >= place["count"]:
                break
        return seen

    yield "apply", lambda: runner.run(by_tasks(apply, names(place)))
    yield (
        "get",
        lambda: runner.run(by_tasks(lambda name: client.get(Secret, name, namespace=space), names(place))),
    )
    yield "list", lambda: runner.run(listed())
    yield "watch", lambda: runner.run(watch())
