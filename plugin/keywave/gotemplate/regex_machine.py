"""Runs a regular expression: all ways at once, in time that grows with the text alone (no backtracking), leftmost first as in Go."""

from __future__ import annotations

import re

from keywave.gotemplate.regex_program import Program
from keywave.gotemplate.regex_syntax import compile_pattern
from keywave.gotemplate.running import Run

Spans = tuple[int, ...]
"""Start and end of the match, then of each group; -1 where it took no part."""


def program(run: Run, pattern: str) -> Program:
    """Compiled once in a rendering. Kept no longer: a pattern may hold data."""
    if pattern not in run.patterns:
        run.spend(1 + len(pattern))
        run.patterns[pattern] = compile_pattern(pattern)
    return run.patterns[pattern]


def _word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at] < "\x80" and (text[at].isalnum() or text[at] == "_")


def _holds(kind: str, text: str, at: int) -> bool:
    if kind == "start":
        return at == 0
    if kind == "end":
        return at == len(text)
    if kind == "line start":
        return at == 0 or text[at - 1] == "\n"
    if kind == "line end":
        return at == len(text) or text[at] == "\n"
    return (_word(text, at - 1) != _word(text, at)) == (kind == "boundary")


def find(run: Run, compiled: Program, text: str, start: int = 0) -> Spans | None:
    """The leftmost match from `start` on."""
    code = compiled.code
    blank: Spans = (-1,) * (2 * len(compiled.names))
    threads: list[tuple[int, Spans]] = []
    best: Spans | None = None
    for at in range(start, len(text) + 1):
        seen: set[int] = set()
        ready: list[tuple[int, Spans]] = []
        pending = threads if best is not None else [*threads, (0, blank)]
        for begin in pending:
            stack = [begin]
            while stack:
                place, saved = stack.pop()
                if place in seen:
                    continue
                seen.add(place)
                step = code[place]
                if step.what == "jump":
                    stack.append((step.x, saved))
                elif step.what == "split":
                    stack.append((step.y, saved))
                    stack.append((step.x, saved))
                elif step.what == "save":
                    stack.append((place + 1, (*saved[: step.x], at, *saved[step.x + 1 :])))
                elif step.what == "assert":
                    if _holds(step.kind, text, at):
                        stack.append((place + 1, saved))
                else:
                    ready.append((place, saved))
        run.spend(1 + len(seen) // 8)
        threads = []
        for place, saved in ready:
            test = code[place].test
            if test is None:
                best = saved
                break
            if at < len(text) and test(text[at]):
                threads.append((place + 1, saved))
        if not threads and best is not None:
            break
    return best


def all_matches(run: Run, compiled: Program, text: str, most: int) -> list[Spans]:
    """Matches that do not overlap, at most `most` (< 0: all); no empty one right behind another."""
    found: list[Spans] = []
    at, before = 0, -1
    while at <= len(text) and (most < 0 or len(found) < most):
        spans = find(run, compiled, text, at)
        if spans is None:
            break
        accepted = True
        if spans[1] == at:
            accepted = spans[0] != before
            at += 1
        else:
            at = spans[1]
        before = spans[1]
        if accepted:
            found.append(spans)
    return found


def replace(run: Run, compiled: Program, text: str, by: str, *, literal: bool) -> str:
    out: list[str] = []
    done = at = size = 0
    while at <= len(text):
        spans = find(run, compiled, text, at)
        if spans is None:
            break
        out.append(text[done : spans[0]])
        if spans[1] > done or spans[0] == 0:
            out.append(by if literal else _expanded(compiled, text, by, spans))
            size += len(out[-1])
            run.text(size)
        done = spans[1]
        at = max(at + 1, spans[1])
    return "".join([*out, text[done:]])


_REFERENCE = re.compile(r"\$(?:\$|\{([^{}$]*)\}|(\w+))?")


def _expanded(compiled: Program, text: str, by: str, spans: Spans) -> str:
    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1] if match[1] is not None else match[2]
        if not name or not re.fullmatch(r"\w+", name):
            return match[0]
        if re.fullmatch(r"[0-9]+", name) and (name == "0" or name[0] != "0"):
            indexes = [int(name)] if len(name) < 9 else []
        else:
            indexes = [index for index, known in enumerate(compiled.names) if known == name]
        for index in indexes:
            if index < len(compiled.names) and spans[2 * index] >= 0:
                return text[spans[2 * index] : spans[2 * index + 1]]
        return ""

    return _REFERENCE.sub(value, by)


def split(run: Run, pattern: str, text: str, most: int) -> list[str] | None:
    """Between the matches; None is Go's nil."""
    if most == 0:
        program(run, pattern)
        return None
    compiled = program(run, pattern)
    if pattern and not text:
        return [""]
    pieces: list[str] = []
    begin = end = 0
    for spans in all_matches(run, compiled, text, most):
        if most > 0 and len(pieces) == most - 1:
            break
        end = spans[0]
        if spans[1] != 0:
            pieces.append(text[begin:end])
        begin = spans[1]
    if end != len(text):
        pieces.append(text[begin:])
    return pieces
