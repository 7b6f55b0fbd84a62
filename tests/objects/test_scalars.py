from __future__ import annotations

from typing import Any

import pytest

from keywave.objects.scalars import (
    BINARY_TAG,
    FLOAT_TAG,
    INT_TAG,
    STR_TAG,
    TIMESTAMP_TAG,
    ScalarError,
    key_text,
    plain_value,
    resolve,
    tagged_value,
)

MEANINGS: dict[str, tuple[str, Any]] = {
    "an octal file mode": ("0644", 420),
    "an octal number of YAML 1.2": ("0o644", 420),
    "eight is no octal digit": ("08", 8),
    "a hexadecimal number": ("0x1F", 31),
    "a binary number": ("-0b11", -3),
    "underscores": ("1_000", 1000),
    "an exponent gives an integer": ("1e3", 1000),
    "a float": ("1.5", 1.5),
    "a float without fraction is an integer in JSON": ("1.0", 1),
    "a float that begins with its point": (".5", 0.5),
    "too large for a float": ("1e999", "1e999"),
    "the largest signed integer": ("9223372036854775807", 2**63 - 1),
    "unsigned beyond it": ("18446744073709551615", 2**64 - 1),
    "beyond 64 bits": ("18446744073709551616", 1.8446744073709552e19),
    "a time is text": ("1:30", "1:30"),
    "a date is text": ("2001-01-01", "2001-01-01"),
    "yes": ("yes", True),
    "on": ("on", True),
    "y": ("y", True),
    "off": ("Off", False),
    "a word in odd case": ("yEs", "yEs"),
    "a tilde": ("~", None),
    "nothing": ("", None),
    "a merge sign as a value": ("<<", "<<"),
    "an equals sign": ("=", "="),
    "an address": ("10.0.0.1", "10.0.0.1"),
}


@pytest.mark.parametrize(("text", "expected"), MEANINGS.values(), ids=MEANINGS.keys())
def test_a_plain_scalar_means(text: str, expected: Any) -> None:
    actual = plain_value(text)

    assert (actual, type(actual)) == (expected, type(expected))


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan"])
def test_numbers_that_json_does_not_have_are_refused(text: str) -> None:
    with pytest.raises(ScalarError, match="no such number"):
        plain_value(text)


TAGGED: dict[str, tuple[str, str, Any]] = {
    "a number as text": (STR_TAG, "12", "12"),
    "a text as number": (INT_TAG, "0x1F", 31),
    "an integer as float": (FLOAT_TAG, "2", 2),
    "binary that is UTF-8": (BINARY_TAG, "aGVsbG8=", "hello"),
    "binary that is none": (BINARY_TAG, "//8=", "��"),
    "a time": (TIMESTAMP_TAG, "2001-12-14 21:59:43.10", "2001-12-14 21:59:43.10"),
    "an unknown tag": ("!vault", "12", "12"),
}


@pytest.mark.parametrize(("tag", "text", "expected"), TAGGED.values(), ids=TAGGED.keys())
def test_a_tagged_scalar_means(tag: str, text: str, expected: Any) -> None:
    assert tagged_value(tag, text) == expected


@pytest.mark.parametrize(
    ("tag", "text"), [(INT_TAG, "s3cret"), (INT_TAG, "1.5"), (BINARY_TAG, "s3cret!"), (TIMESTAMP_TAG, "2001-13-01")]
)
def test_a_value_that_does_not_fit_its_tag_is_refused_without_quoting_it(tag: str, text: str) -> None:
    with pytest.raises(ScalarError) as caught:
        tagged_value(tag, text)

    assert text not in str(caught.value)


KEYS = {
    "on": "true",
    "n": "false",
    "1": "1",
    "0x10": "16",
    "1.50": "1.5",
    "1e6": "1e+06",
    "1e5": "100000",
    ".inf": ".inf",
    "0.00001": "1e-05",
}


@pytest.mark.parametrize(("text", "expected"), KEYS.items())
def test_keys_become_text_as_sigs_yaml_makes_them(text: str, expected: str) -> None:
    assert key_text(resolve(text)) == expected


@pytest.mark.parametrize("text", ["~", "18446744073709551615"])
def test_keys_that_kubernetes_refuses(text: str) -> None:
    with pytest.raises(ScalarError):
        key_text(resolve(text))
