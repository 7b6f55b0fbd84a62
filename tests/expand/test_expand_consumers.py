"""Consumers in expansion: restart targets, wiring, fan-in."""

from __future__ import annotations

import pytest
from builders import DEPLOYMENT, INTENT, PROFILE, codes, deployment, expanded, intent, made, profile, spec_of

from keywave.expand import Expanded

USE = "{serviceAccountName: s, containers: [{name: app, envFrom: [{secretRef: {name: payments}}]}]}"
PLAIN = "{serviceAccountName: s, containers: [{name: app, image: a}]}"
FAN_IN = "{sources: {app: {kv: a, keys: {A: a}}, stripe: {kv: b, version: 7, keys: {B: b}}}, serviceAccount: s%s}"


def _targets(result: Expanded) -> list[str]:
    targets = spec_of(result, "VaultStaticSecret").get("rolloutRestartTargets", [])
    return [f"{target['kind']}/{target['name']}" for target in targets]


RESTARTS = {
    "each kind that can be restarted, sorted": (
        [
            deployment("z", USE),
            deployment("s", USE, "StatefulSet"),
            deployment("d", USE, "DaemonSet"),
            deployment("r", USE, "Rollout", "argoproj.io/v1alpha1"),
            deployment("a", USE),
        ],
        "{kv: a}",
        ["DaemonSet/d", "Deployment/a", "Deployment/z", "StatefulSet/s", "argo.Rollout/r"],
    ),
    "jobs never": ([deployment("j", USE, "Job", "batch/v1")], "{kv: a}", []),
    "a Rollout instead of the Deployment that it borrows from": (
        [
            deployment("web", USE),
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: roll, namespace: shop}\n"
            "spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n",
        ],
        "{kv: a}",
        ["argo.Rollout/roll"],
    ),
    "not where the user says so": ([deployment("a", USE)], "{kv: a, restart: false}", []),
    "the user's own targets too": (
        [deployment("a", USE)],
        "{kv: a, restartTargets: [{kind: StatefulSet, name: db}]}",
        ["Deployment/a", "StatefulSet/db"],
    ),
    "not workloads of another namespace": (
        [deployment("a", USE), deployment("b", USE, namespace="other")],
        "{kv: a}",
        ["Deployment/a"],
    ),
    "not workloads that only pull images with it": (
        [
            deployment("a", USE),
            deployment("b", "{imagePullSecrets: [{name: payments}], containers: [{name: app}]}"),
        ],
        "{kv: a}",
        ["Deployment/a"],
    ),
}


@pytest.mark.parametrize(("workloads", "spec", "expected"), RESTARTS.values(), ids=RESTARTS)
def test_restart_targets_are_found(workloads: list[str], spec: str, expected: list[str]) -> None:
    assert _targets(expanded(PROFILE, *workloads, intent(spec))) == expected


WIRED = {
    "all keys into the environment": (
        "{kv: a, consumers: [{workload: web, envFrom: true}]}",
        {"containers": [{"name": "app", "image": "a", "envFrom": [{"secretRef": {"name": "payments"}}]}]},
    ),
    "some keys under other names": (
        "{kv: a, keys: {K: k}, consumers: [{workload: web, env: {VAR: K}}]}",
        {
            "containers": [
                {
                    "name": "app",
                    "image": "a",
                    "env": [{"name": "VAR", "valueFrom": {"secretKeyRef": {"name": "payments", "key": "K"}}}],
                }
            ]
        },
    ),
    "files": (
        "{kv: a, consumers: [{workload: web, mountPath: /etc/x, items: {k: f.txt}, mode: 256}]}",
        {
            "containers": [
                {
                    "name": "app",
                    "image": "a",
                    "volumeMounts": [{"name": "secret-payments", "mountPath": "/etc/x", "readOnly": True}],
                }
            ],
            "volumes": [
                {
                    "name": "secret-payments",
                    "secret": {
                        "secretName": "payments",
                        "items": [{"key": "k", "path": "f.txt"}],
                        "defaultMode": 256,
                    },
                }
            ],
        },
    ),
    "several Secrets of a fan-in, as a projected volume and by name": (
        FAN_IN % ", consumers: [{workload: web, envFrom: true, env: {X: B}, mountPath: /s, items: {A: a.txt}}]",
        {
            "containers": [
                {
                    "name": "app",
                    "image": "a",
                    "envFrom": [
                        {"secretRef": {"name": "payments-app"}},
                        {"secretRef": {"name": "payments-stripe"}},
                    ],
                    "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "payments-stripe", "key": "B"}}}],
                    "volumeMounts": [{"name": "secret-payments", "mountPath": "/s", "readOnly": True}],
                }
            ],
            "volumes": [
                {
                    "name": "secret-payments",
                    "projected": {
                        "sources": [{"secret": {"name": "payments-app", "items": [{"key": "A", "path": "a.txt"}]}}]
                    },
                }
            ],
        },
    ),
}


@pytest.mark.parametrize(("spec", "expected"), WIRED.values(), ids=WIRED)
def test_consumers_are_wired_and_then_found(spec: str, expected: dict) -> None:
    result = expanded(PROFILE, deployment("web", PLAIN), intent(spec))

    assert result.findings == ()
    (web,) = [m for m in result.manifests if m.name == "web"]
    assert web.body["spec"]["template"]["spec"] == {"serviceAccountName": "s", **expected}
    assert "Deployment" in {m.kind for m in result.manifests if m.changed and not m.made_by}


def test_wiring_twice_changes_nothing() -> None:
    spec = "{kv: a, keys: {K: k}, consumers: [{workload: web, envFrom: true, env: {V: K}, mountPath: /x}]}"
    pod = (
        "{serviceAccountName: s, containers: [{name: app, image: a, envFrom: [{secretRef: {name: payments}}], "
        "env: [{name: V, valueFrom: {secretKeyRef: {name: payments, key: K}}}], "
        "volumeMounts: [{name: secret-payments, mountPath: /x, readOnly: true}]}], "
        "volumes: [{name: secret-payments, secret: {secretName: payments}}]}"
    )
    result = expanded(PROFILE, deployment("web", pod), intent(spec))

    (web,) = [m for m in result.manifests if m.name == "web"]
    assert web.body == web.parsed
    assert result.findings == ()


def test_what_nobody_asks_to_wire_stays_the_same_object() -> None:
    result = expanded(PROFILE, DEPLOYMENT, INTENT)

    assert [m.changed for m in result.manifests if not m.made_by] == [False]


TWO = "{containers: [{name: app}, {name: log}]}"
BROKEN = {
    "no such workload": ("{workload: wbe, envFrom: true}", PLAIN, [("KW2005", "workload")]),
    "a workload of another kind": (
        "{workload: web, kind: StatefulSet, envFrom: true}",
        PLAIN,
        [("KW2005", "workload")],
    ),
    "containers of odd shapes": ("{workload: web, envFrom: true}", "{containers: [1, x]}", [("KW2006", "")]),
    "which of two containers": ("{workload: web, envFrom: true}", TWO, [("KW2006", "")]),
    "no such container": ("{workload: web, container: ap, envFrom: true}", TWO, [("KW2006", "container")]),
    "a variable that is set": (
        "{workload: web, env: {V: K}}",
        "{containers: [{name: app, env: [{name: V, value: x}]}]}",
        [("KW2007", "env.V")],
    ),
    "a folder that is taken": (
        "{workload: web, mountPath: /x}",
        "{containers: [{name: app, volumeMounts: [{name: v, mountPath: /x/}]}]}",
        [("KW2008", "mountPath")],
    ),
    "keys that are not there": (
        "{workload: web, env: {V: KK}, mountPath: /y, items: {L: l}}",
        PLAIN,
        [("KW2003", "env.V"), ("KW2003", "items.L")],
    ),
}


@pytest.mark.parametrize(("consumer", "pod", "expected"), BROKEN.values(), ids=BROKEN)
def test_wiring_that_cannot_be_done_is_found(consumer: str, pod: str, expected: list[tuple[str, str]]) -> None:
    spec = f"{{kv: a, keys: {{K: k}}, serviceAccount: s, consumers: [{consumer}]}}"
    result = expanded(PROFILE, deployment("web", pod), intent(spec))

    base = "$.spec.consumers[0]"
    assert codes(result) == [(code, f"{base}.{path}" if path else base) for code, path in expected]
    assert not any(m.changed for m in result.manifests if not m.made_by)


def test_a_key_of_an_open_fan_in_needs_keys_in_the_sources() -> None:
    spec = "{sources: {a: {kv: a}, b: {kv: b}}, serviceAccount: s, consumers: [{workload: web, env: {V: K}}]}"
    result = expanded(PROFILE, deployment("web", PLAIN), intent(spec))

    assert codes(result) == [("KW2010", "$.spec.consumers[0].env.V")]


def test_fan_in_becomes_one_secret_a_source() -> None:
    result = expanded(PROFILE, intent(FAN_IN % ""))

    names = [(m.name, m.spec["path"], m.spec.get("version")) for m in made(result) if m.kind == "VaultStaticSecret"]
    assert names == [("payments-app", "dev/a", None), ("payments-stripe", "dev/b", 7)]


def test_keywaves_operator_merges_the_sources() -> None:
    shared = "transformations: {t: {templates: {T: t}}}"
    keywave = profile(f"auth: {{role: r}}, operator: {{kind: keywave}}, dynamic: {{mount: db}}, {shared}")
    spec = (
        "{sources: {db: {dynamic: creds/x}, app: {kv: a, keys: {B: b, A: a}}}, refreshAfter: 1m, transformations: [t], "
        "templates: {D: '{{ get .Secrets \"A\" }}'}}"
    )
    result = expanded(keywave, DEPLOYMENT, intent(spec))

    (composite,) = [m for m in made(result) if m.kind == "VaultCompositeSecret"]
    assert composite.api_version == "reconcile.keywave.dev/v1alpha1"
    assert composite.spec == {
        "vaultAuthRef": "payments",
        "refreshAfter": "1m",
        "hmacSecretData": True,
        "sources": [
            {"name": "app", "kv": {"mount": "kv", "type": "kv-v2", "path": "a"}, "keys": {"A": "a", "B": "b"}},
            {
                "name": "db",
                "dynamic": {"mount": "db", "path": "creds/x", "renewalPercent": 67, "refreshAfter": "1m"},
            },
        ],
        "destination": {
            "name": "payments",
            "create": True,
            "overwrite": False,
            "transformation": {
                "templates": {"D": {"text": '{{ get .Secrets "A" }}'}},
                "transformationRefs": [{"name": "payments-t"}],
                "excludeRaw": True,
            },
        },
        "rolloutRestartTargets": [{"kind": "Deployment", "name": "payments"}],
    }
    assert result.findings == ()
