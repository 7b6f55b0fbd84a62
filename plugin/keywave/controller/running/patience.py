"""A start outlasts an API server that is away: a process that ends instead is started again ever more seldom."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from keywave.controller.timing import backoff
from keywave.kube.api_server import KubeError

T = TypeVar("T")
LASTING = frozenset({"unauthorized", "forbidden", "absent", "invalid"})
"""What another try does not change; people have to."""


def until_answered(ask: Callable[[], T], *, wait: Callable[[float], bool], told: Callable[[KubeError], None]) -> T:
    """What `ask` gives. `told` hears of each failure after which it asks again; `wait(seconds)` says whether the process is to end. Raises
    KubeError: of those that last, and any when it is to end."""
    failures = 0
    while True:
        try:
            return ask()
        except KubeError as problem:
            if problem.reason in LASTING or wait(0):
                raise
            told(problem)
            if wait(backoff(failures, random.random(), first=0.5, ceiling=10.0)):
                raise
            failures += 1
