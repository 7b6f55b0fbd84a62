"""Keys that a Go template surely needs: read outside of any condition and without a default. Not a parser: what is in doubt is left out."""

from __future__ import annotations

import re

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_FIRST_WORD = re.compile(r"[a-z]+")
_OPENING = frozenset(("if", "with", "range", "define", "block"))
_TOLERANT = re.compile(r"\b(?:default|coalesce|or|and|hasKey|dig|ternary|empty|fail|required|pluck|kindIs|else)\b")
_READ = re.compile(
    r"""(?:\bget\s+|\bindex\s+)\$?\.Secrets\s+(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)|(?<![\w"`])\$?\.Secrets\.([A-Za-z_][A-Za-z0-9_]*)"""
)
_AGENT_READ = re.compile(
    r"""(?<![\w"`])\.Data\.data\.([A-Za-z_]\w*)|\bindex\s+\.Data\.data\s+"([^"\\]+)"|(?<![\w"`])\.Data\.(?!data\b)([A-Za-z_]\w*)"""
)
_SECOND = re.compile(r"\.Data\.data\b")
_LISTED = re.compile(r'''\bsecrets\s+"([^"\\]+)"''')
_SECRET = re.compile(r"""(?:\bsecret|\bpkiCert)\s+"([^"\\]+)"(.*)""", re.DOTALL)


def keys_needed(text: str) -> tuple[str, ...]:
    """Of an operator's template: `get .Secrets "a"`, `index .Secrets "a"`, `.Secrets.a`. Sorted, each once."""
    depth = 0
    found: set[str] = set()
    for action in _ACTION.findall(text):
        word = _word(action)
        if word == "end":
            depth -= 1
        elif word in _OPENING:
            depth += 1
        elif depth == 0 and not _TOLERANT.search(action):
            found.update(m[1] or m[2] or m[3] for m in _READ.finditer(action))
    return tuple(sorted(found - {""}))


def agent_reads(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Of an agent's template: (path, keys that are surely read) for each `with secret "path"` or `secret "path"`; paths sorted.

    A secret with further arguments is a write (`secret "pki/issue/x" "common_name=y"`): its path comes with a trailing tuple of no keys
    in `agent_writes` instead.
    """
    return tuple((path, keys) for path, keys, arguments in _agent(text) if arguments is None)


def agent_lists(text: str) -> tuple[str, ...]:
    """Paths of `secrets "path"`, which is a listing; sorted."""
    actions = (action for action in _ACTION.findall(text) if not action.startswith("/*"))
    return tuple(sorted({path for action in actions for path in _LISTED.findall(action)}))


def agent_second(text: str) -> frozenset[str]:
    """Paths of secrets whose template reads `.Data.data`, which only KV version 2 answers with."""
    found: set[str] = set()
    everything: set[str] = set()
    stack: list[str] = []
    for action in _ACTION.findall(text):
        word = _word(action)
        if word == "end":
            del stack[-1:]
            continue
        secret = None if action.startswith("/*") else _SECRET.search(action)
        path = secret[1] if secret else ""
        everything |= {path} - {""}
        if _SECOND.search(action):
            found.add(path or next((each for each in reversed(stack) if each), ""))
        if word in _OPENING:
            stack.append(path if word == "with" else "")
    # Through a variable: clear where there is but one secret.
    return frozenset(everything if "" in found and len(everything) == 1 else found - {""})


def agent_writes(text: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """(path, parameters) of each `secret "path" "name=value"` of a template."""
    return tuple((path, arguments) for path, _, arguments in _agent(text) if arguments is not None)


def _agent(text: str) -> list[tuple[str, tuple[str, ...], dict[str, str] | None]]:
    found: dict[str, set[str]] = {}
    writes: dict[str, dict[str, str]] = {}
    stack: list[str] = []  # path of a `with secret`, "" for other blocks
    for action in _ACTION.findall(text):
        word = _word(action)
        if word == "end":
            del stack[-1:]
            continue
        secret = None if action.startswith("/*") else _SECRET.search(action)
        path = secret[1] if secret else ""
        if secret:
            pairs = dict(each.split("=", 1) for each in re.findall(r'"([^"\\]*=[^"\\]*)"', secret[2]))
            if pairs:
                writes[path] = pairs
            else:
                found.setdefault(path, set())
        if word in _OPENING:
            stack.append(path if word == "with" else "")
        elif len(stack) == 1 and stack[0] in found and not _TOLERANT.search(action):
            found[stack[0]].update(m[1] or m[2] or m[3] for m in _AGENT_READ.finditer(action))
    reads: list[tuple[str, tuple[str, ...], dict[str, str] | None]] = [
        (path, tuple(sorted(keys)), None) for path, keys in sorted(found.items())
    ]
    return reads + [(path, (), pairs) for path, pairs in sorted(writes.items())]


def _word(action: str) -> str:
    match = _FIRST_WORD.match(action)
    return match[0] if match else ""
