"""The tokens of a text one after another, and errors at their places."""

from __future__ import annotations

from typing import NoReturn

from keywave.gotemplate import literals
from keywave.gotemplate.failing import Kind, Refused, TemplateError
from keywave.gotemplate.lexer import Token, tokens
from keywave.gotemplate.nodes import Numeral


def position(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


class Stream:
    """`name` stands in the errors, all of which are TemplateError."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.tokens = tokens(text)
        self.next = 0

    def error(self, message: str, at: int, kind: Kind = "parse") -> TemplateError:
        return TemplateError(self.name, *position(self.text, at), message, kind=kind)

    def fail(self, message: str, at: int, kind: Kind = "parse") -> NoReturn:
        raise self.error(message, at, kind)

    def unexpected(self, token: Token, where: str) -> NoReturn:
        if token.kind == "error":
            self.fail(token.value, token.at)
        self.fail(f"unexpected {token.value or 'end of text'!r} in {where}", token.at)

    def take(self) -> Token:
        token = self.tokens[min(self.next, len(self.tokens) - 1)]
        self.next += 1
        return token

    def peek(self) -> Token:
        return self.tokens[min(self.next, len(self.tokens) - 1)]

    def solid(self) -> Token:
        """The next token that is no space, left where it is."""
        while self.peek().kind == "space":
            self.next += 1
        return self.peek()

    def take_solid(self) -> Token:
        self.solid()
        return self.take()

    def expect(self, kinds: tuple[str, ...], where: str) -> Token:
        token = self.take_solid()
        if token.kind not in kinds:
            self.unexpected(token, where)
        return token

    def string(self, token: Token) -> str:
        try:
            return literals.unquoted(token.value)
        except Refused as refused:
            self.fail(f"malformed string: {refused.message}", token.at)

    def number(self, token: Token) -> Numeral:
        try:
            if token.kind == "char":
                return literals.character(token.value, token.at)
            return literals.number(token.value, token.at)
        except Refused as refused:
            self.fail(refused.message, token.at, refused.kind)
