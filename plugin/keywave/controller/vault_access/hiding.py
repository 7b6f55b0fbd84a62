"""What a login sent, out of what was answered: Vault, or what stands before it, may repeat the request in its refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_LEAST = 4
"""Letters: less would take single letters out of every sentence."""
_PART = 8


def sent(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What must not be told of a login's body, longest first: all but the role's name, which people need."""
    return tuple(sorted(set(_texts({name: value for name, value in body.items() if name != "role"})), key=len)[::-1])


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text without them, nor with the beginning of one where it was cut off."""
    for secret in secrets:
        text = text.replace(secret, "****")
        kept = text.removesuffix("...")
        for length in range(min(len(secret) - 1, len(kept)), _PART - 1, -1):
            if kept.endswith(secret[:length]):
                text = f"{kept[:-length]}****..."
                break
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _LEAST:
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
