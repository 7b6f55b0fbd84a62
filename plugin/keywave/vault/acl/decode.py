"""From items to the fields of a rule. Each function takes all items of an object and a field's name, and gives what Vault would decode.

Names of fields are compared without regard to case. A field that stands several times (`a` and `"a"`, JSON, older Vaults) is merged: lists
are joined, of plain values the last counts. All raise PolicyError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from keywave.vault.acl.literals import float_of, integer_of, text_of
from keywave.vault.acl.nodes import Item, ListOf, Literal, Node, Object, PolicyError

UNREADABLE = object()
"""Of a duration: a list or an object, which is an error only where the duration is used."""


class Factor(NamedTuple):
    """One of a control group's (Vault Enterprise)."""

    identity: bool = False
    groups: int = 0
    approvals: int = 0
    controlled: tuple[str, ...] = ()


class Group(NamedTuple):
    ttl: object = None
    factors: tuple[Factor, ...] = ()


def named(items: Sequence[Item], name: str) -> tuple[Item, ...]:
    """The items whose first key is `name`, without that key."""
    return tuple(item._replace(keys=item.keys[1:]) for item in items if item.keys and _same(item.keys[0], name))


def text(items: Sequence[Item], name: str) -> str:
    value = ""
    for found in _labelled_first(items, name):
        value = _string(_plain(found, name), name)
    return value


def texts(items: Sequence[Item], name: str) -> tuple[str, ...]:
    values: list[str] = []
    for found in _labelled_first(items, name):
        match found.value:
            case ListOf(elements) if not found.keys:
                values += [_string(element, name) for element in elements]
            case Object(()) if not found.keys:
                pass
            case _:
                raise PolicyError(found.line, f"{name} must be a list of texts")
    return tuple(values)


def parameters(items: Sequence[Item], name: str) -> dict[str, tuple[Any, ...]] | None:
    """Name of a parameter -> its values; None where the field is not written."""
    found = named(items, name)
    if not found:
        return None
    into: dict[str, list[Any]] = {}
    _parameter_lists([item for item in found if item.keys], into, name)
    for item in found:
        if not item.keys:
            if not isinstance(item.value, Object):
                raise PolicyError(item.line, f"{name} must be an object of lists")
            _parameter_lists(item.value.items, into, name)
    return {key: tuple(values) for key, values in into.items()}


def duration(items: Sequence[Item], name: str) -> tuple[object, int]:
    """The value as written (a number, a text, a boolean, or UNREADABLE; None = not written) and its line."""
    value, line = None, 0
    for found in _labelled_first(items, name):
        line = found.line
        value = UNREADABLE if found.keys else _again(value, found.value, name)
    return value, line


def control_group(items: Sequence[Item]) -> Group | None:
    found = named(items, "control_group")
    if not found:
        return None
    inside = [item for item in found if item.keys]
    for item in found:
        if not item.keys:
            inside += _object(item.value, "control_group").items
    factors: dict[str, list[Item]] = {}
    for name, items_of in _children(named(inside, "factor"), "factor"):
        factors.setdefault(name, []).extend(items_of)
    return Group(duration(inside, "ttl")[0], tuple(_factor(items_of) for items_of in factors.values()))


def _factor(items: Sequence[Item]) -> Factor:
    text(items, "name")
    controlled = texts(items, "controlled_capabilities")
    found = named(items, "identity")
    if not found:
        return Factor(controlled=controlled)
    inside = [item for item in found if item.keys]
    for item in found:
        if not item.keys:
            inside += _object(item.value, "identity").items
    approvals = 0
    for item in _labelled_first(inside, "approvals"):
        literal = _plain(item, "approvals")
        if not isinstance(literal, Literal) or literal.kind not in ("number", "string", "json string", "null"):
            raise PolicyError(item.line, "approvals must be a whole number")
        approvals = integer_of(text_of(literal), item.line)
    return Factor(True, len(texts(inside, "group_ids")) + len(texts(inside, "group_names")), approvals, controlled)


def _children(found: Sequence[Item], name: str) -> list[tuple[str, tuple[Item, ...]]]:
    """Label -> what stands in its block."""
    flat: list[Item] = [item for item in found if item.keys]
    for item in found:
        if not item.keys:
            flat += _object(item.value, name).items
    return [
        (
            text_of(item.keys[0]),
            (item._replace(keys=item.keys[1:]),) if item.keys[1:] else _object(item.value, name).items,
        )
        for item in flat
    ]


def _labelled_first(items: Sequence[Item], name: str) -> list[Item]:
    """Blocks with labels come before plain ones, whatever stands first."""
    return sorted(named(items, name), key=lambda item: not item.keys)


def _same(key: Literal, name: str) -> bool:
    return text_of(key).lower() == name


def _plain(item: Item, name: str) -> Node:
    if item.keys:
        raise PolicyError(item.line, f"{name} is no block")
    return item.value


def _object(node: Node, name: str) -> Object:
    if not isinstance(node, Object):
        raise PolicyError(node.line, f"{name} must be a block")
    return node


def _string(node: Node, name: str) -> str:
    if isinstance(node, Literal) and node.kind not in ("float", "bool"):
        return text_of(node)
    raise PolicyError(node.line, f"{name} must be text")


def _parameter_lists(items: Sequence[Item], into: dict[str, list[Any]], name: str) -> None:
    for item in items:
        key = text_of(item.keys[0])
        if len(item.keys) > 1 or not isinstance(item.value, ListOf | Object):
            raise PolicyError(item.line, f"{name}: {key} must be a list")
        # An object counts as a list of this one object.
        values = item.value.values if isinstance(item.value, ListOf) else (item.value,)
        into.setdefault(key, []).extend(_any(value) for value in values)


def _any(node: Node, *, in_object: bool = False) -> Any:
    match node:
        case Literal("bool"):
            return node.text == "true"
        case Literal("number"):
            return integer_of(node.text, node.line)
        case Literal("float"):
            return float_of(node)
        case Literal():
            return text_of(node)
        case ListOf(values):
            return [_any(value) for value in values]
        case Object(items):
            value = {text_of(item.keys[0]): _any(item.value, in_object=True) for item in items}
            # HCL 1 makes an object inside an object a list of one, of a type that no parameter of a request has.
            return (value,) if in_object else value


def _again(old: object, node: Node, name: str) -> object:
    """The value of a plain field that may have been set before, which then fixes its type."""
    if not isinstance(node, Literal):
        return UNREADABLE
    plain = text_of(node) if node.kind not in ("number", "float", "bool") else None
    match old:
        case bool() if node.kind == "bool":
            return node.text == "true"
        case int() if not isinstance(old, bool) and (node.kind == "number" or plain is not None):
            return integer_of(node.text if plain is None else plain, node.line)
        case float() if node.kind in ("number", "float"):
            return float_of(node)
        case str() if node.kind not in ("float", "bool"):
            return text_of(node)
        case None:
            return _any(node)
    raise PolicyError(node.line, f"{name} is set twice, with values of different types")
