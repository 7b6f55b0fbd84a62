"""The small parts: durations and placeholders."""

from __future__ import annotations

import pytest

from keywave.intent import durations, placeholders


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [
        ("720h", "240h"),
        ("30d", "240h"),
        ("1h", "20m"),
        ("1.5h", "30m"),
        ("100m", "2000s"),
        ("10s", "3s"),
        ("2s", ""),
        ("", ""),
        ("${TTL}", ""),
        ("1h30m", ""),
    ],
)
def test_a_third_in_whole_units(ttl: str, expected: str) -> None:
    assert durations.third(ttl) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{namespace}-{serviceAccount}", "shop-{serviceAccount}"),
        ("${namespace}/{namespace}", "${namespace}/shop"),
        ("{namespace.__class__}", "{namespace.__class__}"),
        ("{project}", "{project}"),
        ("{name}", "{namespace}"),
        ("plain", "plain"),
    ],
)
def test_placeholders_are_filled_once_and_never_evaluated(text: str, expected: str) -> None:
    values = {"namespace": "shop", "project": "", "name": "{namespace}"}

    assert placeholders.fill(text, values) == expected


def test_the_names_in_a_text() -> None:
    assert placeholders.names("${a}/{b}-{c d}{}") == ["b", "c d", ""]
