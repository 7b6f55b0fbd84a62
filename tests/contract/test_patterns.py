"""What every delivery pattern must hold: a new module is tested by standing in the dict."""

from __future__ import annotations

from itertools import permutations

import pytest

from keywave.expand import expand
from keywave.expand.patterns import PATTERNS
from keywave.intent.load import Loaded, load
from keywave.intent.wire_intent import DELIVERIES
from keywave.objects.yamlio import dump, parse, read_stream

TREE = """
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {{name: vault}}
spec: {{address: "https://vault.example.com:8200", auth: {{role: r}}, dynamic: {{mount: db}}, deliver: {deliver}}}
---
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {{name: one, namespace: shop}}
spec: {{kv: one, keys: {{A: a}}}}
---
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {{name: two, namespace: shop}}
spec: {{dynamic: creds/two, keys: {{B: b}}}}
---
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {{name: one, namespace: back}}
spec: {{kv: three, keys: {{C: c}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  template:
    spec:
      serviceAccountName: web
      containers: [{{name: app, volumeMounts: [{{name: v, mountPath: /v}}]}}]
      volumes: [{{name: v, projected: {{sources: [{{secret: {{name: one}}}}, {{secret: {{name: two}}}}]}}}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: back}}
spec:
  template:
    spec:
      serviceAccountName: db
      containers: [{{name: app, volumeMounts: [{{name: v, mountPath: /v}}]}}]
      volumes: [{{name: v, secret: {{secretName: one}}}}]
"""


def _loaded(deliver: str) -> Loaded:
    read = read_stream(TREE.format(deliver=deliver).encode(), "tree.yaml")
    loaded = load(read.manifests)
    assert not read.findings + loaded.findings
    return loaded


every_pattern = pytest.mark.parametrize("deliver", PATTERNS)


def test_patterns_are_among_those_of_the_intent_api() -> None:
    assert set(PATTERNS) <= set(DELIVERIES)


@every_pattern
def test_it_says_its_trade_off_in_a_line(deliver: str) -> None:
    assert PATTERNS[deliver].SUMMARY.strip()
    assert "\n" not in PATTERNS[deliver].SUMMARY


@every_pattern
def test_it_renders_without_a_finding(deliver: str) -> None:
    result = expand(_loaded(deliver))

    assert result.findings == ()
    assert any(manifest.made_by for manifest in result.manifests)


@every_pattern
def test_the_order_of_the_intents_does_not_matter(deliver: str) -> None:
    loaded = _loaded(deliver)
    results = {
        "---\n".join(dump(m.body) for m in expand(loaded._replace(intents=order)).manifests)
        for order in permutations(loaded.intents)
    }

    assert len(results) == 1


@every_pattern
def test_the_order_of_the_users_objects_changes_only_theirs(deliver: str) -> None:
    loaded = _loaded(deliver)
    turned = expand(loaded._replace(rest=loaded.rest[::-1]))

    straight = [m.body for m in expand(loaded).manifests if m.made_by]
    assert [m.body for m in turned.manifests if m.made_by] == straight
    assert [m.name for m in turned.manifests if not m.made_by] == ["db", "web"]


@every_pattern
def test_objects_are_whole_unique_and_in_the_intents_namespaces(deliver: str) -> None:
    made = [m for m in expand(_loaded(deliver)).manifests if m.made_by]

    assert all(list(m.body)[:3] == ["apiVersion", "kind", "metadata"] for m in made)
    assert all(list(m.metadata)[:2] == ["name", "namespace"] for m in made)
    assert len({m.id for m in made}) == len(made)
    assert {m.namespace for m in made} == {"shop", "back"}
    assert [m.namespace for m in made] == sorted(m.namespace for m in made)


@every_pattern
def test_every_body_survives_a_round_trip(deliver: str) -> None:
    for manifest in expand(_loaded(deliver)).manifests:
        assert parse(dump(manifest.body)) == manifest.body


@every_pattern
def test_rendering_again_over_its_own_workloads_changes_nothing(deliver: str) -> None:
    loaded = _loaded(deliver)
    once = expand(loaded).manifests
    again = expand(loaded._replace(rest=tuple(m for m in once if not m.made_by)))

    assert [m.body for m in again.manifests] == [m.body for m in once]
