"""Regular expressions in RE2's syntax (Go's package regexp), parsed to a program for regex_machine."""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.regex_classes import ESCAPES, PERL, POSIX, Test, folded, literal, without
from keywave.gotemplate.regex_program import Code, Program, Tree, emit, repeats

MOST_REPEAT = 1000
MOST_NESTING = 100


_CATEGORY = re.compile(r"[CLMNPSZ][a-z]?")


def compile_pattern(pattern: str) -> Program:
    """Raises Refused: `exec` for what Go refuses too, `unsupported` for what it would take."""
    parser = _Parser(pattern)
    tree = parser.alternatives(0)
    if parser.at < len(pattern):
        parser.fail("unexpected )")
    code: list[Code] = []
    emit(Tree("group", (tree,), number=0), code)
    code.append(Code("match"))
    return Program(tuple(code), tuple(parser.names))


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.names = [""]
        self.flags = frozenset[str]()

    def refusal(self, message: str) -> Refused:
        return Refused(f"error parsing regexp: {message}")

    def fail(self, message: str) -> NoReturn:
        raise self.refusal(message)

    def here(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def alternatives(self, depth: int) -> Tree:
        if depth > MOST_NESTING:
            raise Refused(f"a regexp with more than {MOST_NESTING} groups inside one another", "limit")
        branches: list[Tree] = []
        parts: list[Tree] = []
        while self.at < len(self.pattern) and self.here() != ")":
            if self.here() == "|":
                self.at += 1
                branches.append(Tree("cat", tuple(parts)))
                parts = []
            elif self.pattern.startswith("\\Q", self.at):
                end = self.pattern.find("\\E", self.at + 2)
                body = self.pattern[self.at + 2 : end if end >= 0 else None]
                self.at = end + 2 if end >= 0 else len(self.pattern)
                parts += [Tree("char", test=literal(c, "i" in self.flags)) for c in body]
                self.repeated(parts)
            else:
                one = self.one(depth)
                if one is not None:
                    parts.append(one)
                # Behind flags, (?i)*, an operator is for what stands before them.
                self.repeated(parts)
        branches.append(Tree("cat", tuple(parts)))
        return branches[0] if len(branches) == 1 else Tree("alt", tuple(branches))

    def repeated(self, parts: list[Tree]) -> None:
        """A repetition operator behind the last part."""
        last_was_operator = False
        while bounds := self.bounds():
            if last_was_operator or not parts:
                self.fail("invalid nested repetition operator")
            least, most = bounds
            lazy = self.here() == "?"
            self.at += lazy
            lazy ^= "U" in self.flags
            parts[-1] = Tree("repeat", (parts[-1],), least=least, most=most, lazy=lazy)
            if repeats(parts[-1]) > MOST_REPEAT:
                self.fail("invalid repeat count")
            last_was_operator = True

    def bounds(self) -> tuple[int, int] | None:
        """(least, most), most -1 for no bound; None where no operator stands."""
        simple = {"*": (0, -1), "+": (1, -1), "?": (0, 1)}.get(self.here())
        if simple:
            self.at += 1
            return simple
        match = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}").match(self.pattern, self.at)
        if match is None or not match[0].isascii():
            return None
        self.at = match.end()
        least = int(match[1][:9])
        most = least if match[2] is None else -1 if match[3] is None else int(match[3][:9])
        if least > MOST_REPEAT or most > MOST_REPEAT or 0 <= most < least:
            self.fail("invalid repeat count")
        return least, most

    def one(self, depth: int) -> Tree | None:
        character = self.here()
        self.at += 1
        if character == "(":
            return self.group(depth)
        if character == "[":
            return Tree("char", test=self.bracket())
        if character == ".":
            return Tree("char", test=(lambda c: True) if "s" in self.flags else (lambda c: c != "\n"))
        if character == "^":
            return Tree("assert", kind="line start" if "m" in self.flags else "start")
        if character == "$":
            return Tree("assert", kind="line end" if "m" in self.flags else "end")
        if character in "*+?":
            self.fail("missing argument to repetition operator")
        if character == "{":
            self.at -= 1
            if self.bounds():
                self.fail("missing argument to repetition operator")
            self.at += 1
        if character != "\\":
            return Tree("char", test=literal(character, "i" in self.flags))
        follower = self.here()
        kinds = {"A": "start", "z": "end", "b": "boundary", "B": "no boundary"}
        if follower and follower in kinds:
            self.at += 1
            return Tree("assert", kind=kinds[follower])
        if follower == "C":
            raise Refused("\\C in a regexp is not offered", "unsupported")
        found = self.escape_class()
        return Tree("char", test=found or literal(self.escape(), "i" in self.flags))

    def group(self, depth: int) -> Tree | None:
        kept, index = self.flags, -1
        if self.here() == "?":
            named = re.compile(r"\?P?<([^>]*)>").match(self.pattern, self.at)
            flagged = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])").match(self.pattern, self.at)
            if named:
                if not re.fullmatch(r"[A-Za-z0-9_]+", named[1]):
                    self.fail("invalid name of a group")
                self.at = named.end()
                index = len(self.names)
                self.names.append(named[1])
            elif flagged and (flagged[1] or flagged[2] or flagged[3] == ":"):
                self.at = flagged.end()
                self.flags = (self.flags | set(flagged[1])) - set(flagged[2] or "")
                if flagged[3] == ")":
                    return None
            else:
                self.fail("invalid or unsupported Perl syntax")
        else:
            index = len(self.names)
            self.names.append("")
        inside = self.alternatives(depth + 1)
        if self.here() != ")":
            self.fail("missing closing )")
        self.at += 1
        self.flags = kept
        return Tree("group", (inside,), number=index) if index > 0 else Tree("cat", (inside,))

    def escape_class(self) -> Test | None:
        r"""\d, \pL and their like, with `at` behind the backslash; None for any other escape."""
        letter = self.here()
        if letter and letter in "dswDSW":
            self.at += 1
            test = PERL[letter.lower()]
            if letter == "w" and "i" in self.flags:
                return lambda c: test(c) or c in "\u017f\u212a"
            return without(test) if letter.isupper() else test
        if not letter or letter not in "pP":
            return None
        match = re.compile(r"[pP](?:\{(\^?)([^}]*)\}|(.))", re.DOTALL).match(self.pattern, self.at)
        if match is None:
            self.fail("invalid character class range")
        self.at = match.end()
        name = match[3] or match[2]
        if name != "Any" and not _CATEGORY.fullmatch(name):
            raise Refused("scripts in a regexp (\\p{Greek}) are not offered, only categories (\\p{Lu})", "unsupported")
        if "i" in self.flags:
            raise Refused("a class of Unicode in a regexp that ignores case is not offered", "unsupported")
        negated = (letter == "P") ^ (match[1] == "^" if match[1] else False)
        inside: Test = (lambda c: True) if name == "Any" else (lambda c: unicodedata.category(c).startswith(name))
        return without(inside) if negated else inside

    def escape(self) -> str:
        """The character that an escape means, with `at` behind the backslash."""
        letter = self.here()
        self.at += 1
        if not letter:
            self.fail("trailing backslash at end of expression")
        octal = re.compile(r"[1-7][0-7]{1,2}|0[0-7]{0,2}").match(self.pattern, self.at - 1)
        if octal:
            self.at = octal.end()
            return chr(int(octal[0], 8))
        if letter in ESCAPES:
            return ESCAPES[letter]
        code = re.compile(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})").match(self.pattern, self.at - 1)
        if code and int(code[1] or code[2], 16) <= 0x10FFFF:
            self.at = code.end()
            return chr(int(code[1] or code[2], 16))
        if letter < "\x80" and not letter.isalnum():
            return letter
        raise self.refusal("invalid escape sequence")

    def bracket(self) -> Test:
        negated = self.here() == "^"
        self.at += negated
        tests: list[Test] = []
        first = True
        while self.here() != "]" or first:
            if not self.here():
                self.fail("missing closing ]")
            posix = re.compile(r"\[:(\^?)([a-z]*):\]").match(self.pattern, self.at)
            if posix:
                if posix[2] not in POSIX:
                    self.fail("invalid character class range")
                self.at = posix.end()
                tests.append(without(POSIX[posix[2]]) if posix[1] else POSIX[posix[2]])
            elif self.here() == "-" and not first and self.pattern[self.at + 1 : self.at + 2] != "]":
                # As in Go, a - between others is no literal unless it ends the class.
                self.fail("invalid character class range")
            else:
                tests.append(self.ranged())
            first = False
        self.at += 1
        fold = "i" in self.flags

        def inside(c: str) -> bool:
            return any(test(one) for test in tests for one in (folded(c) if fold else (c,)) if len(one) == 1) != negated

        return inside

    def ranged(self) -> Test:
        if self.here() == "\\":
            self.at += 1
            found = self.escape_class()
            if found:
                return found
            low = self.escape()
        else:
            low = self.here()
            self.at += 1
        high = low
        if self.here() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
            self.at += 1
            high = self.here()
            self.at += 1
            if high == "\\":
                high = self.escape()
            if high < low:
                self.fail("invalid character class range")
        return lambda c: low <= c <= high
