"""kubernetes_asyncio (generated, aiohttp) by asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

from kubernetes_asyncio import client, config, watch

from benchmarks.kube_clients.tasks import LABEL, MANAGER, Phases, Place, by_tasks, names, secret


def phases(place: Place) -> Phases:
    runner = asyncio.Runner()
    runner.run(config.load_kube_config(place["kubeconfig"]))
    made: list[Any] = []

    async def connect() -> None:
        made.append(client.CoreV1Api())

    runner.run(connect())
    (api,), space = made, place["namespace"]

    def apply(name: str) -> Any:
        return api.patch_namespaced_secret(
            name,
            space,
            secret(place, name),
            field_manager=MANAGER,
            force=True,
            _content_type="application/apply-patch+yaml",
        )

    async def listed() -> int:
        seen, after = 0, None
        while True:
            page = await api.list_namespaced_secret(space, label_selector=LABEL, limit=500, _continue=after)
            seen += len(page.items)
            after = page.metadata._continue
            if not after:
                return seen

    async def follow() -> int:
        seen, stream = 0, watch.Watch()
        version = place["since"]
        async for _ in stream.stream(api.list_namespaced_secret, space, label_selector=LABEL, resource_version=version):
            seen += 1
            if seen >= place["count"]:
                stream.stop()
                break
        return seen

    yield "apply", lambda: runner.run(by_tasks(apply, names(place)))
    yield "get", lambda: runner.run(by_tasks(lambda name: api.read_namespaced_secret(name, space), names(place)))
    yield "list", lambda: runner.run(listed())
    yield "watch", lambda: runner.run(follow())
    runner.run(api.api_client.close())
