"""What there is of one kind, kept up to date by a watch; tells of changes that a reconcile may care for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from keywave.controller.model import Body, Key, Resource, resource_of
from keywave.kube.api_server import KubeError
from keywave.kube.client import KubeClient
from keywave.kube.resources import Type
from keywave.kube.watching import Watch

Changed = Callable[[Key, Resource | None, Resource | None], None]
"""Of which object, what it was, what it is (None: not there)."""


class Informer:
    """One kind, in all namespaces or in one. `start` returns at once; `synced` is set after the first list."""

    def __init__(
        self,
        client: KubeClient,
        type: Type,
        changed: Changed,
        *,
        namespace: str = "",
        told: Callable[[KubeError], None] = lambda problem: None,
        failed: Callable[[BaseException], None] = lambda bug: None,
    ) -> None:
        self.type, self.namespace, self.synced = type, namespace, threading.Event()
        self.objects: dict[Key, Resource] = {}
        self._changed = changed
        self._watch = Watch(
            client,
            type,
            namespace=namespace,
            replaced=self._replace,
            changed=self._event,
            told=told,
            failed=failed,
        )
        self._thread = threading.Thread(target=self._watch.run, name=f"watch-{type.plural}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._watch.stop()

    def _replace(self, bodies: Iterator[Body]) -> None:
        found = {resource.key: resource for resource in map(read_resource, bodies)}
        for key in self.objects.keys() - found.keys():
            self._put(key, None)
        for key, resource in found.items():
            self._put(key, resource)
        self.synced.set()

    def _event(self, type: str, body: Body) -> None:
        resource = read_resource(body)
        self._put(resource.key, None if type == "DELETED" else resource)

    def _put(self, key: Key, new: Resource | None) -> None:
        old = self.objects.get(key)
        if old is not None and new is not None and old.uid != new.uid:
            # Deleted and made anew while nobody watched: nothing of the old one is true of the new one.
            self._put(key, None)
            old = None
        if new is None:
            self.objects.pop(key, None)
        else:
            self.objects[key] = new
        if matters(old, new):
            self._changed(key, old, new)


def matters(old: Resource | None, new: Resource | None) -> bool:
    """Whether a reconcile may see anything new: our own writes of status are no news."""
    if old is None or new is None:
        return old is not new
    told = (old.uid, old.generation, old.deleting, old.annotations, old.labels, old.finalizers)
    return told != (new.uid, new.generation, new.deleting, new.annotations, new.labels, new.finalizers)


def read_resource(body: Body) -> Resource:
    """Without what takes memory and tells nothing: the body's managedFields stay behind, and kubectl's copy of the whole object too."""
    resource = resource_of(body)
    if "kubectl.kubernetes.io/last-applied-configuration" not in resource.annotations:
        return resource
    kept = {name: text for name, text in resource.annotations.items() if not name.startswith("kubectl.kubernetes.io/")}
    return resource._replace(annotations=kept)
