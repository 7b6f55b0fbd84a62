"""The tree of a parsed template. `at` is the offset of a node in the text."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    at: int
    text: str


class Nil(NamedTuple):
    at: int


class Dot(NamedTuple):
    at: int


class Bool(NamedTuple):
    at: int
    value: bool


class String(NamedTuple):
    at: int
    value: str


class Numeral(NamedTuple):
    """A number that takes its type from where it stands. `integer` and `real`: its value as such, None where it has none."""

    at: int
    integer: int | None
    real: float | None
    looks_real: bool


class Identifier(NamedTuple):
    at: int
    name: str


class Field(NamedTuple):
    at: int
    names: tuple[str, ...]


class Variable(NamedTuple):
    at: int
    name: str
    fields: tuple[str, ...]


class Chain(NamedTuple):
    at: int
    node: Operand
    fields: tuple[str, ...]


class Command(NamedTuple):
    at: int
    args: tuple[Operand, ...]


class Pipe(NamedTuple):
    at: int
    commands: tuple[Command, ...]
    declared: tuple[str, ...]
    assigns: bool


class Action(NamedTuple):
    at: int
    pipe: Pipe


class Break(NamedTuple):
    at: int


class Continue(NamedTuple):
    at: int


class Block(NamedTuple):
    """if, with or range."""

    at: int
    keyword: str
    pipe: Pipe
    body: Nodes
    otherwise: Nodes | None


class Call(NamedTuple):
    """{{template "name" pipeline}}"""

    at: int
    name: str
    pipe: Pipe | None


Operand = Nil | Dot | Bool | String | Numeral | Identifier | Field | Variable | Chain | Pipe
Node = Text | Action | Break | Continue | Block | Call
Nodes = tuple[Node, ...]


def is_blank(nodes: Nodes) -> bool:
    """Nothing but space: such a definition does not replace another."""
    return all(isinstance(node, Text) and not node.text.strip("\t\n\v\f\r \x85\xa0") for node in nodes)
