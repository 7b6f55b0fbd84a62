"""keywave.kube, as the reconciler uses it: threads. With `loop`: watch, queue of names, workers, one status for each object."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.kube_clients.tasks import AT_ONCE, LABEL, Phases, Place, by_threads, names, secret
from keywave.controller.model import Key
from keywave.controller.running.queue import WorkQueue
from keywave.kube.api_server import ApiServer
from keywave.kube.client import KubeClient
from keywave.kube.resources import SECRET, Type
from keywave.kube.watching import Watch

STATIC = Type("secrets.hashicorp.com", "v1beta1", "vaultstaticsecrets", "VaultStaticSecret")


def phases(place: Place) -> Phases:
    client, space = KubeClient(ApiServer(place["url"], ca=place["ca"], token=place["token"])), place["namespace"]
    if place.get("loop"):
        yield "loop", lambda: loop(client, space, place["count"])
        return
    yield "apply", lambda: by_threads(lambda name: client.apply(SECRET, secret(place, name)), names(place))
    yield "get", lambda: by_threads(lambda name: client.get(SECRET, space, name), names(place))
    yield "list", lambda: len(client.list(SECRET, space, labels=LABEL))
    yield "watch", lambda: followed(client, place)


def followed(client: KubeClient, place: Place) -> int:
    """Every event since the first write."""
    seen = 0
    ended = threading.Event()

    def changed(kind: str, body: Mapping[str, Any]) -> None:
        nonlocal seen
        seen += 1
        if seen >= place["count"]:
            ended.set()
            watch.stop()

    watch = Watch(
        client,
        SECRET,
        namespace=place["namespace"],
        labels=LABEL,
        replaced=lambda bodies: None,
        changed=changed,
        told=lambda problem: None,
    )
    watch._version = place["since"]
    watch.run()
    return seen


def loop(client: KubeClient, space: str, count: int) -> int:
    queue, done, lock = WorkQueue(time.monotonic), 0, threading.Lock()

    def add(body: Mapping[str, Any]) -> None:
        if not (body.get("status") or {}).get("secretMAC"):
            queue.add(Key(STATIC.kind, space, body["metadata"]["name"]), first=True)

    def replaced(bodies: Iterator[Mapping[str, Any]]) -> None:
        for body in bodies:
            add(body)

    def work() -> None:
        nonlocal done
        while not queue.closed:
            key = queue.take(0.2)
            if key is None:
                continue
            status = {"status": {"lastGeneration": 1, "secretMAC": "x"}}
            client.patch(STATIC, key.namespace, key.name, status, subresource="status")
            queue.done(key)
            with lock:
                done += 1
            if done >= count:
                queue.close()

    watch = Watch(
        client,
        STATIC,
        namespace=space,
        replaced=replaced,
        changed=lambda kind, body: add(body),
        told=lambda problem: None,
    )
    threading.Thread(target=watch.run, daemon=True).start()
    workers = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    watch.stop()
    return done
