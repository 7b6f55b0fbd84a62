"""The tree of a regular expression to instructions."""

from __future__ import annotations

from typing import NamedTuple

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.regex_classes import Test

MOST_CODE = 20_000


class Code(NamedTuple):
    """One instruction: `char` (test), `split` (to `x`, else `y`), `jump` (x), `save` (slot x), `assert` (kind), `match`."""

    what: str
    x: int = 0
    y: int = 0
    test: Test | None = None
    kind: str = ""


class Program(NamedTuple):
    """`names`: of the groups, "" for those without; the first is the whole match."""

    code: tuple[Code, ...]
    names: tuple[str, ...]


class Tree(NamedTuple):
    """`what`: empty, char, cat, alt, repeat, group, assert."""

    what: str
    parts: tuple[Tree, ...] = ()
    test: Test | None = None
    kind: str = ""
    least: int = 0
    most: int = 0
    lazy: bool = False
    number: int = 0


def repeats(tree: Tree) -> int:
    inside = max(map(repeats, tree.parts), default=1)
    return inside * max(tree.least, tree.most, 1) if tree.what == "repeat" else inside


def emit(tree: Tree, code: list[Code]) -> None:
    if len(code) > MOST_CODE:
        raise Refused("a regexp that is too large", "limit")
    if tree.what == "char":
        code.append(Code("char", test=tree.test))
    elif tree.what == "assert":
        code.append(Code("assert", kind=tree.kind))
    elif tree.what == "cat":
        for part in tree.parts:
            emit(part, code)
    elif tree.what == "group":
        code.append(Code("save", 2 * tree.number))
        emit(tree.parts[0], code)
        code.append(Code("save", 2 * tree.number + 1))
    elif tree.what == "alt":
        _emit_alternatives(tree, code)
    elif tree.what == "repeat":
        _emit_repeat(tree, code)


def _emit_alternatives(tree: Tree, code: list[Code]) -> None:
    ends: list[int] = []
    for part in tree.parts[:-1]:
        at = len(code)
        code.append(Code("split"))
        emit(part, code)
        ends.append(len(code))
        code.append(Code("jump"))
        code[at] = Code("split", at + 1, len(code))
    emit(tree.parts[-1], code)
    for end in ends:
        code[end] = Code("jump", len(code))


def _emit_repeat(tree: Tree, code: list[Code]) -> None:
    inside = tree.parts[0]

    def split(at: int, stay: int, leave: int) -> None:
        code[at] = Code("split", leave, stay) if tree.lazy else Code("split", stay, leave)

    for _ in range(tree.least):
        last = len(code)
        emit(inside, code)
    if tree.most < 0:
        at = len(code)
        code.append(Code("split"))
        if tree.least:
            split(at, last, at + 1)
        else:
            emit(inside, code)
            code.append(Code("jump", at))
            split(at, at + 1, len(code))
        return
    marks: list[int] = []
    for _ in range(tree.most - tree.least):
        marks.append(len(code))
        code.append(Code("split"))
        emit(inside, code)
    for at in marks:
        split(at, at + 1, len(code))
