"""sprig's functions on regular expressions and versions."""

from __future__ import annotations

from typing import Any

from keywave.gotemplate import regex_machine as machine
from keywave.gotemplate import versions
from keywave.gotemplate.calling import Function, declared
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import Slice


def _match(run: Run, pattern: str, text: str) -> bool:
    return machine.find(run, machine.program(run, pattern), text) is not None


def _quiet_match(run: Run, pattern: str, text: str) -> bool:
    """regexMatch is false where the pattern is malformed."""
    try:
        return _match(run, pattern, text)
    except Refused as refused:
        if refused.kind != "exec":
            raise
        return False


def _find(run: Run, pattern: str, text: str) -> str:
    spans = machine.find(run, machine.program(run, pattern), text)
    return "" if spans is None else text[spans[0] : spans[1]]


def _find_all(run: Run, pattern: str, text: str, most: int) -> Slice:
    found = machine.all_matches(run, machine.program(run, pattern), text, most)
    return Slice([text[spans[0] : spans[1]] for spans in found], "[]string", nil=not found)


def _replace(run: Run, pattern: str, text: str, by: str) -> str:
    return machine.replace(run, machine.program(run, pattern), text, by, literal=False)


def _replace_literal(run: Run, pattern: str, text: str, by: str) -> str:
    return machine.replace(run, machine.program(run, pattern), text, by, literal=True)


def _split(run: Run, pattern: str, text: str, most: int) -> Slice:
    pieces = machine.split(run, pattern, text, most)
    return Slice(pieces or (), "[]string", nil=pieces is None)


def _quote_meta(_: Run, text: str) -> str:
    return "".join("\\" + c if c in "\\.+*?()|[]{}^$" else c for c in text)


def _semver_compare(_: Run, constraint: str, version: str) -> bool:
    wanted = versions.constraints(constraint)
    return versions.satisfies(versions.version(version), wanted)


def _semver(_: Run, version: str) -> Any:
    return versions.version(version)


_BOTH: dict[str, Function] = {
    "regexFindAll": declared("ssi", _find_all),
    "regexFind": declared("ss", _find),
    "regexReplaceAll": declared("sss", _replace),
    "regexReplaceAllLiteral": declared("sss", _replace_literal),
    "regexSplit": declared("ssi", _split),
}

FUNCTIONS: dict[str, Function] = {
    **_BOTH,
    **{f"must{name[0].upper()}{name[1:]}": function for name, function in _BOTH.items()},
    "regexMatch": declared("ss", _quiet_match),
    "mustRegexMatch": declared("ss", _match),
    "regexQuoteMeta": declared("s", _quote_meta),
    "semver": declared("s", _semver),
    "semverCompare": declared("ss", _semver_compare),
}
