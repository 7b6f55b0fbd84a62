"""What this process remembers of objects between two reconciles; gone with it."""

from __future__ import annotations

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

    def forget(self, key: Key) -> None:
        self._kept.pop(key, None)
