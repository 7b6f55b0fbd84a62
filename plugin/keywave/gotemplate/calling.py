"""How a function is declared, and how values come to its parameters: by type, as Go's reflection does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keywave.gotemplate import nodes
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.nodes import Operand
from keywave.gotemplate.values import INVALID, NilMap, kind_of, type_of

TYPES = {
    "s": "string",
    "i": "int",
    "f": "float64",
    "b": "bool",
    "a": "interface {}",
    "v": "reflect.Value",
    "m": "map[string]interface {}",
}


WRITTEN = frozenset(
    {
        "print",
        "println",
        "printf",
        "html",
        "js",
        "urlquery",
        "toString",
        "toStrings",
        "quote",
        "squote",
        "cat",
        "join",
        "sortAlpha",
    }
    | {"dict", "toDecimal", "toJson", "toPrettyJson", "toRawJson", "mustToJson", "mustToPrettyJson", "mustToRawJson"}
)
"""Functions that make a text of whatever they get."""


class Function(NamedTuple):
    """`parameters`: one letter of TYPES for each; `rest`: the letter of further ones, "" for none. `call` gets the Run, then the values."""

    parameters: str
    rest: str
    call: Callable[..., Any]

    def letter(self, index: int) -> str:
        return self.parameters[index] if index < len(self.parameters) else self.rest


def declared(signature: str, call: Callable[..., Any]) -> Function:
    """`signature`: the letters; a last one with * may come any number of times."""
    return Function(signature[:-2], signature[-2], call) if signature.endswith("*") else Function(signature, "", call)


def check_count(name: str, function: Function, given: int) -> None:
    """Raises Refused for a wrong number of arguments."""
    wanted = len(function.parameters)
    if given < wanted or (given > wanted and not function.rest):
        more = "at least " if function.rest else ""
        raise Refused(f"wrong number of args for {name}: want {more}{wanted} got {given}")


def assignable(value: Any, letter: str) -> bool:
    return letter in "av" or type_of(value) == TYPES[letter]


def accepted(value: Any, letter: str) -> Any:
    """`value` as an argument of that type. Raises Refused."""
    if value is INVALID:
        if letter == "a":
            return None
        if letter == "v":
            return INVALID
        if letter == "m":
            return NilMap()
        raise Refused(f"invalid value; expected {TYPES[letter]}")
    if assignable(value, letter):
        return value
    raise Refused(
        f"wrong type for value; expected {TYPES[letter]}; got {type_of(value) if value is not None else 'nil'}"
    )


def literal(node: Operand, letter: str) -> Any:
    """A constant of the template as an argument of that type. Raises Refused."""
    if isinstance(node, nodes.Nil):
        if letter == "m":
            return NilMap()
        if letter == "v":
            return INVALID
        if letter == "a":
            return None
        raise Refused(f"cannot assign nil to {TYPES[letter]}")
    if letter in "av":
        return constant(node)
    if letter == "b" and isinstance(node, nodes.Bool):
        return node.value
    if letter == "s" and isinstance(node, nodes.String):
        return node.value
    if letter == "i" and isinstance(node, nodes.Numeral) and node.integer is not None and node.integer < 1 << 63:
        return node.integer
    if letter == "f" and isinstance(node, nodes.Numeral) and node.real is not None:
        return node.real
    raise Refused(f"expected {TYPES[letter]}")


def constant(node: Operand) -> Any:
    """A constant where no type is asked for. Raises Refused."""
    if isinstance(node, (nodes.Bool, nodes.String)):
        return node.value
    if isinstance(node, nodes.Numeral):
        if node.looks_real:
            return node.real
        if node.integer is not None and node.integer < 1 << 63:
            return node.integer
        raise Refused("the number overflows int")
    raise Refused("nil is not a command")


def integer_index(value: Any, most: int) -> int:
    """An index from 0 to `most`. Raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"cannot index with a {kind_of(value)}")
    if not 0 <= value <= most:
        raise Refused("index out of range")
    return int(value)
