"""Kubernetes Events: handed over, written by one thread, one for each reason counted, so many an object, lost when nobody takes them.

core/v1 Events, which `kubectl describe` and Argo CD show. The same reason again within ten minutes is the same Event: its count grows,
its message is the last one. So no text of Vault's that differs each time makes a flood.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from keywave.controller.model import Key, Resource
from keywave.controller.ports import Kube
from keywave.controller.status import rfc3339
from keywave.kube.api_server import KubeError
from keywave.kube.resources import EVENT
from keywave.redact import redact

_WAITING, _REMEMBERED, _EQUAL_SECONDS, _LONGEST = 5000, 5000, 600.0, 1024
_BURST, _REFILL_SECONDS = 25, 300.0
"""As client-go's spam filter: 25 an object, then one in five minutes."""


class _Event(NamedTuple):
    resource: Resource
    reason: str
    message: str
    warning: bool
    at: float


class _Known(NamedTuple):
    name: str
    first: float
    times: int


class EventRecorder:
    """Satisfies ports.Events. `now` in seconds since 1970. `failed` hears of what should not happen."""

    def __init__(
        self,
        kube: Kube,
        instance: str,
        now: Callable[[], float],
        failed: Callable[[BaseException], None] = lambda bug: None,
    ) -> None:
        self._kube, self._instance, self._now, self._failed = kube, instance, now, failed
        self._queue: queue.Queue[_Event | None] = queue.Queue(_WAITING)
        self._known: OrderedDict[tuple[str, str, bool], _Known] = OrderedDict()
        self._buckets: OrderedDict[Key, tuple[float, float]] = OrderedDict()
        self._thread = threading.Thread(target=self._write_all, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, resource: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        """Returns at once; what finds no room is dropped: events are no record."""
        text = redact(message)[:_LONGEST]
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(_Event(resource, reason, text, warning, self._now()))

    def close(self, seconds: float = 2.0) -> None:
        """Writes what waits, as far as the time goes."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=seconds)
            self._thread.join(seconds)

    def _write_all(self) -> None:
        while True:
            event = self._queue.get()
            if event is None:
                return
            try:
                if self._may(event):
                    self._write(event)
            except KubeError:
                pass  # a lost event must not hold up the next
            except Exception as bug:  # nor end this thread
                self._failed(bug)

    def _may(self, event: _Event) -> bool:
        key = event.resource.key
        left, since = self._buckets.pop(key, (float(_BURST), event.at))
        left = min(left + max(event.at - since, 0.0) / _REFILL_SECONDS, float(_BURST))
        self._buckets[key] = (left - 1.0 if left >= 1.0 else left, event.at)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return left >= 1.0

    def _write(self, event: _Event) -> None:
        key = event.resource.key
        same = (event.resource.uid, event.reason, event.warning)
        known = self._known.pop(same, None)
        if known is not None and 0 <= event.at - known.first < _EQUAL_SECONDS:
            self._known[same] = known._replace(times=known.times + 1)
            change = {"count": known.times + 1, "lastTimestamp": rfc3339(event.at), "message": event.message}
            if self._kube.patch(EVENT, key.namespace, known.name, change) is not None:
                return
        name = _name(event)
        self._known[same] = _Known(name, event.at, 1)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        self._kube.create(EVENT, self._body(event, name))

    def _body(self, event: _Event, name: str) -> dict[str, Any]:
        resource, moment = event.resource, rfc3339(event.at)
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": resource.key.namespace},
            "involvedObject": {
                "apiVersion": resource.api_version,
                "kind": resource.key.kind,
                "namespace": resource.key.namespace,
                "name": resource.key.name,
                "uid": resource.uid,
                "resourceVersion": resource.version,
            },
            "reason": event.reason,
            "message": event.message,
            "type": "Warning" if event.warning else "Normal",
            "source": {"component": "keywave-reconciler"},
            "reportingComponent": "keywave-reconciler",
            "reportingInstance": self._instance,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }


def _name(event: _Event) -> str:
    """Another one for each moment and reason; the object's name first, as everybody's events."""
    text = f"{event.resource.uid}{event.reason}{event.message}{event.at}"
    # A name may not have a point or a dash before a point.
    return f"{event.resource.key.name[:200].rstrip('.-')}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"
