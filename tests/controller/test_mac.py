"""The keyed hash of a Secret's data is Go's, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import hmac

from keywave.controller.mac import MacKey


def test_the_hash_is_that_of_the_json_of_a_go_map_of_bytes_with_sorted_keys() -> None:
    message = b'{"a":"","b":"/+8="}'
    expected = base64.b64encode(hmac.digest(b"k" * 16, message, hashlib.sha256)).decode()
    assert MacKey(b"k" * 16).of({"b": b"\xff\xef", "a": b""}) == expected


def test_no_text_shows_the_key() -> None:
    assert repr(MacKey(b"k" * 16)) == "MacKey(****)"
