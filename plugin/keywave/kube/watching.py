"""A type followed for ever: listed, then watched from there; cut off it goes on, too old it is listed anew.

Source: Kubernetes' API concepts, "Efficient detection of changes" (resourceVersion, bookmarks, 410 Gone).
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any

from keywave.kube.api_server import KubeError
from keywave.kube.client import KubeClient, refusal
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
_LIVED, _LIVED_LONG = 5.0, 30.0
"""Seconds: a watch that ends sooner has failed, whatever its status; one list for each `_LIVED_LONG` is no storm."""


class Pace:
    """How long to wait before the next try. Pure, but for what it counts."""

    def __init__(self) -> None:
        self._failures = self._lists = 0

    def after(self, lived: float, problem: KubeError | None) -> float:
        """Seconds, after a watch that lived so long and ended by `problem` (None: as watches end)."""
        if lived >= _LIVED:
            self._failures = 0
        if lived >= _LIVED_LONG:
            self._lists = 0
        if problem is None and lived >= _LIVED:
            return 0.0
        if problem is not None and problem.reason == "gone":
            self._lists += 1
            return _wait(self._lists - 1) if self._lists > 1 else 0.0
        self._failures += 1
        return max(_wait(self._failures), min(problem.retry_after, _LONGEST_WAIT) if problem is not None else 0.0)


def _wait(failures: int) -> float:
    # Without a bound the power of an outage of hours is no float any more.
    return min(_FIRST_WAIT * float(2 ** min(failures - 1, 10)), _LONGEST_WAIT) * random.uniform(0.5, 1.0)


class Watch:
    """Calls, in its own thread's `run`: `replaced(all objects)` after each list, `changed(type of event, object)` for each event after.

    `told(KubeError)` hears of every failure, `failed` of every bug, here or in what is called; it goes on after a wait that grows, and
    after a bug with a list. `stop` ends it within a second."""

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
        failed: Callable[[BaseException], None] = lambda bug: None,
    ) -> None:
        self._client, self._type, self._namespace, self._labels = client, type, namespace, labels
        self._replaced, self._changed, self._told, self._failed = replaced, changed, told, failed
        self._stopped = threading.Event()
        self._stream: Stream | None = None
        self._version = ""
        self._opened: float | None = None

    def run(self) -> None:
        pace = Pace()
        while not self._stopped.is_set():
            problem = self._once()
            if self._stopped.is_set():
                return
            lived = monotonic() - self._opened if self._opened is not None else 0.0
            wait = pace.after(lived, problem)
            if problem is None and wait:
                problem = KubeError("answer", f"the watch of {self._type.plural} was ended after {lived:.1f} s")
            gone = problem is not None and problem.reason == "gone"
            if gone:
                self._version = ""
            if problem is not None and (wait or not gone):
                self._told(problem)  # a version that got too old once is no failure
            self._stopped.wait(wait)

    def _once(self) -> KubeError | None:
        """List where that is needed, then one watch; why it ended."""
        self._opened = None
        try:
            if not self._version:
                self._list()
            self._follow()
        except KubeError as problem:
            return problem
        except Exception as bug:  # this thread is the only one that tells of this type
            self._version = ""
            self._failed(bug)
            return KubeError("answer", f"a bug at an event of {self._type.plural}")
        return None

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
                raise _refused(stream.status, stream.headers, _text(stream))
            self._opened = monotonic()
            for line in _lines(stream.pieces(_SILENCE)):
                self._take(_parsed(line))
        except Cut:
            return
        except (OSError, NotHttp, TooLarge):
            if not self._stopped.is_set():
                raise KubeError("answer", f"the watch of {self._type.plural} was cut off") from None
        finally:
            self._stream = None
            stream.close()

    def _take(self, event: Body) -> None:
        body = event["object"]
        if event["type"] == "ERROR":
            code = body.get("code")
            raise refusal(code if isinstance(code, int) else 500, {}, body, _REFUSED)
        if event["type"] != "BOOKMARK":
            self._changed(event["type"], body)
        # After that: an event that could not be taken in comes again.
        self._version = body["metadata"]["resourceVersion"]


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines. Raises TooLarge."""
    left = b""
    for piece in pieces:
        *whole, left = (left + piece).split(b"\n") if b"\n" in piece else (left + piece,)
        if len(left) > LINE:
            raise TooLarge
        yield from (line for line in whole if line)


def _parsed(line: bytes) -> Body:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise NotHttp
    return event


def _text(stream: Stream) -> bytes:
    """What a refusal says, as far as it comes: its status says enough."""
    try:
        return b"".join(stream.pieces(10.0))
    except (OSError, NotHttp, TooLarge):
        return b""


_REFUSED = "Kubernetes refuses the watch"


def _refused(status: int, headers: Mapping[bytes, bytes], text: bytes) -> KubeError:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    return refusal(status, headers, body if isinstance(body, dict) else {}, _REFUSED)
