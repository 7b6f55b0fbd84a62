"""Why an object cannot be worked on, as one exception for people: it becomes a condition and an event."""

from __future__ import annotations

from keywave.controller.model import Key


class PlanProblem(Exception):
    """An object, or one that it refers to, is not as it must be. `reason` is a word of `reasons`, `message` one sentence without a value,
    `waits_for` what must come or change."""

    def __init__(self, reason: str, message: str, waits_for: Key | None = None) -> None:
        super().__init__(message)
        self.reason, self.message, self.waits_for = reason, message, waits_for
