"""The Secrets that we write, as they are in the cluster: metadata and the keyed hash of the data. The data itself is not kept.

In cluster mode from a watch by label. Without one, and for a Secret without our labels, each question is a GET.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from keywave.controller.mac import MacKey
from keywave.controller.model import Body, Resource
from keywave.controller.ports import Observed
from keywave.kube.api_server import KubeError
from keywave.kube.client import KubeClient
from keywave.kube.resources import SECRET
from keywave.kube.watching import Watch
from keywave.objects.manifest import mapping, sequence

LABELS = "app.kubernetes.io/managed-by=hashicorp-vso,app.kubernetes.io/component=secret-sync"
OWNER_LABEL = "secrets.hashicorp.com/vso-ownerRefUID"


class Place(NamedTuple):
    namespace: str
    name: str


class SecretView:
    """`changed(namespace, name, owner's uid)` is called when a watched Secret is not as it was, or is gone. With `watched` False there is
    no watch, and nobody is called."""

    def __init__(
        self,
        client: KubeClient,
        key: MacKey,
        *,
        watched: bool = True,
        changed: Callable[[str, str, str], None] = lambda namespace, name, uid: None,
        told: Callable[[KubeError], None] = lambda problem: None,
        failed: Callable[[BaseException], None] = lambda bug: None,
    ) -> None:
        self._client, self._key, self._changed = client, key, changed
        self.synced = threading.Event()
        self._seen: dict[Place, Observed] = {}
        self._by_owner: dict[str, set[Place]] = {}
        self._lock = threading.Lock()
        self._watch = (
            Watch(client, SECRET, labels=LABELS, replaced=self._replace, changed=self._event, told=told, failed=failed)
            if watched
            else None
        )
        if not watched:
            self.synced.set()

    def start(self) -> None:
        if self._watch is not None:
            threading.Thread(target=self._watch.run, name="watch-secrets", daemon=True).start()

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.stop()

    @property
    def fresh_key(self) -> bool:
        """As `MacKey.fresh`."""
        return self._key.fresh

    def mac(self, data: Mapping[str, bytes]) -> str:
        return self._key.of(data)

    def observe(self, namespace: str, name: str) -> Observed | None:
        """As it is. Raises KubeError."""
        if self._watch is not None and self.synced.is_set():
            seen = self._seen.get(Place(namespace, name))
            if seen is not None:
                return seen
        found = self._client.get(SECRET, namespace, name)
        return observed(found, self._key) if found is not None else None

    def owned(self, owner: Resource) -> tuple[str, ...]:
        with self._lock:
            places = self._by_owner.get(owner.uid, set())
            return tuple(sorted(place.name for place in places if place.namespace == owner.key.namespace))

    def note(self, body: Body) -> Observed:
        """What the API server answered to a write of ours: known at once, before the watch tells of it."""
        seen = observed(body, self._key)
        if self._watch is not None and is_ours(seen):
            self._put(place_of(body), seen)
        return seen

    def forget(self, namespace: str, name: str) -> None:
        """We deleted it."""
        self._put(Place(namespace, name), None)

    def _replace(self, bodies: Iterator[Body]) -> None:
        found = {}
        for body in bodies:
            found[place_of(body)] = observed(body, self._key)
        for place in self._seen.keys() - found.keys():
            self._tell(place, self._put(place, None), None)
        for place, seen in found.items():
            self._tell(place, self._put(place, seen), seen)
        self.synced.set()

    def _event(self, type: str, body: Body) -> None:
        place = place_of(body)
        seen = None if type == "DELETED" else observed(body, self._key)
        version = str(mapping(body.get("metadata")).get("resourceVersion") or "")
        before = self._seen.get(place)
        if before is not None and not _later(version, before.version):
            return  # an echo of what a write told us already, or older
        self._tell(place, self._put(place, seen), seen)

    def _put(self, place: Place, seen: Observed | None) -> Observed | None:
        """Lays it over; what was known before."""
        with self._lock:
            before = self._seen.get(place)
            if seen is not None and before is not None and not _later(seen.version, before.version):
                return seen
            if before is not None:
                self._by_owner.get(_owner(before), set()).discard(place)
                if not self._by_owner.get(_owner(before), True):
                    del self._by_owner[_owner(before)]
            if seen is None:
                self._seen.pop(place, None)
            else:
                self._seen[place] = seen
                self._by_owner.setdefault(_owner(seen), set()).add(place)
            return before

    def _tell(self, place: Place, before: Observed | None, seen: Observed | None) -> None:
        if before is None or (seen is not None and _same(before, seen)):
            return
        self._changed(place.namespace, place.name, _owner(before))


def observed(body: Body, key: MacKey) -> Observed:
    """What is kept of a Secret as the API server gives it."""
    metadata = mapping(body.get("metadata"))
    data = mapping(body.get("data"))
    return Observed(
        str(metadata.get("uid") or ""),
        str(metadata.get("resourceVersion") or ""),
        str(body.get("type") or ""),
        mapping(metadata.get("labels")),
        mapping(metadata.get("annotations")),
        tuple(mapping(owner) for owner in sequence(metadata.get("ownerReferences"))),
        key.of_encoded(data),
        tuple(sorted(data)),
        body.get("immutable") is True,
    )


def place_of(body: Body) -> Place:
    metadata = mapping(body.get("metadata"))
    return Place(str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))


def is_ours(seen: Observed) -> bool:
    """Whether the watch will tell of it."""
    return all(seen.labels.get(name) == value for name, _, value in (text.partition("=") for text in LABELS.split(",")))


def _owner(seen: Observed) -> str:
    return seen.labels.get(OWNER_LABEL, "")


def _same(before: Observed, seen: Observed) -> bool:
    return before._replace(version="") == seen._replace(version="")


def _later(version: str, than: str) -> bool:
    """Kubernetes compares versions as numbers since 1.35; where they are none, the newer word wins."""
    if version.isdigit() and than.isdigit():
        return int(version) > int(than)
    return version != than
