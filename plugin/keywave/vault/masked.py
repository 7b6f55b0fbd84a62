"""A text that must not be seen: a token, a SecretID, a proxy's address with its password. Pure."""

from __future__ import annotations


class Masked:
    """Holds a secret text. It shows as `****` wherever it is printed, formatted or logged, and cannot be pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the wire, nowhere else."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Masked) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "****" if self._text else "Masked('')"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a masked text is not written anywhere")


NO_TEXT = Masked("")
