"""lightkube's Client (httpx), by threads."""

from __future__ import annotations

from lightkube import Client, KubeConfig
from lightkube.resources.core_v1 import Secret

from benchmarks.kube_clients.tasks import LABEL, MANAGER, Phases, Place, by_threads, names, secret


def phases(place: Place) -> Phases:
    client = Client(KubeConfig.from_file(place["kubeconfig"]), field_manager=MANAGER)
    space, labels = place["namespace"], dict([LABEL.split("=")])
    yield (
        "apply",
        lambda: by_threads(lambda name: client.apply(Secret.from_dict(secret(place, name)), force=True), names(place)),
    )
    yield "get", lambda: by_threads(lambda name: client.get(Secret, name, namespace=space), names(place))
    yield "list", lambda: sum(1 for _ in client.list(Secret, namespace=space, labels=labels, chunk_size=500))

    def watch() -> int:
        seen = 0
        for _ in client.watch(Secret, namespace=space, labels=labels, resource_version=place["since"]):
            seen += 1
            if seen >= place["count"]:
                break
        return seen

    yield "watch", watch
