"""A refused login tells what Vault said, without what was sent."""

from __future__ import annotations

import pytest

from keywave.controller.vault_access.hiding import hidden, sent

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


def test_all_but_the_role_s_name_is_kept_secret() -> None:
    body = {"role": "payments", "jwt": JWT, "secret_id": "obviously-fake", "more": {"deep": "also-this"}, "x": "a"}

    assert sent(body) == (JWT, "obviously-fake", "also-this")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"cannot take {JWT} for role payments", "cannot take **** for role payments"),
        (f"twice {JWT}{JWT}", "twice ********"),
        (f"cut off: {JWT[:20]}...", "cut off: ****..."),
        ("nothing of it", "nothing of it"),
        ("", ""),
    ],
)
def test_what_was_sent_is_taken_out_of_the_answer(text: str, told: str) -> None:
    assert hidden(text, (JWT,)) == told
