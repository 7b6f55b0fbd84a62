"""A type followed for ever: listed, then watched from there; cut off it goes on, too old it is listed anew.

Source: Kubernetes' API concepts, "Efficient detection of changes" (resourceVersion, bookmarks, 410 Gone).
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keywave.kube.api_server import KubeError, one_line, reason_of
from keywave.kube.client import KubeClient
from keywave.kube.connections import Stream
from keywave.kube.resources import Type
from keywave.net.http1 import Cut, NotHttp, TooLarge

Body = Mapping[str, Any]
LINE = 8 << 20
"""Bytes of one event."""
_WATCH_SECONDS = 290
"""A server ends a watch after five to ten minutes; asked for less, it ends when we expect it."""
_SILENCE = 90.0
"""Seconds: a bookmark comes about every minute, so that longer silence is a dead connection."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


class Watch:
    """Calls, in its own thread's `run`: `replaced(all objects)` after each list, `changed(type of event, object)` for each event after.

    `told(KubeError)` hears of every failure; it goes on after a wait that grows. `stop` ends it within a second."""

    def __init__(
        self,
        client: KubeClient,
        type: Type,
        *,
        namespace: str = "",
        labels: str = "",
        replaced: Callable[[Iterator[Body]], None],
        changed: Callable[[str, Body], None],
        told: Callable[[KubeError], None],
    ) -> None:
        self._client, self._type, self._namespace, self._labels = client, type, namespace, labels
        self._replaced, self._changed, self._told = replaced, changed, told
        self._stopped = threading.Event()
        self._stream: Stream | None = None
        self._version = ""

    def run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                if not self._version:
                    self._list()
                self._follow()
                failures = 0
            except KubeError as problem:
                if self._stopped.is_set():
                    return
                if problem.reason == "gone":
                    self._version = ""
                    continue
                self._told(problem)
                wait = max(min(_FIRST_WAIT * 2**failures, _LONGEST_WAIT), problem.retry_after)
                failures += 1
                self._stopped.wait(wait * random.uniform(0.5, 1.0))

    def stop(self) -> None:
        self._stopped.set()
        stream = self._stream
        if stream is not None:
            stream.close()

    def _list(self) -> None:
        listing = self._client.pages(self._type, self._namespace, labels=self._labels)
        self._replaced(iter(listing))
        self._version = listing.version

    def _follow(self) -> None:
        """One watch until it ends, normally or by a fault; `_version` moves on with each event."""
        query = {
            "watch": "1",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS + random.randrange(60)),
            **({"labelSelector": self._labels} if self._labels else {}),
        }
        stream = self._stream = self._client.open_stream(self._type.path(self._namespace), query, 30.0)
        try:
            if self._stopped.is_set():
                return
            if stream.status != 200:
                text = b"".join(stream.pieces(10.0))[:LINE]
                raise _refusal(stream.status, text)
            for line in _lines(stream.pieces(_SILENCE)):
                self._take(json.loads(line))
        except (OSError, Cut, NotHttp, TooLarge, ValueError) as problem:
            if not self._stopped.is_set() and not isinstance(problem, Cut):
                raise KubeError("answer", f"the watch of {self._type.plural} was cut off") from None
        finally:
            self._stream = None
            stream.close()

    def _take(self, event: Body) -> None:
        body = event["object"]
        if event["type"] == "ERROR":
            code = body.get("code")
            raise _refusal(code if isinstance(code, int) else 500, json.dumps(body).encode())
        self._version = body["metadata"]["resourceVersion"]
        if event["type"] != "BOOKMARK":
            self._changed(event["type"], body)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines. Raises TooLarge."""
    left = b""
    for piece in pieces:
        *whole, left = (left + piece).split(b"\n") if b"\n" in piece else (left + piece,)
        if len(left) > LINE:
            raise TooLarge
        yield from (line for line in whole if line)


def _refusal(status: int, text: bytes) -> KubeError:
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    told = body if isinstance(body, dict) else {}
    reason = reason_of(status, str(told.get("reason") or ""))
    return KubeError(reason, f"Kubernetes refuses the watch ({status}): {one_line(told.get('message') or '')}")
