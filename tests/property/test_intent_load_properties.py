"""Whatever stands in a tree, loading ends in findings, never in an exception, and does not depend on the order of objects."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from intent_values import damaged, fitting

from keywave.codes.intents import CODES
from keywave.findings import has_errors
from keywave.intent.load import Loaded, load
from keywave.intent.wire import SCHEMAS
from keywave.objects.manifest import Manifest

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
PROFILE = {
    "apiVersion": "keywave.dev/v1alpha1",
    "kind": "VaultProfile",
    "metadata": {"name": "vault"},
    "spec": {"address": "https://v", "auth": {"role": "r"}, "dynamic": {"mount": "d"}, "pki": {"mount": "p"}},
}
INTENT = {
    "apiVersion": "keywave.dev/v1alpha1",
    "kind": "SecretIntent",
    "metadata": {"name": "payments", "namespace": "shop"},
    "spec": {
        "sources": {
            "app": {"kv": "payments/config", "keys": {"DB_USER": "username"}},
            "db": {"dynamic": "creds/rw", "params": {"a": "b"}},
        },
        "templates": {"DSN": "x"},
        "consumers": [{"workload": "web", "mountPath": "/x", "items": {"A": "b"}}],
        "restartTargets": [{"kind": "Deployment", "name": "web"}],
        "vso": {"refreshAfter": None},
    },
}
CERTIFICATE = INTENT | {
    "spec": {"pki": "web", "services": ["web"], "ttl": "9h", "consumers": [{"workload": "w", "envFrom": True}]}
}


def _objects(bodies: list[Any]) -> list[Manifest]:
    """Only objects come out of the reader: mappings."""
    return [Manifest(body) for body in bodies if isinstance(body, dict)]


def _is_sound(loaded: Loaded) -> None:
    """Either errors are told, or there is something that can be used; all codes are ours."""
    assert {f.code for f in loaded.findings} <= set(CODES)
    assert all(intent.parts and intent.profile in loaded.profiles for intent in loaded.intents)


@MANY
@given(bodies=st.lists(damaged(st.sampled_from([PROFILE, INTENT, CERTIFICATE])), max_size=3))
@example(bodies=[{}, {"apiVersion": 1, "kind": 2, "metadata": 3, "spec": 4}, {"apiVersion": "keywave.dev/v1alpha1"}])
def test_damaged_examples_give_findings(bodies: list[Any]) -> None:
    _is_sound(load(_objects([PROFILE, *bodies])))


@MANY
@given(
    body=st.sampled_from(sorted(SCHEMAS)).flatmap(
        lambda kind: damaged(fitting(SCHEMAS[kind])) | fitting(SCHEMAS[kind])
    ),
    project=st.sampled_from(["", "apps"]),
)
def test_generated_objects_give_findings(body: Any, project: str) -> None:
    objects = _objects([PROFILE, body])
    _is_sound(load(objects, project=project))
    _is_sound(load(objects, catalogue=objects, project=project))


@MANY
@given(body=damaged(st.sampled_from([INTENT, CERTIFICATE])))
def test_an_intent_is_there_or_an_error_says_why(body: Any) -> None:
    loaded = load(_objects([PROFILE, body]))

    assert loaded.intents or loaded.rest or not isinstance(body, dict) or has_errors(loaded.findings)


@MANY
@given(
    specs=st.lists(fitting(SCHEMAS["SecretIntent"]["properties"]["spec"]), max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_objects_changes_nothing(specs: list[Any], order: Any) -> None:
    objects = [
        PROFILE,
        *(INTENT | {"metadata": {"name": f"s{i}", "namespace": "shop"}, "spec": s} for i, s in enumerate(specs)),
    ]
    shuffled = list(objects)
    order.shuffle(shuffled)

    assert _summary(load(_objects(shuffled))) == _summary(load(_objects(objects)))


def _summary(loaded: Loaded) -> tuple[Any, ...]:
    intents = sorted((i.name, i.parts, i.profile.name, i.deliver) for i in loaded.intents)
    return intents, sorted(loaded.findings, key=lambda f: f.sort_key)
