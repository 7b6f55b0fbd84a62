"""What a policy's text is made of before it means anything: items (keys and a value), objects, lists, literals; of HCL and JSON alike."""

from __future__ import annotations

from typing import NamedTuple

MAX_CHARACTERS = 1 << 20
"""Of a policy. Vault's own storage takes no entry above 1 MiB."""
MAX_DEPTH = 64
"""Of objects and lists in each other; a policy that means something has four."""


class PolicyError(Exception):
    """Vault would not take this policy (or it passes our limits). `line` counts from 1; `message` is for people."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class Literal(NamedTuple):
    """A key or a plain value. `kind`: word, string, json string, null, heredoc, number, float, bool.

    `text` is as written, quotes included; `keywave.vault.acl.literals` says what it means, which is asked only where Vault asks: a bad
    escape in a `comment` troubles nobody."""

    kind: str
    text: str
    line: int


class ListOf(NamedTuple):
    values: tuple[Node, ...]
    line: int


class Object(NamedTuple):
    items: tuple[Item, ...]
    line: int


class Item(NamedTuple):
    """`a = 1`: one key. `path "x" {}`: two keys. `assigned`: written with `=`."""

    keys: tuple[Literal, ...]
    value: Node
    assigned: bool
    line: int


Node = Literal | ListOf | Object
