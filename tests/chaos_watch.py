"""What was seen while everything went wrong: the values that were ever in a Secret, and all that was told to anybody; and Vault's own
book of what it has issued, to whom."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from chaos_world import KINDS, Change, World

from rig.operators import Operator

_EVERY = 1.0
_TOKENS = re.compile(r"hv[sb]\.[\w-]{20,}|eyJ[\w-]{20,}\.[\w-]{20,}")
"""Tokens of Vault and of ServiceAccounts, whichever they are."""


class Watch(threading.Thread):
    """Looks each second until `end`. What cannot be asked just now is left out."""

    def __init__(self, world: World, operators: Callable[[], list[Operator]]) -> None:
        super().__init__(daemon=True)
        self._world, self._operators = world, operators
        self._ended = threading.Event()
        self.values: set[str] = set()
        self.told: set[str] = set()
        self._generations: dict[Change, int] = {}

    def run(self) -> None:
        while not self._ended.wait(_EVERY):
            for look in (self._secrets, self._events, self._objects, self._metrics, self._restarts):
                with contextlib.suppress(AssertionError, OSError, ValueError):
                    look()

    def end(self) -> None:
        self._ended.set()
        self.join()

    def leaks(self, *more: str) -> list[str]:
        """Where a value, or any token, was told: the text around it, without it."""
        whole = "\n".join([*self.told, *more])
        wanted = [*self.values, *self._world.written]
        wanted += [base64.b64encode(value.encode()).decode() for value in wanted]
        places = [(whole.find(value), len(value)) for value in wanted if value in whole]
        places += [(match.start(), len(match[0])) for match in _TOKENS.finditer(whole)]
        return [f"{whole[max(at - 200, 0) : at]}<value>{whole[at + size :][:50]}" for at, size in places]

    def _secrets(self) -> None:
        for data in self._world.secrets().values():
            self.values |= {data["password"]} if len(data.get("password", "")) > 10 else set()
            # A line of a key as PEM: the whole text has line ends, which JSON writes otherwise.
            self.values |= {line for key in ("tls.key", "private_key") for line in data.get(key, "").splitlines()[1:2]}

    def _events(self) -> None:
        self.told |= {json.dumps(event) for event in self._world.cluster.list("v1", "Event")}

    def _objects(self) -> None:
        for body in self._world.objects(*KINDS):
            self.told.add(json.dumps({"metadata": body["metadata"], "status": body.get("status")}))

    def _restarts(self) -> None:
        for where, generation in self._world.generations().items():
            if self._generations.get(where) != generation:
                self._generations[where] = generation
                self._world.note(where.namespace, f"{where.name} has generation {generation}")

    def _metrics(self) -> None:
        for operator in self._operators():
            # Without the numbers, which would make each line a new one.
            self.told |= {line.rpartition(" ")[0] for line in operator.metrics().splitlines()}


def issued(book: Path, mount: str) -> Counter[str]:
    """By Vault's audit log: how many credentials and certificates were issued for each namespace."""
    counted: Counter[str] = Counter()
    paths = {f"{mount}-db/creds/app", f"{mount}-db/creds/mixed", f"{mount}-pki/issue/app"}
    for line in book.read_text(errors="replace").splitlines():
        with contextlib.suppress(ValueError):  # Vault was killed while it wrote it
            entry = json.loads(line)
            if entry.get("type") == "response" and entry["request"]["path"] in paths and not entry.get("error"):
                counted[entry["auth"]["metadata"]["service_account_namespace"]] += 1
    return counted
