"""sprig's encodings, hashes, paths and password hashes."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import zlib

from keywave.gotemplate.calling import Function, declared
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import raw, text_of

_MOST_PASSWORD = 72


def _decoded(text: str, alphabet: bytes, group: int, bits: int) -> str:
    """Strict decoding with padding; like sprig, a text that cannot be decoded gives the words of Go's error as its result."""
    name = f"base{1 << bits}"
    data, place = raw(text), [at for at, byte in enumerate(raw(text)) if byte not in b"\r\n"]
    kept = bytes(data[at] for at in place)
    body = kept.rstrip(b"=")
    bad = next((at for at, byte in enumerate(body) if byte not in alphabet), None)
    if bad is not None:
        return _illegal(name, place, bad, len(data), kept, group)
    padding, last = len(kept) - len(body), len(body) % group
    if len(kept) % group or last not in ((0, 2, 3) if group == 4 else (0, 2, 4, 5, 7)) or padding >= group:
        return _illegal(name, place, len(body), len(data), kept, group)
    return text_of(base64.b64decode(kept) if group == 4 else base64.b32decode(kept))


def _illegal(name: str, place: list[int], at: int, length: int, kept: bytes, group: int) -> str:
    raise Refused(
        f"the text is not {name}: Go's sprig would write an error message into the Secret here", "unsupported"
    )


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _hash(name: str) -> Function:
    return declared("s", lambda run, text: hashlib.new(name, raw(text), usedforsecurity=False).hexdigest())


def _clean(_: Run, path: str) -> str:
    """path.Clean."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _base(_: Run, path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _dir(run: Run, path: str) -> str:
    return _clean(run, path.rpartition("/")[0] + ("/" if "/" in path else ""))


def _ext(_: Run, path: str) -> str:
    name = path.rpartition("/")[2]
    return "." + name.rpartition(".")[2] if "." in name else ""


def _bcrypt(run: Run, password: str) -> str:
    if run.outside.bcrypt is None:
        raise Refused("bcrypt is not offered here", "unsupported")
    if len(raw(password)) > _MOST_PASSWORD:
        raise Refused(f"a password of more than {_MOST_PASSWORD} bytes", "unsupported")
    run.spend(1000)
    return run.outside.bcrypt(raw(password))


def _htpasswd(run: Run, name: str, password: str) -> str:
    if ":" in name:
        raise Refused("a user's name has a colon", "unsupported")
    return f"{name}:{_bcrypt(run, password)}"


_PATHS: dict[str, Function] = {
    "base": declared("s", _base),
    "clean": declared("s", _clean),
    "dir": declared("s", _dir),
    "ext": declared("s", _ext),
    "isAbs": declared("s", lambda run, path: path.startswith("/")),
}

FUNCTIONS: dict[str, Function] = {
    **_PATHS,
    **{f"os{name[0].upper()}{name[1:]}": function for name, function in _PATHS.items()},
    "b64enc": declared("s", lambda run, text: base64.b64encode(raw(text)).decode()),
    "b64dec": declared("s", lambda run, text: _decoded(text, _BASE64, 4, 6)),
    "b32enc": declared("s", lambda run, text: base64.b32encode(raw(text)).decode()),
    "b32dec": declared("s", lambda run, text: _decoded(text, _BASE32, 8, 5)),
    "sha1sum": _hash("sha1"),
    "sha256sum": _hash("sha256"),
    "sha512sum": _hash("sha512"),
    "adler32sum": declared("s", lambda run, text: str(zlib.adler32(raw(text)))),
    "bcrypt": declared("s", _bcrypt),
    "htpasswd": declared("ss", _htpasswd),
}
