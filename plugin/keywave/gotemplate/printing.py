"""Go's package fmt on the values of templates: print, println and printf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from keywave.gotemplate import numbers_printed, quoting
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.values import INVALID, Number, Struct, Version, is_nil, raw, text_of, type_of, whole

MOST_WIDTH = 1_000_000


@dataclass
class Flags:
    """What stands between % and the verb. `width` and `precision` None: not given."""

    width: int | None = None
    precision: int | None = None
    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    plus_v: bool = False
    sharp_v: bool = False

    def pad(self, text: str) -> str:
        """Filled up to the width, counted in characters."""
        missing = (self.width or 0) - len(text)
        if missing <= 0:
            return text
        if self.minus:
            return text + " " * missing
        return ("0" if self.zero else " ") * missing + text


def show(value: Any) -> str:
    """%v."""
    return value if type(value) is str else formatted(value, "v", Flags())


def sprint(values: Sequence[Any]) -> str:
    """fmt.Sprint: a space between two that are both no string."""
    out: list[str] = []
    before_is_string = False
    for index, value in enumerate(values):
        is_string = isinstance(value, str)
        if index and not is_string and not before_is_string:
            out.append(" ")
        out.append(show(value))
        before_is_string = is_string
    return "".join(out)


def sprintln(values: Sequence[Any]) -> str:
    return " ".join(map(show, values)) + "\n"


def formatted(value: Any, verb: str, flags: Flags, depth: int = 0) -> str:
    """One value by one verb. Raises Refused for what would print an address."""
    if value is None or value is INVALID:
        return _of_nil(verb, flags, depth)
    if verb == "T" and depth == 0:
        return _string(type_of(value), "s", flags)
    if verb == "p" and depth == 0 and isinstance(value, (list, dict, bytes, Version)):
        raise Refused("%p prints an address", "unsupported")
    if isinstance(value, bool):
        return flags.pad("true" if value else "false") if verb in "tv" else _bad(value, verb, flags)
    if isinstance(value, int):
        return numbers_printed.integer(value, verb, flags) or _bad_or_empty(value, verb, flags)
    if isinstance(value, float):
        shown = numbers_printed.real(value, verb, flags)
        return _bad(value, verb, flags) if shown is None else shown
    if isinstance(value, (Number, Version)) and not flags.sharp_v and verb in "vsxXq":
        return _string(str(value) if isinstance(value, Number) else value.text(), "s" if verb == "v" else verb, flags)
    if isinstance(value, str):
        return _string(value, verb, flags) if verb in "vsxXq" else _bad(value, verb, flags)
    if isinstance(value, bytes) and verb in "sxXq":
        return _string(text_of(value), verb, flags)
    if isinstance(value, (list, bytes)):
        return _list(value, verb, flags, depth)
    if isinstance(value, Struct):
        return _struct(value, verb, flags, depth)
    if isinstance(value, dict):
        return _map(value, verb, flags, depth)
    raise Refused(f"cannot print a {type_of(value)} with %{verb}", "unsupported")


def _of_nil(verb: str, flags: Flags, depth: int) -> str:
    if depth:
        return "interface {}(nil)" if flags.sharp_v else "<nil>"
    return flags.pad("<nil>") if verb in "Tv" else f"%!{verb}(<nil>)"


def _bad_or_empty(value: int, verb: str, flags: Flags) -> str:
    """Precision 0 prints a zero as nothing, which is not the same as a verb that does not fit."""
    return "" if verb in numbers_printed.INTEGER_VERBS else _bad(value, verb, flags)


def _bad(value: Any, verb: str, flags: Flags) -> str:
    return f"%!{verb}({type_of(value)}={formatted(value, 'v', flags, 0)})"


def _string(text: str, verb: str, flags: Flags) -> str:
    if verb in "xX":
        return numbers_printed.hexadecimal(text, verb, flags)
    if flags.precision is not None:
        text = text[: flags.precision]
    if verb == "v" and flags.sharp_v:
        return flags.pad(quoting.quoted(text))
    if verb != "q":
        return flags.pad(text)
    if flags.sharp and quoting.raw_quotable(text):
        return flags.pad(f"`{text}`")
    return flags.pad(quoting.quoted(text, ascii_only=flags.plus))


def _list(value: Sequence[Any], verb: str, flags: Flags, depth: int) -> str:
    if flags.sharp_v:
        if isinstance(value, bytes):
            inner = ", ".join(f"0x{item:x}" for item in value)
        elif is_nil(value):
            return f"{type_of(value)}(nil)"
        else:
            inner = ", ".join(formatted(item, verb, flags, depth + 1) for item in value)
        return f"{type_of(value)}{{{inner}}}"
    return f"[{' '.join(formatted(item, verb, flags, depth + 1) for item in value)}]"


def _map(value: dict[str, Any], verb: str, flags: Flags, depth: int) -> str:
    if flags.sharp_v and is_nil(value):
        return f"{type_of(value)}(nil)"
    pairs = [
        f"{formatted(key, verb, flags, depth + 1)}:{formatted(value[key], verb, flags, depth + 1)}"
        for key in sorted(value, key=raw)
    ]
    return f"{type_of(value)}{{{', '.join(pairs)}}}" if flags.sharp_v else f"map[{' '.join(pairs)}]"


def _struct(value: Struct, verb: str, flags: Flags, depth: int) -> str:
    if depth or flags.sharp_v:
        raise Refused("a pointer inside another value prints as an address", "unsupported")
    inner = " ".join(
        (f"{name}:" if flags.plus_v else "") + formatted(field, verb, flags, depth + 1) for name, field in value.items()
    )
    return f"&{{{inner}}}"


class _Format:
    """One run over a format: text, place, and the next argument."""

    def __init__(self, form: str, args: Sequence[Any]) -> None:
        self.form, self.args = form, args
        self.at = self.arg = 0
        self.reordered = False
        self.good = True

    def here(self) -> str:
        return self.form[self.at : self.at + 1]

    def number(self) -> int | None:
        start = self.at
        while self.here().isdigit() and self.here().isascii():
            self.at += 1
        if start == self.at:
            return None
        number = int(self.form[start : self.at])
        # As in Go, beyond a million there is no number.
        return number if number <= MOST_WIDTH else None

    def index(self) -> bool:
        """An index like [3] moves to that argument."""
        if self.here() != "[":
            return False
        self.reordered = True
        end = self.form.find("]", self.at)
        body = self.form[self.at + 1 : end] if end > 0 else ""
        self.at = end + 1 if end > 0 else self.at + 1
        if body.isdigit() and body.isascii() and 1 <= int(body) <= len(self.args):
            self.arg = int(body) - 1
            return True
        self.good = False
        return end > 0 and body.isdigit()

    def star(self) -> int | None:
        value = self.args[self.arg] if self.arg < len(self.args) else None
        self.arg += self.arg < len(self.args)
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_WIDTH
        return int(value) if fits and value is not None else None


def sprintf(form: str, args: Sequence[Any], room: Callable[[int], None] = lambda _: None) -> str:
    """fmt.Sprintf. `room` is told of each width before it is filled, and may raise."""
    state = _Format(form, args)
    out: list[str] = []
    while state.at < len(form):
        start = form.find("%", state.at)
        if start < 0:
            out.append(form[state.at :])
            break
        out.append(form[state.at : start])
        state.at = start + 1
        _one(state, out, room)
    if not state.reordered and state.arg < len(args):
        extra = ", ".join("<nil>" if a is None else f"{type_of(a)}={show(a)}" for a in args[state.arg :])
        out.append(f"%!(EXTRA {extra})")
    return whole("".join(out))


def _one(state: _Format, out: list[str], room: Callable[[int], None]) -> None:
    flags = Flags()
    state.good = True
    while (flag := state.here()) and flag in "#0+- ":
        name = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}[flag]
        setattr(flags, name, True)
        state.at += 1
    after_index = state.index()
    if state.here() == "*":
        state.at += 1
        flags.width = state.star()
        if flags.width is None:
            out.append("%!(BADWIDTH)")
        elif flags.width < 0:
            flags.width, flags.minus, flags.zero = -flags.width, True, False
        after_index = False
    else:
        flags.width = state.number()
        state.good &= not (after_index and flags.width is not None)
    if state.here() == "." and state.at + 1 < len(state.form):
        state.at += 1
        state.good &= not after_index
        after_index = state.index()
        if state.here() == "*":
            state.at += 1
            flags.precision = state.star()
            if flags.precision is None or flags.precision < 0:
                flags.precision = None
                out.append("%!(BADPREC)")
            after_index = False
        else:
            flags.precision = state.number() or 0
    if not after_index:
        state.index()
    verb = state.here()
    if not verb:
        out.append("%!(NOVERB)")
        return
    state.at += 1
    room((flags.width or 0) + (flags.precision or 0))
    if verb == "%":
        out.append("%")
    elif not state.good:
        out.append(f"%!{verb}(BADINDEX)")
    elif state.arg >= len(state.args):
        out.append(f"%!{verb}(MISSING)")
    else:
        if verb == "v":
            flags.sharp_v, flags.sharp = flags.sharp, False
            flags.plus_v, flags.plus = flags.plus, False
        out.append(formatted(state.args[state.arg], verb, flags))
        state.arg += 1
