"""sprig's urlParse and urlJoin, by Go's package net/url."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from keywave.gotemplate.calling import Function, declared
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import kind_of, raw, text_of

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")
# What stays as it is, beyond that, in each part.
_PATH = _UNRESERVED | frozenset("$&+,/:;=@")
_USER = _UNRESERVED | frozenset("$&+,;=")
_FRAGMENT = _UNRESERVED | frozenset("$&+,/:;=?@!()*")
_HOST = _UNRESERVED | frozenset("!$&'()*+,;=:[]<>\"")
_ALSO_VALID_PATH = frozenset("!$&'()*+,;=:@[]/")
_PARTS = ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")


def _stop() -> Refused:
    return Refused("the text is not a URL")


def _unescaped(text: str, *, host: bool = False) -> str:
    if "%" not in text:
        if host and any(c < "\x80" and c not in _HOST for c in text):
            raise _stop()
        return text
    out = bytearray()
    data = raw(text)
    at = 0
    while at < len(data):
        if data[at] == 37:
            pair = data[at + 1 : at + 3]
            if not re.fullmatch(rb"[0-9a-fA-F]{2}", pair):
                raise _stop()
            byte = int(pair, 16)
            if host and byte < 128:
                raise _stop()
            out.append(byte)
            at += 3
            continue
        if host and data[at] < 128 and chr(data[at]) not in _HOST:
            raise _stop()
        out.append(data[at])
        at += 1
    return text_of(bytes(out))


def _escaped(text: str, kept: frozenset[str]) -> str:
    return "".join(chr(byte) if byte < 128 and chr(byte) in kept else f"%{byte:02X}" for byte in raw(text))


def _hostname(host: str) -> str:
    name = host
    if ":" in host:
        head, _, port = host.rpartition(":")
        if re.fullmatch(r"[0-9]*", port):
            name = head
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def _host(scheme: str, text: str) -> str:
    if "[" in text:
        if text.rfind("[") > 0:
            raise _stop()
        inside, bracket, port = text[1:].rpartition("]")
        if not bracket or not re.fullmatch(r"(?::[0-9]*)?", port):
            raise _stop()
        if "%" in inside:
            raise Refused("zones in the host of a URL are not offered", "unsupported")
        try:
            ipaddress.IPv6Address(inside)
        except ValueError:
            inside = ""
        if not inside:
            raise _stop()
    else:
        # In http and https no colon but that of the port stands in a host.
        strict = scheme in ("http", "https")
        _, colon, port = text.partition(":") if strict else text.rpartition(":")
        if colon and not re.fullmatch(r"[0-9]*", port):
            raise _stop()
    return _unescaped(text, host=True)


_USER_VALID = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")


def _userinfo(text: str) -> str:
    """Read and written again, as net/url's Userinfo does."""
    if not _USER_VALID.fullmatch(text):
        raise _stop()
    name, colon, password = text.partition(":")
    return _escaped(_unescaped(name), _USER) + (":" + _escaped(_unescaped(password), _USER) if colon else "")


def parse(text: str) -> dict[str, Any]:
    """Raises Refused."""
    found: dict[str, Any] = dict.fromkeys(_PARTS, "")
    found["hostname"] = ""
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise _stop()
    rest, _, fragment = text.partition("#")
    found["fragment"] = _unescaped(fragment)
    if rest == "*":
        return found | {"path": "*"}
    match = _SCHEME.match(rest)
    if match:
        found["scheme"], rest = match[1].lower(), rest[match.end() :]
    elif rest.startswith(":"):
        raise _stop()
    rest, _, found["query"] = rest.partition("?")
    if not rest.startswith("/"):
        if found["scheme"]:
            return found | {"opaque": rest}
        if ":" in rest.split("/", 1)[0]:
            raise _stop()
    if rest.startswith("//") and (found["scheme"] or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, at, host = authority.rpartition("@")
        found["host"] = _host(found["scheme"], host)
        found["userinfo"] = _userinfo(user) if at else ""
        found["hostname"] = _hostname(found["host"])
    found["path"] = _unescaped(rest)
    return found


def _part(parts: dict[str, Any], name: str) -> str:
    value = parts.get(name, "")
    if kind_of(value) != "string":
        raise Refused(f"unable to parse {name} key, must be of type string, but {kind_of(value)} found")
    return str(value)


def _joined(_: Run, parts: dict[str, Any]) -> str:
    scheme, host, path, query, opaque, fragment, user = (_part(parts, name) for name in _PARTS)
    out = scheme + ":" if scheme else ""
    info: str | None = None
    if user:
        inside = parse(f"proto://{user}@host")
        if inside["host"] != "host":
            raise Refused("a userinfo that holds the end of a host is not offered", "unsupported")
        info = inside["userinfo"]
    if opaque:
        out += opaque
    else:
        if scheme or host or info is not None:
            if host or path or info is not None:
                out += "//"
            out += (info + "@" if info is not None else "") + _escaped(host, _HOST)
        written = "*" if path == "*" else _escaped(path, _PATH)
        if written and not written.startswith("/") and host:
            out += "/"
        if not out and ":" in written.split("/", 1)[0]:
            out += "./"
        out += written
    return out + (f"?{query}" if query else "") + (f"#{_escaped(fragment, _FRAGMENT)}" if fragment else "")


FUNCTIONS: dict[str, Function] = {
    "urlParse": declared("s", lambda run, text: parse(text)),
    "urlJoin": declared("m", _joined),
}
