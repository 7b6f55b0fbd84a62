"""sprig's functions on texts. Lengths and places count bytes, as in Go."""

from __future__ import annotations

from typing import Any

from keywave.gotemplate import casting, quoting, words
from keywave.gotemplate.calling import Function, declared
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.printing import show, sprintf
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import Slice, StringMap, is_slice, raw, text_of

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def _repeat(run: Run, count: int, text: str) -> str:
    if count < 0:
        raise Refused("negative repeat count")
    run.text(count * len(raw(text)))
    return text * count


def _indent(run: Run, spaces: int, text: str) -> str:
    if spaces < 0:
        raise Refused("negative repeat count")
    run.text(len(text) + spaces * (text.count("\n") + 1))
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


def _replace(run: Run, old: str, new: str, text: str) -> str:
    one, other, whole = raw(old), raw(new), raw(text)
    found = whole.count(one) if one else len(text) + 1
    run.text(len(whole) + found * max(len(other) - len(one), 0))
    # An empty `old` stands between characters, not between bytes.
    return text.replace(old, new) if not one else text_of(whole.replace(one, other))


def _substr(_: Run, start: int, end: int, text: str) -> str:
    data = raw(text)
    if start < 0:
        if not 0 <= end <= len(data):
            raise Refused("slice bounds out of range")
        return text_of(data[:end])
    if end < 0 or end > len(data):
        end = len(data)
    if start > end:
        raise Refused("slice bounds out of range")
    return text_of(data[start:end])


def _trunc(_: Run, count: int, text: str) -> str:
    data = raw(text)
    if count < 0 and len(data) + count > 0:
        return text_of(data[len(data) + count :])
    return text_of(data[:count]) if 0 <= count < len(data) else text


def _abbreviate(data: bytes, offset: int, width: int) -> bytes:
    """goutils.AbbreviateFull; empty where that gives an error."""
    if width < 4:
        return b""
    if len(data) <= width:
        return data
    offset = min(offset, len(data))
    if len(data) - offset < width - 3:
        offset = len(data) - (width - 3)
    if offset <= 4:
        return data[: width - 3] + b"..."
    if width < 7:
        return b""
    if offset + width - 3 < len(data):
        return b"..." + _abbreviate(data[offset:], 0, width - 3)
    return b"..." + data[len(data) - (width - 3) :]


def _abbrev(_: Run, width: int, text: str) -> str:
    return text if width < 4 else text_of(_abbreviate(raw(text), 0, width))


def _abbrevboth(_: Run, left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):
        return text
    return text_of(_abbreviate(raw(text), left, right))


def _wrap(run: Run, width: int, separator: str, text: str, *, long_words: bool) -> str:
    """goutils.WrapCustom."""
    data, line = raw(text), raw(separator) or b"\n"
    width = max(width, 1)
    run.text(len(data) * (1 + len(line)) if width < len(data) else len(data))
    out: list[bytes] = []
    at = 0
    while len(data) - at > width:
        if data[at : at + 1] == b" ":
            at += 1
            continue
        space = data.rfind(b" ", at, at + width + 1)
        if space < 0 and not long_words:
            space = data.find(b" ", at + width)
            if space < 0:
                break
        if space >= 0:
            out.append(data[at:space] + line)
            at = space + 1
        else:
            out.append(data[at : at + width] + line)
            at += width
    return text_of(b"".join(out) + data[at:])


def strings(value: Any) -> list[str]:
    """sprig's toStrings: a []string is itself, of other lists each item but nil as a text."""
    if isinstance(value, Slice) and value.type == "[]string":
        return value
    if is_slice(value):
        return Slice((casting.text(item) for item in value if item is not None), "[]string")
    return Slice([] if value is None else [casting.text(value)], "[]string")


def _join(run: Run, separator: str, value: Any) -> str:
    items = strings(value)
    run.text(sum(map(len, items)) + len(separator) * len(items))
    return separator.join(items)


def split(run: Run, separator: str, text: str, most: int = -1) -> Slice:
    """strings.SplitN: `most` pieces, -1 all, 0 none (nil). An empty separator splits into characters."""
    if most == 0:
        return Slice((), "[]string", nil=True)
    if not separator:
        run.items(len(text))
        pieces = list(text) if most < 0 or most > len(text) else [*text[: most - 1], text[most - 1 :]]
        return Slice(pieces if text else [], "[]string")
    data = raw(text).split(raw(separator), most - 1 if most > 0 else -1)
    run.items(len(data))
    return Slice(map(text_of, data), "[]string")


def _numbered(pieces: list[str]) -> StringMap:
    return StringMap({f"_{index}": piece for index, piece in enumerate(pieces)})


def _sort(_: Run, value: Any) -> list[str]:
    if not is_slice(value):
        return Slice([casting.text(value)], "[]string")
    found = strings(value)
    # Like Go, a []string is sorted where it is.
    found.sort(key=raw)
    return found


def _quote(_: Run, *values: Any) -> str:
    return " ".join(quoting.quoted(casting.text(value)) for value in values if value is not None)


def _squote(_: Run, *values: Any) -> str:
    return " ".join(f"'{show(value)}'" for value in values if value is not None)


def _cat(_: Run, *values: Any) -> str:
    kept = [value for value in values if value is not None]
    return sprintf(" ".join(["%v"] * len(kept)), kept)


def _strip(text: str, characters: str, *, left: bool = True, right: bool = True) -> str:
    text = text.lstrip(characters) if left and characters else text
    return text.rstrip(characters) if right and characters else text


def _shuffle(run: Run, text: str) -> str:
    characters = list(text)
    run.outside.chance.shuffle(characters)
    return "".join(characters)


def _fail(_: Run, message: str) -> str:
    raise Refused("the template's own message, which is not shown because it may hold data")


def _without_space(_: Run, text: str) -> str:
    """goutils works byte by byte here: what is beyond ASCII comes out as the characters that its bytes number."""
    kept = [chr(byte) for byte in raw(text) if chr(byte) not in _SPACE]
    return text if len(kept) == len(raw(text)) else "".join(kept)


def _prefix(text: str, part: str) -> bool:
    return raw(text).startswith(raw(part))


def _suffix(text: str, part: str) -> bool:
    return raw(text).endswith(raw(part))


FUNCTIONS: dict[str, Function] = {
    "abbrev": declared("is", _abbrev),
    "abbrevboth": declared("iis", _abbrevboth),
    "trunc": declared("is", _trunc),
    "trim": declared("s", lambda run, text: text.strip(_SPACE)),
    "upper": declared("s", lambda run, text: words.upper(text)),
    "lower": declared("s", lambda run, text: words.lower(text)),
    "title": declared("s", lambda run, text: words.title(text)),
    "untitle": declared("s", lambda run, text: words.untitle(text)),
    "swapcase": declared("s", lambda run, text: words.swapcase(text)),
    "snakecase": declared("s", lambda run, text: words.joined(text, "_")),
    "kebabcase": declared("s", lambda run, text: words.joined(text, "-")),
    "camelcase": declared("s", lambda run, text: words.pascal(text)),
    "initials": declared("s", lambda run, text: words.initials(text)),
    "substr": declared("iis", _substr),
    "repeat": declared("is", _repeat),
    "trimall": declared("ss", lambda run, characters, text: _strip(text, characters)),
    "trimAll": declared("ss", lambda run, characters, text: _strip(text, characters)),
    "trimSuffix": declared("ss", lambda run, end, text: text_of(raw(text).removesuffix(raw(end)))),
    "trimPrefix": declared("ss", lambda run, start, text: text_of(raw(text).removeprefix(raw(start)))),
    "nospace": declared("s", _without_space),
    "shuffle": declared("s", _shuffle),
    "wrap": declared("is", lambda run, width, text: _wrap(run, width, "", text, long_words=False)),
    "wrapWith": declared("iss", lambda run, width, mark, text: _wrap(run, width, mark, text, long_words=True)),
    "contains": declared("ss", lambda run, part, text: raw(part) in raw(text)),
    "hasPrefix": declared("ss", lambda run, part, text: _prefix(text, part)),
    "hasSuffix": declared("ss", lambda run, part, text: _suffix(text, part)),
    "quote": declared("a*", _quote),
    "squote": declared("a*", _squote),
    "cat": declared("a*", _cat),
    "indent": declared("is", _indent),
    "nindent": declared("is", lambda run, spaces, text: "\n" + _indent(run, spaces, text)),
    "replace": declared("sss", _replace),
    "plural": declared("ssi", lambda run, one, many, count: one if count == 1 else many),
    "toString": declared("a", lambda run, value: casting.text(value)),
    "toStrings": declared("a", lambda run, value: strings(value)),
    "split": declared("ss", lambda run, mark, text: _numbered(split(run, mark, text))),
    "splitList": declared("ss", lambda run, mark, text: split(run, mark, text)),
    "splitn": declared("sis", lambda run, mark, most, text: _numbered(split(run, mark, text, most))),
    "join": declared("sa", _join),
    "sortAlpha": declared("a", _sort),
    "fail": declared("s", _fail),
}
