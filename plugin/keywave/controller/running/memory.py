"""What this process remembers of objects between two reconciles; gone with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keywave.controller.model import Key


class ProcessMemory:
    """Satisfies ports.Memory. Single dict operations, which threads may share."""

    def __init__(self) -> None:
        self._kept: dict[Key, dict[str, Any]] = {}

    def recall(self, key: Key, name: str) -> Any:
        """None where nothing is kept."""
        return self._kept.get(key, {}).get(name)

    def keep(self, key: Key, name: str, value: Any) -> None:
        self._kept.setdefault(key, {})[name] = value

    def clear(self) -> None:
        """Of all objects: another operator was at work on them."""
        self._kept.clear()

    def forget_those(self, belongs: Callable[[str], bool]) -> None:
        """Of the objects in these namespaces: another replica is at work on them, or was."""
        for key in [key for key in list(self._kept) if belongs(key.namespace)]:
            self._kept.pop(key, None)

    def forget(self, key: Key) -> None:
        self._kept.pop(key, None)
