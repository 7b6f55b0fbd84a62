"""Where the key of the keyed hash comes from, and how two hashes are compared."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywave.controller.mac import NAME, MacKey, MacKeyError, read_or_create, same
from keywave.kube.api_server import KubeError

SPACE = "keywave-system"
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that does other things too."""


class OneSecret:
    """As much of Kubernetes as a key needs. `race`: what another replica made between our look and our write."""

    def __init__(
        self, data: dict[str, str] | None = None, race: dict[str, str] | None = None, reason: str = ""
    ) -> None:
        self.data, self.race, self.reason, self.made = data, race, reason, list[dict[str, Any]]()

    def get(self, type: Any, namespace: str, name: str) -> dict[str, Any] | None:
        assert (type.kind, namespace, name) == ("Secret", SPACE, NAME)
        return None if self.data is None else {"data": self.data}

    def create(self, type: Any, body: dict[str, Any]) -> dict[str, Any]:
        if self.reason:
            raise KubeError(self.reason, "no")
        if self.race is not None:
            self.data = self.race
            raise KubeError("exists", "there is one")
        self.made.append(body)
        return body


def stored(key: bytes) -> dict[str, str]:
    return {"key": base64.b64encode(key).decode()}


def hashed(key: MacKey) -> str:
    return key.of({"a": b"b"})


def test_the_key_that_is_there_is_used() -> None:
    kube = OneSecret(stored(b"k" * 16))
    assert hashed(read_or_create(kube, SPACE)) == hashed(MacKey(b"k" * 16))  # type: ignore[arg-type]
    assert kube.made == []


def test_a_key_is_made_where_there_is_none_as_the_incumbent_makes_it() -> None:
    kube = OneSecret()
    key = read_or_create(kube, SPACE)  # type: ignore[arg-type]
    (body,) = kube.made
    assert (body["metadata"]["name"], body["metadata"]["namespace"], body["immutable"]) == (NAME, SPACE, True)
    assert hashed(key) == hashed(MacKey(base64.b64decode(body["data"]["key"])))
    assert len(base64.b64decode(body["data"]["key"])) == 16


def test_the_key_of_a_faster_replica_is_used() -> None:
    kube = OneSecret(race=stored(b"z" * 16))
    assert hashed(read_or_create(kube, SPACE)) == hashed(MacKey(b"z" * 16))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data", [{}, {"key": ""}, {"key": "!"}, stored(b"CANARYx" * 2), stored(b"k" * 32), {"other": "x"}, {"key": 5}]
)
def test_a_secret_without_a_usable_key_is_an_error_that_shows_nothing_of_it(data: dict[str, str]) -> None:
    with pytest.raises(MacKeyError) as caught:
        read_or_create(OneSecret(data), SPACE)  # type: ignore[arg-type]
    assert str(caught.value) == f"the Secret {SPACE}/{NAME} holds no key of 16 bytes"


def test_a_key_is_fresh_where_it_was_made_as_this_process_started() -> None:
    kubes = (OneSecret(), OneSecret(race=stored(b"z" * 16)), OneSecret(stored(b"k" * 16)))

    assert [read_or_create(kube, SPACE).fresh for kube in kubes] == [True, True, False]  # type: ignore[arg-type]


def test_a_refusal_of_kubernetes_is_handed_on() -> None:
    with pytest.raises(KubeError) as caught:
        read_or_create(OneSecret(reason="forbidden"), SPACE)  # type: ignore[arg-type]
    assert caught.value.reason == "forbidden"


DATA = st.dictionaries(st.from_regex(r"[-._a-zA-Z0-9]{1,5}", fullmatch=True), st.binary(max_size=8), max_size=5)


@BUSY
@given(DATA)
def test_the_hash_does_not_hang_on_the_order_and_is_the_same_for_encoded_values(data: dict[str, bytes]) -> None:
    key = MacKey(b"k" * 16)
    reverse = dict(reversed(data.items()))
    encoded = {name: base64.b64encode(value).decode() for name, value in data.items()}
    assert key.of(data) == key.of(reverse) == key.of_encoded(encoded)


@BUSY
@given(DATA, DATA)
def test_equal_hashes_mean_equal_data(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    key = MacKey(b"k" * 16)
    assert same(key.of(one), key.of(other)) == (one == other)


@BUSY
@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert same(one, other) == (one == other)
    assert same(one, json.loads(json.dumps(one)))


def test_half_a_character_in_a_status_is_no_bug() -> None:
    assert not same("\ud800", "mac")
