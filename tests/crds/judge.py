"""Asks an API server for its verdict on many objects over one connection: a handshake for each would be most of the time."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import ssl
import urllib.parse
from collections.abc import Iterator
from typing import Any

from keywave.objects.vso_schemas import API_VERSION
from rig.cluster import Cluster
from rig.http import Answer

NAMES = (f"x{number}" for number in itertools.count())


class Judge:
    """One API server. `judged` keeps nothing there: dryRun=All, fieldValidation=Strict."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        where = urllib.parse.urlsplit(cluster.url)
        context = ssl.create_default_context(cafile=cluster.ca_file)
        self._line = http.client.HTTPSConnection(where.hostname or "", where.port, context=context, timeout=60)
        self._headers = {"Authorization": f"Bearer {cluster.token}", "Content-Type": "application/json"}

    def answer(self, kind: str, spec: Any, api_version: str = API_VERSION) -> Answer:
        """What the server says to creating an object with this spec; None: without one."""
        body = manifest(kind, spec, api_version)
        path = self.cluster.path(api_version, kind, namespace="default")
        self._line.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", json.dumps(body), self._headers)
        got = self._line.getresponse()
        return Answer(got.status, got.read().decode())

    def judged(self, kind: str, spec: Any) -> tuple[Any, ...]:
        return verdict(self.answer(kind, spec))

    def close(self) -> None:
        self._line.close()


@contextlib.contextmanager
def judging(cluster: Cluster) -> Iterator[Judge]:
    with contextlib.closing(Judge(cluster)) as judge:
        yield judge


def manifest(kind: str, spec: Any, api_version: str = API_VERSION) -> dict[str, Any]:
    """An object with a name of its own."""
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": next(NAMES), "namespace": "default"}}
    return body if spec is None else {**body, "spec": spec}


def verdict(answer: Answer) -> tuple[Any, ...]:
    """Status, and either the spec as it would be kept or what is said against which field."""
    body = answer.body
    if answer.status == 201:
        return 201, body.get("spec")
    causes = (body.get("details") or {}).get("causes") or ()
    return answer.status, sorted({(cause.get("reason"), cause.get("field"), cause.get("message")) for cause in causes})
