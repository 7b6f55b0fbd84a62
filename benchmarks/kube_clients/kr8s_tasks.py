"""kr8s by asyncio. It has no server-side apply of its own, so that goes through its general call."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import kr8s.asyncio

from benchmarks.kube_clients.tasks import LABEL, MANAGER, Phases, Place, by_tasks, names, secret


def phases(place: Place) -> Phases:
    runner = asyncio.Runner()
    api: Any = runner.run(kr8s.asyncio.api(kubeconfig=place["kubeconfig"]))
    space = place["namespace"]

    async def apply(name: str) -> None:
        async with api.call_api(
            "PATCH",
            version="v1",
            namespace=space,
            url=f"secrets/{name}",
            params={"fieldManager": MANAGER, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            data=json.dumps(secret(place, name)),
        ) as answer:
            answer.json()

    async def get(name: str) -> None:
        async for _ in api.get("secrets", name, namespace=space):
            return

    async def listed() -> int:
        return sum([1 async for _ in api.get("secrets", namespace=space, label_selector=LABEL)])

    async def watch() -> int:
        seen = 0
        async for _ in api.async_watch("secrets", namespace=space, label_selector=LABEL, since=place["since"]):
            seen += 1
            if seen >= place["count"]:
                break
        return seen

    yield "apply", lambda: runner.run(by_tasks(apply, names(place)))
    yield "get", lambda: runner.run(by_tasks(get, names(place)))
    yield "list", lambda: runner.run(listed())
    yield "watch", lambda: runner.run(watch())
