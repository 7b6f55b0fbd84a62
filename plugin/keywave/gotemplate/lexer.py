"""Template text to tokens, by the rules of Go's text/template."""

from __future__ import annotations

import re
from typing import NamedTuple

SPACES = " \t\r\n"
KEYWORDS = frozenset({"block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"})
_TERMINATORS = ".,|:)("
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")


class Token(NamedTuple):
    """`kind`: text, left, right, space, string, raw, char (a character constant), number, complex, variable, field, dot, identifier,
    bool, declare, assign, pipe, "(", ")", mark (any other character), eof, error, or a keyword itself."""

    kind: str
    at: int
    value: str


class _Stop(Exception):
    pass


def tokens(text: str) -> list[Token]:
    """All tokens; a text that cannot be read ends with one of kind `error`, whose value says why."""
    lexer = _Lexer(text)
    try:
        lexer.text_mode()
    except _Stop:
        return lexer.found
    lexer.found.append(Token("eof", len(text), ""))
    return lexer.found


def is_word(character: str) -> bool:
    return character == "_" or character.isalpha() or character.isdecimal()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.found: list[Token] = []

    def fail(self, message: str, at: int) -> None:
        self.found.append(Token("error", at, message))
        raise _Stop

    def emit(self, kind: str, start: int, end: int) -> None:
        self.found.append(Token(kind, start, self.text[start:end]))
        self.at = end

    def text_mode(self) -> None:
        text = self.text
        while True:
            start, opened = self.at, text.find("{{", self.at)
            end = len(text) if opened < 0 else opened
            trims = opened >= 0 and text[opened + 2 : opened + 3] == "-" and text[opened + 3 : opened + 4] in (*SPACES,)
            piece = text[start:end].rstrip(SPACES) if trims else text[start:end]
            if piece:
                self.found.append(Token("text", start, piece))
            if opened < 0:
                return
            after = opened + 2 + (2 if trims else 0)
            if text.startswith("/*", after):
                self.comment(after)
                continue
            self.found.append(Token("left", opened, "{{"))
            self.at, self.depth = after, 0
            self.action(opened)

    def right_delimiter(self, at: int) -> int:
        """Length of a right delimiter at `at`: 0 (none), 2, or 4 with a trim marker."""
        if self.text[at : at + 1] in (*SPACES,) and self.text.startswith("-}}", at + 1):
            return 4
        return 2 if self.text.startswith("}}", at) else 0

    def close(self, at: int, length: int) -> None:
        self.at = at + length
        if length == 4:
            while self.text[self.at : self.at + 1] in (*SPACES,):
                self.at += 1

    def comment(self, at: int) -> None:
        end = self.text.find("*/", at + 2)
        if end < 0:
            self.fail("unclosed comment", at)
        length = self.right_delimiter(end + 2)
        if not length:
            self.fail("comment ends before closing delimiter", at)
        self.close(end + 2, length)

    def action(self, opened: int) -> None:
        text = self.text
        while True:
            at = self.at
            length = self.right_delimiter(at)
            if length:
                if self.depth:
                    self.fail("unclosed left paren", at)
                self.found.append(Token("right", at, "}}"))
                self.close(at, length)
                return
            if at >= len(text):
                self.fail("unclosed action", opened)
            self.one(text[at], at)

    def one(self, character: str, at: int) -> None:
        text = self.text
        following = text[at + 1 : at + 2]
        if character in SPACES:
            end = at
            while text[end : end + 1] in (*SPACES,):
                end += 1
            # The last space may belong to " -}}".
            if self.right_delimiter(end - 1) == 4:
                end -= 1
            self.emit("space", at, end)
        elif character == "=":
            self.emit("assign", at, at + 1)
        elif character == ":":
            if following != "=":
                self.fail("expected :=", at)
            self.emit("declare", at, at + 2)
        elif character == "|":
            self.emit("pipe", at, at + 1)
        elif character == '"':
            self.matched(_QUOTED, "string", at, "unterminated quoted string")
        elif character == "'":
            self.matched(_CHARACTER, "char", at, "unterminated character constant")
        elif character == "`":
            end = text.find("`", at + 1)
            if end < 0:
                self.fail("unterminated raw quoted string", at)
            self.emit("raw", at, end + 1)
        elif character == "$":
            self.name(at, "variable", "variable")
        elif character == "." and not ("0" <= following <= "9"):
            self.name(at, "field", "dot")
        elif character in ".+-" or "0" <= character <= "9":
            self.number(at)
        elif is_word(character):
            self.word(at)
        elif character in "()":
            self.depth += 1 if character == "(" else -1
            if self.depth < 0:
                self.fail("unexpected right paren", at)
            self.emit(character, at, at + 1)
        elif " " <= character <= "~":
            self.emit("mark", at, at + 1)
        else:
            self.fail(f"unrecognized character in action: U+{ord(character):04X}", at)

    def matched(self, pattern: re.Pattern[str], kind: str, at: int, message: str) -> None:
        match = pattern.match(self.text, at)
        if match is None:
            self.fail(message, at)
        else:
            self.emit(kind, at, match.end())

    def ends_here(self, at: int) -> bool:
        if at >= len(self.text):
            return True
        return self.text[at] in SPACES or self.text[at] in _TERMINATORS or self.text.startswith("}}", at)

    def name(self, at: int, kind: str, alone: str) -> None:
        end = at + 1
        if self.ends_here(end):
            self.emit(alone, at, end)
            return
        while end < len(self.text) and is_word(self.text[end]):
            end += 1
        if not self.ends_here(end):
            self.fail(f"bad character U+{ord(self.text[end]):04X}", end)
        self.emit(kind, at, end)

    def word(self, at: int) -> None:
        end = at
        while end < len(self.text) and is_word(self.text[end]):
            end += 1
        if not self.ends_here(end):
            self.fail(f"bad character U+{ord(self.text[end]):04X}", end)
        word = self.text[at:end]
        kind = word if word in KEYWORDS else "bool" if word in ("true", "false") else "identifier"
        self.emit(kind, at, end)

    def number(self, at: int) -> None:
        end = self.scan_number(at)
        kind = "number"
        if self.text[end : end + 1] in ("+", "-"):
            end = self.scan_number(end)
            kind = "complex"
            if self.text[end - 1] != "i":
                self.fail("bad number syntax", at)
        self.emit(kind, at, end)

    def scan_number(self, at: int) -> int:
        match = _NUMBER.match(self.text, at)
        end = match.end() if match else at
        if end < len(self.text) and is_word(self.text[end]):
            self.fail("bad number syntax", at)
        return end


_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
