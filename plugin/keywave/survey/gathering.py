"""What a survey has found so far, and the one way it asks: rights first, then only what is allowed.

Rule: a request that the verifier's token may not make is not sent; it becomes a DENIED fact and an entry of `lacking`. Rights are asked in
batches (sys/capabilities-self takes many paths); where that is refused itself, requests are sent and a 403 says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from keywave.errors import KeywaveError
from keywave.vault import wire
from keywave.vault.faults import one_line
from keywave.vault.inventory import Fact, Inventory, Mount, Place, State
from keywave.vault.wire import Request, Response

Progress = Callable[[int, int], None]
BATCH = 500
"""Paths in one question about rights."""
_CAPABILITY = {"GET": "read", "LIST": "list", "POST": "update"}
_UNSUPPORTED = ("unsupported path", "no handler for route", "Invalid path")


class Asks(Protocol):
    """What a survey needs of a `vault.client.Session`."""

    def ask(self, request: Request) -> Response: ...
    def ask_all(self, requests: Sequence[Request], progress: Progress | None = None) -> list[Response]: ...


class Gathering:
    """Tables of an inventory while they fill."""

    def __init__(self, session: Asks, progress: Progress | None, most: int) -> None:
        self.session, self.progress, self.most = session, progress, most
        self.version = ""
        self.tables: dict[str, dict[Place, Fact[Any]]] = {
            name: {} for name in ("mounts", "auths", "secrets", "roles", "policies", "entities", "names")
        }
        self.lacking: set[tuple[str, str, str]] = set()
        self._may: dict[Place, frozenset[str]] = {}
        self._blind: set[str] = set()

    def inventory(self) -> Inventory:
        ordered: dict[str, Any] = {name: dict(sorted(table.items())) for name, table in self.tables.items()}
        return Inventory(version=self.version, lacking=tuple(sorted(self.lacking)), **ordered)

    def send(self, requests: Sequence[Request], *, rights_first: bool = True) -> list[Response | None]:
        """Answers in order; None where the verifier may not ask. For a few requests the question about rights costs more than a 403."""
        if rights_first:
            self._learn_rights(requests)
        allowed = [self._allowed(request) for request in requests]
        asked = [request for request, may in zip(requests, allowed, strict=True) if may]
        answers = iter(self.session.ask_all(asked, self.progress) if asked else [])
        given: list[Response | None] = []
        for request, may in zip(requests, allowed, strict=True):
            answer = next(answers) if may else None
            if answer is None or answer.status == 403:
                self._lacks(request)
                answer = None
            given.append(answer)
        return given

    def send_each(self, requests: dict[Any, Request]) -> dict[Any, Response | None]:
        """The same for requests under names; one request that stands under several names is sent once each."""
        return dict(zip(requests, self.send(list(requests.values())), strict=True))

    def listed(self, folders: Iterable[Place], request: Callable[[Place], Request]) -> None:
        """List folders that are not listed yet into `names`; a 404 is an empty folder."""
        names = self.tables["names"]
        asked = {place: request(place) for place in sorted(set(folders)) if place not in names}
        for place, answer in self.send_each(asked).items():
            names[place] = self._listing(asked[place], answer)

    def _listing(self, request: Request, answer: Response | None) -> Fact[tuple[str, ...]]:
        fact = self.fact(request, answer, _names_in)
        return Fact(State.PRESENT, ()) if fact.absent else fact

    def fact(self, request: Request, answer: Response | None, value: Callable[[Response], Any]) -> Fact[Any]:
        """The fact that an answer proves: 404 is absent, unless the path itself is unknown to the engine."""
        if answer is None:
            return Fact(State.DENIED, note=f"{_CAPABILITY[request.method]} on {request.path} is denied")
        texts = [*answer.errors, *answer.warnings]
        if answer.status == 404 and not any(sign in text for text in texts for sign in _UNSUPPORTED):
            return Fact(State.ABSENT)
        if not answer.ok or not answer.data:
            said = f": {one_line(texts[0])}" if texts else ""
            return Fact(State.UNCLEAR, note=f"{request.method} {request.path} answered {answer.status}{said}")
        return Fact(State.PRESENT, value(answer))

    def known_mount(self, table: str, place: Place) -> Mount | None:
        """A mount that is there; only below such a one anything is asked."""
        found: Mount | None = self.tables[table].get(place, Fact(State.UNCOVERED)).value
        return found

    def _learn_rights(self, requests: Sequence[Request]) -> None:
        wanted: dict[str, dict[str, None]] = {}
        for request in requests:
            if not wire.sendable(request.path, request.namespace):
                continue  # never sent, see `Session.ask`; here it would spoil the question about all others
            # Vault allows LIST folder/ to a rule for folder, too.
            for path in {request.path, request.path.rstrip("/")}:
                if request.namespace not in self._blind and (request.namespace, path) not in self._may:
                    wanted.setdefault(request.namespace, {})[path] = None
        for namespace, paths in wanted.items():
            ordered = sorted(paths)
            batches = [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]
            for batch, answer in zip(
                batches,
                self.session.ask_all([wire.own_capabilities(batch, namespace) for batch in batches]),
                strict=True,
            ):
                if not answer.ok:
                    self._blind.add(namespace)
                    if answer.status == 403:
                        self.lacking.add((namespace, "sys/capabilities-self", "update"))
                    continue
                for path in batch:
                    found = answer.data.get(path)
                    if isinstance(found, (list, tuple)):
                        self._may[namespace, path] = frozenset(str(each) for each in found)

    def _allowed(self, request: Request) -> bool:
        may: set[str] = set()
        for path in (request.path, request.path.rstrip("/")):
            known = self._may.get((request.namespace, path))
            if known is None:
                return True
            may |= known
        return "root" in may or _CAPABILITY[request.method] in may or (request.method == "POST" and "create" in may)

    def _lacks(self, request: Request) -> None:
        self.lacking.add((request.namespace, request.path, _CAPABILITY[request.method]))


class TooMuch(KeywaveError):
    """A scope holds more names than its bound."""


def _names_in(answer: Response) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in answer.data.get("keys") or ()}))
