"""Upper and lower case, character by character as Go's package unicode maps them, and the names that are built of words."""

from __future__ import annotations

import unicodedata

from keywave.gotemplate.values import raw


def _one(character: str, mapped: str) -> str:
    """Go maps one character to one; where Unicode would need several it stays."""
    return mapped if len(mapped) == 1 else character


def up(character: str) -> str:
    return _one(character, character.upper())


def down(character: str) -> str:
    return "i" if character == "\u0130" else _one(character, character.lower())


def titled(character: str) -> str:
    return _one(character, character.title())


def _clean(text: str) -> str:
    """Texts that go through Go's runes come out as UTF-8."""
    return text if text.isascii() else "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in text)


def upper(text: str) -> str:
    return text.upper() if text.isascii() else "".join(map(up, _clean(text)))


def lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(map(down, _clean(text)))


def is_space(character: str) -> bool:
    return character in "\t\n\v\f\r \x85\xa0" or unicodedata.category(character) in ("Zs", "Zl", "Zp")


def is_upper(character: str) -> bool:
    return unicodedata.category(character) == "Lu"


def _separates(character: str) -> bool:
    """strings.Title's rule of where a word ends."""
    if character < "\x80":
        return not (character.isalnum() or character == "_")
    return not (character.isalpha() or character.isdecimal()) and is_space(character)


def title(text: str) -> str:
    before = " "
    out: list[str] = []
    for character in _clean(text):
        out.append(titled(character) if _separates(before) else character)
        before = character
    return "".join(out)


def untitle(text: str) -> str:
    out: list[str] = []
    begins = True
    for character in _clean(text):
        if is_space(character):
            begins = True
        elif begins:
            character, begins = down(character), False
        out.append(character)
    return "".join(out)


def swapcase(text: str) -> str:
    out: list[str] = []
    begins = True
    for character in _clean(text):
        category = unicodedata.category(character)
        if category in ("Lu", "Lt"):
            character, begins = down(character), False
        elif category == "Ll":
            character, begins = (titled(character) if begins else up(character)), False
        else:
            begins = is_space(character)
        out.append(character)
    return "".join(out)


def initials(text: str) -> str:
    """The first of each word; goutils goes byte by byte."""
    out: list[str] = []
    gap = True
    for byte in raw(text):
        character = chr(byte)
        if character in "\t\n\v\f\r \x85\xa0":
            gap = True
        elif gap:
            out.append(character)
            gap = False
    return "".join(out)


def _connects(character: str) -> bool:
    return character in "-_" or is_space(character)


def pascal(text: str) -> str:
    """xstrings.ToPascalCase: connectors go, but for those in front and all but one of a run."""
    text = _clean(text)
    start = 0
    while start < len(text) and _connects(text[start]):
        start += 1
    if start >= len(text):
        # The last of nothing but connectors is written twice, as xstrings does.
        return text + text[-1:]
    out = [text[:start]]
    shouting = is_upper(text[start])
    current = up(text[start])
    for following in text[start + 1 :]:
        before, current = current, following
        if _connects(before):
            if _connects(current):
                out.append(before)
                continue
            shouting = is_upper(current)
            current = up(current)
            continue
        if shouting:
            if is_upper(current):
                current = down(current)
            else:
                shouting = False
        out.append(before)
    return "".join(out) + current


NUMBER, UPPER, ALPHABET, CONNECTOR, PUNCTUATION, OTHER, NONE = (
    "number",
    "upper",
    "alphabet",
    "connector",
    "punct",
    "other",
    "",
)


def _kind(character: str) -> str:
    if _connects(character):
        return CONNECTOR
    category = unicodedata.category(character)
    if category.startswith("P"):
        return PUNCTUATION
    if category == "Lu":
        return UPPER
    if category.startswith("N"):
        return NUMBER
    return OTHER


def _is_alphabet(character: str) -> bool:
    """A cased or caseless letter of a script that xstrings takes for an alphabet."""
    if not character.isalpha():
        return False
    code = ord(character)
    return not (0x3400 <= code <= 0x4D85 or 0x4E00 <= code <= 0x9FCC or 0x20000 <= code <= 0x2B81D)


def joined(text: str, connector: str) -> str:
    """xstrings.ToSnakeCase and ToKebabCase."""
    return "".join(_joined(_parts(_clean(text)), connector))


def _parts(text: str) -> list[tuple[str, str]]:
    """Words with their kinds."""
    parts: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        kind, end = _kind(text[at]), at + 1
        if text[at] == "\ufffd":
            kind = NONE
        elif kind in (CONNECTOR, PUNCTUATION):
            matches = _connects if kind == CONNECTOR else lambda c: unicodedata.category(c).startswith("P")
            while end < len(text) and matches(text[end]):
                end += 1
        elif kind == UPPER:
            kind, end = _capitals(text, end)
        elif _is_alphabet(text[at]):
            kind, end = ALPHABET, _lower_end(text, end)
        elif kind == NUMBER:
            while end < len(text) and unicodedata.category(text[end]).startswith("N"):
                end += 1
        else:
            while (
                end < len(text) and _kind(text[end]) == OTHER and not _is_alphabet(text[end]) and text[end] != "\ufffd"
            ):
                end += 1
        parts.append((kind, text[at:end]))
        at = end
    return parts


def _lower_end(text: str, end: int) -> int:
    while end < len(text) and _is_alphabet(text[end]) and not is_upper(text[end]):
        end += 1
    return end


def _capitals(text: str, end: int) -> tuple[str, int]:
    if end < len(text) and is_upper(text[end]):
        while end < len(text) and is_upper(text[end]):
            end += 1
        # "HTTPServer" is HTTP and Server.
        return UPPER, end - 1 if end < len(text) and _is_alphabet(text[end]) else end
    return UPPER, _lower_end(text, end)


def _lowered(part: tuple[str, str], connector: str) -> str:
    kind, word = part
    if kind == CONNECTOR:
        return connector * len(word)
    return "".join(down(c) if is_upper(c) else c for c in word) if kind == UPPER else word


_END = (NONE, "")


def _joined(parts: list[tuple[str, str]], connector: str) -> list[str]:
    out: list[str] = []
    at = 0

    def part(index: int) -> tuple[str, str]:
        return parts[index] if index < len(parts) else _END

    while at < len(parts) - 1:
        before = parts[at][0]
        out.append(_lowered(parts[at], connector))
        at += 1
        kind = parts[at][0]
        if before == NUMBER:
            while part(at)[0] in (ALPHABET, NUMBER):
                out.append(_lowered(parts[at], connector))
                at += 1
            if part(at)[0] not in (NONE, PUNCTUATION, CONNECTOR):
                out.append(connector)
        elif before in (CONNECTOR, PUNCTUATION):
            continue
        elif kind != NUMBER:
            if kind not in (CONNECTOR, PUNCTUATION):
                out.append(connector)
        elif at < len(parts) - 1:
            number = parts[at]
            at += 1
            if part(at)[0] != ALPHABET:
                out.append(number[1])
                if part(at)[0] not in (CONNECTOR, PUNCTUATION):
                    out.append(connector)
                continue
            out.append(connector + number[1])
            while part(at)[0] in (ALPHABET, NUMBER):
                out.append(_lowered(parts[at], connector))
                at += 1
            if part(at)[0] not in (NONE, PUNCTUATION, CONNECTOR):
                out.append(connector)
    out.append(_lowered(part(at), connector))
    return out
