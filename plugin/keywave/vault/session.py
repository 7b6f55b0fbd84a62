"""A session with Vault: asks, asks again where that helps, logs in again once, many requests side by side.

Knows nothing of hvac: `client` brings it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType
from typing import Protocol

from keywave.vault.exchange import Answer
from keywave.vault.faults import OutOfReach
from keywave.vault.login.model import Door, Grant, Login
from keywave.vault.settings import Settings
from keywave.vault.wire import Request, Response, sendable

Progress = Callable[[int, int], None]
"""Called in the thread that asks with (answered, all), some times a second."""
Send = Callable[[Callable[[float], Answer]], Answer]
"""Calls a function that sends one request until a given time (time.monotonic), again where that helps; gives the answer."""
LOOK_AGAIN = 5.0
"""Seconds for which a token that was looked up is taken to be alive."""


class Wire(Protocol):
    """What the session sends through: hvac's client, with our adapter (`client.py`). Each method sends one request, once."""

    def ask(self, request: Request, end: float) -> Answer: ...
    def look_up(self, end: float) -> Answer: ...
    def revoke(self, end: float) -> None: ...
    def use(self, token: str) -> None: ...
    def door(self, send: Send) -> Door: ...
    def close(self) -> None: ...


class Session:
    """Use it in a `with`: at its end the tokens that it got by a login are revoked; a token that was given is not."""

    def __init__(self, settings: Settings, login: Login, wire: Wire) -> None:
        self._settings, self._login, self._wire = settings, login, wire
        self._end = monotonic() + settings.deadline
        self._lock, self._login_lock = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._grant: Grant | None = None
        self._logins = 0
        self._expires = 0.0
        self._alive_at = 0.0
        self._reached = False
        self._pause_until = 0.0
        self._foreign: set[str] = set()
        """Namespaces that call a living token of another one invalid."""
        self.sent = 0

    def __repr__(self) -> str:
        return f"Session({self._settings.address}, {self._login.label}, {self.sent} sent)"

    def __enter__(self) -> Session:
        try:
            self._log_in()
        except BaseException:
            self._wire.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        # After an interrupt or a fault people wait for the prompt: a short time, no second try.
        end = monotonic() + (5.0 if error is None else 1.0)
        # A thread that is just logging in again would leave a token behind.
        held = self._login_lock.acquire(timeout=end - monotonic())
        grant = self._grant
        try:
            if grant is not None and grant.revocable:
                self._count()
                self._wire.revoke(end)
        except OutOfReach:
            pass  # it ends by its TTL
        finally:
            self._wire.close()
            if held:
                self._login_lock.release()

    def ask(self, request: Request) -> Response:
        """The answer to one request (2xx, 400, 403, 404, 405). Raises OutOfReach for everything else.

        A path that would mean another one on its way is not sent: 400, as Vault would say were it to see it."""
        if not sendable(request.path, request.namespace):
            return Response(400, errors=("this is no path that can be asked for",))
        logins = self._logins
        answer = self._send(lambda end: self._wire.ask(request, end))
        if answer.status == 403 and self._is_dead(answer, logins, request.namespace):
            self._log_in_again(logins)
            logins = self._logins
            answer = self._send(lambda end: self._wire.ask(request, end))
            if answer.status == 403 and self._is_dead(answer, logins, request.namespace):
                raise self._ended()
        return Response(answer.status, answer.data, answer.texts("errors"), answer.texts("warnings"))

    def ask_all(self, requests: Sequence[Request], progress: Progress | None = None) -> list[Response]:
        """All answers in the order of the requests, `workers` at a time. The first OutOfReach ends it: nothing more is asked then."""
        answers: list[Response | None] = [None] * len(requests)
        faults: list[BaseException] = []
        ahead = iter(range(len(requests)))  # next() of a range is one step: threads may share it
        lock, ended = threading.Lock(), threading.Event()
        threads = min(self._settings.workers, len(requests))
        running, answered = threads, 0

        def work() -> None:
            nonlocal running, answered
            try:
                for index in ahead:
                    if faults or self._stopped.is_set():
                        return
                    answers[index] = self.ask(requests[index])
                    answered += 1  # only for the progress: a lost one does not matter
            except BaseException as fault:
                faults.append(fault)
                ended.set()
            finally:
                with lock:
                    running -= 1
                    if not running:
                        ended.set()

        if not threads:
            return []
        # Daemons: an interrupted run does not wait for answers that nobody wants.
        for _ in range(threads):
            threading.Thread(target=work, daemon=True).start()
        while not ended.wait(0.1):  # not for ever: a signal may have gone to another thread
            if progress:
                progress(answered, len(requests))
        if faults:
            raise faults[0]
        if progress:
            progress(len(requests), len(requests))
        return [answer for answer in answers if answer is not None]

    # Asking again

    def _send(self, once: Callable[[float], Answer]) -> Answer:
        """Send until there is an answer, it makes no sense any more, or the deadline is there."""
        attempt = 0
        while True:
            if self._stopped.is_set():
                raise OutOfReach("refused", "the session is closed")
            attempt += 1
            now = monotonic()
            if self._pause_until > now:
                self._sleep(self._pause_until - now)
                now = monotonic()
            if now >= self._end:
                raise self._late()
            self._count()
            try:
                answer = once(min(now + self._settings.timeout, self._end))
                self._reached = True
                return answer
            except OutOfReach as fault:
                if monotonic() >= self._end:
                    raise self._late() from None
                self._wait(attempt, fault)

    def _wait(self, attempt: int, fault: OutOfReach) -> None:
        from keywave.vault.retrying import wait_before_next

        left = self._end - monotonic()
        wait = wait_before_next(self._settings.retries, attempt, fault, left, random.random(), reached=self._reached)
        if wait is None or self._stopped.is_set():
            raise fault
        if fault.reason == "rate-limited":
            self._pause_until = monotonic() + wait  # for all threads
        self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise OutOfReach("refused", "the session is closed")

    def _late(self) -> OutOfReach:
        seconds = self._settings.deadline
        summary = f"Vault at {self._settings.address} was not done within {seconds:g} s in all"
        return OutOfReach("timeout", summary, hint="give it longer: --deadline, or ask for less at once")

    def _count(self) -> None:
        with self._lock:
            self.sent += 1

    # Logging in

    def _log_in(self) -> None:
        door = self._wire.door(self._send)
        grant = self._login.log_in(door)
        self._wire.use(grant.token.reveal())
        self._grant, self._logins = grant, self._logins + 1
        self._expires, self._alive_at = monotonic() + grant.ttl if grant.ttl else 0.0, 0.0
        if not self._login.given:
            return
        answer = self._send(self._wire.look_up)
        if answer.ok:
            ttl = answer.data.get("ttl")
            self._alive_at = monotonic()
            self._expires = monotonic() + ttl if isinstance(ttl, int) and ttl > 0 else 0.0
        elif _says_invalid(answer):
            hint = "make a new one: vault login"
            raise OutOfReach("login", f"Vault at {self._settings.address} does not know {self._login.label}", hint=hint)

    def _is_dead(self, answer: Answer, logins: int, namespace: str) -> bool:
        """Whether a 403 means the token itself (that of the login number `logins`), not a right of it.

        Servers of today say "invalid token", but they may say so to a token of another namespace, too; old ones say "permission denied" to
        all. So the token is looked up where it lives: at once when the text says so, else only when it was not seen alive for a while.
        """
        if self._logins != logins:
            return True
        invalid = _says_invalid(answer) or bool(self._expires and monotonic() >= self._expires)
        if not invalid and not self._alive_at:
            return False  # it may never have had the right to look itself up
        if (not invalid or namespace in self._foreign) and monotonic() - self._alive_at < LOOK_AGAIN:
            return False
        looked = self._send(self._wire.look_up)
        if looked.ok:
            self._alive_at = monotonic()
            self._foreign |= {namespace} if invalid else set()
        return self._logins != logins or looked.status == 403

    def _log_in_again(self, logins: int) -> None:
        with self._login_lock:
            if self._logins != logins:
                return  # another thread did
            if self._login.given:
                raise self._ended()
            self._log_in()

    def _ended(self) -> OutOfReach:
        summary = f"Vault at {self._settings.address} ended the token midway ({self._login.label})"
        hint = (
            "it expired or was revoked: use a token that lives longer"
            if self._login.given
            else "look at the role's token_ttl"
        )
        return OutOfReach("login", summary, hint=hint)


def _says_invalid(answer: Answer) -> bool:
    return any("invalid token" in text or "bad token" in text for text in answer.texts("errors"))
