"""HCL 1, as Vault 1.21 reads policies. Pure; written for this project after the behaviour of Vault (design/0007).

What is particular: keys are words or strings; a block needs no `=`; commas between items may be left out; a list may end with a comma; an
attribute that is set twice is refused (since Vault 1.21, before it was merged), a block may be written many times; at the top, an attribute
whose value is missing at the end of the file counts as not written.
"""

from __future__ import annotations

from collections.abc import Iterator

from keywave.vault.acl.nodes import MAX_CHARACTERS, MAX_DEPTH, Item, ListOf, Literal, Node, Object, PolicyError
from keywave.vault.acl.scan import Token, tokens

_PLAIN = ("string", "heredoc", "number", "float", "bool")


class _EndOfText(Exception):
    """The text ended where a key or a value should stand."""


def read(text: str, *, duplicates: bool = False) -> Object:
    """The items of a policy's text, HCL or JSON (whose first character is `{`). Raises PolicyError.

    `duplicates`: attributes may be set twice, as before Vault 1.21 (and with VAULT_ALLOW_PENDING_REMOVAL_DUPLICATE_HCL_ATTRIBUTES).
    """
    if len(text) > MAX_CHARACTERS:
        raise PolicyError(1, f"more than {MAX_CHARACTERS} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PolicyError(text.count("\n", 0, error.start) + 1, "text that is not UTF-8") from None
    if text.lstrip().startswith("{"):
        from keywave.vault.acl import json_form

        return json_form.read(text)
    return _Parser(text, duplicates).document()


class _Parser:
    def __init__(self, text: str, duplicates: bool) -> None:
        self._source: Iterator[Token] = tokens(text)
        self._next = next(self._source)
        self._duplicates = duplicates
        self._depth = 0

    def document(self) -> Object:
        return Object(tuple(self._items(inside=False)), 1)

    def _take(self) -> Token:
        taken, self._next = self._next, (self._next if self._next.kind == "end" else next(self._source))
        return taken

    def _items(self, *, inside: bool) -> Iterator[Item]:
        assigned: set[str] = set()
        while not (inside and self._next.kind == "}"):
            try:
                item = self._item()
            except _EndOfText:
                return
            key = item.keys[0]
            if item.assigned and not self._duplicates:
                # As written: `a` and `"a"` are two attributes to this rule.
                if key.text in assigned:
                    raise PolicyError(key.line, f"{key.text} is set twice; Vault takes an attribute only once")
                assigned.add(key.text)
            yield item
            if self._next.kind == ",":
                self._take()

    def _item(self) -> Item:
        keys: list[Literal] = []
        while self._next.kind in ("word", "string"):
            keys.append(_literal(self._take()))
        sign = self._take()
        if sign.kind == "end" and not keys:
            raise _EndOfText
        if sign.kind not in ("=", "{") or not keys:
            raise PolicyError(sign.line, f"{_named(sign)} where a key, '=' or '{{' is expected")
        if sign.kind == "=" and len(keys) > 1:
            raise PolicyError(sign.line, "a block with a label has no '='")
        value = self._value(self._take()) if sign.kind == "=" else self._object(sign)
        return Item(tuple(keys), value, sign.kind == "=", keys[0].line)

    def _value(self, first: Token) -> Node:
        if first.kind == "end":
            raise _EndOfText
        if first.kind in _PLAIN:
            return _literal(first)
        if first.kind == "{":
            return self._object(first)
        if first.kind == "[":
            return self._list(first)
        raise PolicyError(first.line, f"{_named(first)} where a value is expected")

    def _object(self, brace: Token) -> Object:
        self._deeper(brace)
        items = tuple(self._items(inside=True))
        closing = self._take()
        if closing.kind != "}":
            raise PolicyError(closing.line, f"{_named(closing)} where '}}' is expected (opened in line {brace.line})")
        self._depth -= 1
        return Object(items, brace.line)

    def _list(self, bracket: Token) -> ListOf:
        self._deeper(bracket)
        values: list[Node] = []
        comma_due = False
        while True:
            token = self._take()
            if token.kind == "]":
                self._depth -= 1
                return ListOf(tuple(values), bracket.line)
            if token.kind == ",":
                comma_due = False
                continue
            if comma_due or token.kind not in (*_PLAIN, "{", "["):
                raise PolicyError(token.line, f"{_named(token)} where ',' or ']' or a value is expected")
            values.append(self._value(token))
            # After a list within a list Vault asks for no comma.
            comma_due = token.kind != "["

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PolicyError(token.line, f"more than {MAX_DEPTH} objects in each other")


def _literal(token: Token) -> Literal:
    return Literal(token.kind, token.text, token.line)


def _named(token: Token) -> str:
    return "the end of the text" if token.kind == "end" else token.text.splitlines()[0][:40]
