"""Where pod templates stand and what refers to Secrets."""

from __future__ import annotations

from typing import Any

import pytest

from keywave.objects.manifest import Manifest
from keywave.objects.workloads import borrowed_template, pod_template, same_namespace, secret_uses, service_account_of
from keywave.objects.yamlio import parse


def _object(api_version: str, kind: str, content: str) -> Manifest:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}, **parse(content)}
    return Manifest(body)


POD = "{serviceAccountName: web, containers: [{name: app}]}"
TEMPLATES = {
    "a Deployment": ("apps/v1", "Deployment", f"spec: {{template: {{spec: {POD}}}}}", ("spec", "template")),
    "a StatefulSet": ("apps/v1", "StatefulSet", f"spec: {{template: {{spec: {POD}}}}}", ("spec", "template")),
    "a DaemonSet": ("apps/v1", "DaemonSet", f"spec: {{template: {{spec: {POD}}}}}", ("spec", "template")),
    "a ReplicaSet": ("apps/v1", "ReplicaSet", f"spec: {{template: {{spec: {POD}}}}}", ("spec", "template")),
    "a Job": ("batch/v1", "Job", f"spec: {{template: {{spec: {POD}}}}}", ("spec", "template")),
    "a CronJob": (
        "batch/v1",
        "CronJob",
        f"spec: {{jobTemplate: {{spec: {{template: {{spec: {POD}}}}}}}}}",
        ("spec", "jobTemplate", "spec", "template"),
    ),
    "a Pod": ("v1", "Pod", f"spec: {POD}", ()),
    "a Rollout": ("argoproj.io/v1alpha1", "Rollout", f"spec: {{template: {{spec: {POD}}}}}", ("spec", "template")),
    "a kind that looks like one": (
        "apps.kruise.io/v1",
        "CloneSet",
        f"spec: {{template: {{spec: {POD}}}}}",
        ("spec", "template"),
    ),
}


@pytest.mark.parametrize(("api", "kind", "content", "keys"), TEMPLATES.values(), ids=TEMPLATES)
def test_the_pod_template_is_found(api: str, kind: str, content: str, keys: tuple[str, ...]) -> None:
    manifest = _object(api, kind, content)
    found = pod_template(manifest)

    assert found is not None
    assert found[1] == keys
    assert found[0]["spec"] == parse(POD)
    assert service_account_of(manifest) == "web"


NONE = {
    "a ConfigMap": ("v1", "ConfigMap", "data: {}"),
    "a Rollout that borrows": ("argoproj.io/v1alpha1", "Rollout", "spec: {workloadRef: {kind: Deployment, name: web}}"),
    "a broken Deployment": ("apps/v1", "Deployment", "spec: [1]"),
    "containers that are no list": ("apps/v1", "Deployment", "spec: {template: {spec: {containers: {}}}}"),
    "an object without a spec": ("apps/v1", "Deployment", "{}"),
}


@pytest.mark.parametrize(("api", "kind", "content"), NONE.values(), ids=NONE)
def test_what_has_no_pods_has_no_template(api: str, kind: str, content: str) -> None:
    manifest = _object(api, kind, content)

    assert pod_template(manifest) is None
    assert service_account_of(manifest) == "default"
    assert secret_uses([manifest]) == []


def test_a_rollout_names_whose_template_it_borrows() -> None:
    assert borrowed_template(_object(*NONE["a Rollout that borrows"])) == ("Deployment", "web")
    assert borrowed_template(_object(*TEMPLATES["a Rollout"][:3])) is None


def test_a_pod_without_an_account_runs_as_default() -> None:
    assert service_account_of(_object("v1", "Pod", "spec: {containers: [{name: a}]}")) == "default"
    assert service_account_of(_object("v1", "Pod", "spec: {serviceAccount: old, containers: [{name: a}]}")) == "old"


C = ("spec", "containers", 0)
USES: dict[str, tuple[str, str, str, list[tuple[Any, ...]]]] = {
    "envFrom": (
        "v1",
        "Pod",
        "spec: {containers: [{name: app, envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s, optional: true}}]}]}",
        [("envFrom", "s", "", True, "app", (*C, "envFrom", 1, "secretRef", "name"))],
    ),
    "env, also of init containers": (
        "v1",
        "Pod",
        "spec: {initContainers: [{name: i, env: [{name: V, valueFrom: {secretKeyRef: {name: s, key: k}}}]}], containers: []}",
        [("env", "s", "k", False, "i", ("spec", "initContainers", 0, "env", 0, "valueFrom", "secretKeyRef", "name"))],
    ),
    "a whole volume": (
        "v1",
        "Pod",
        "spec: {containers: [], volumes: [{name: v, secret: {secretName: s}}]}",
        [("volume", "s", "", False, "", ("spec", "volumes", 0, "secret", "secretName"))],
    ),
    "items of a volume": (
        "v1",
        "Pod",
        "spec: {containers: [], volumes: [{name: v, secret: {secretName: s, optional: true, items: [{key: a, path: b}]}}]}",
        [("volume", "s", "a", True, "", ("spec", "volumes", 0, "secret", "items", 0, "key"))],
    ),
    "a projected volume": (
        "v1",
        "Pod",
        "spec: {containers: [], volumes: [{name: v, projected: {sources: [{configMap: {name: c}}, {secret: {name: s}}]}}]}",
        [("volume", "s", "", False, "", ("spec", "volumes", 0, "projected", "sources", 1, "secret", "name"))],
    ),
    "a CSI driver's login": (
        "v1",
        "Pod",
        "spec: {containers: [], volumes: [{name: v, csi: {driver: d, nodePublishSecretRef: {name: s}}}]}",
        [("volume", "s", "", False, "", ("spec", "volumes", 0, "csi", "nodePublishSecretRef", "name"))],
    ),
    "image pull secrets of a pod": (
        "v1",
        "Pod",
        "spec: {containers: [], imagePullSecrets: [{name: s}]}",
        [("imagePull", "s", "", False, "", ("spec", "imagePullSecrets", 0, "name"))],
    ),
    "secrets of a ServiceAccount": (
        "v1",
        "ServiceAccount",
        "imagePullSecrets: [{name: s}]\nsecrets: [{name: t}]",
        [
            ("imagePull", "s", "", False, "", ("imagePullSecrets", 0, "name")),
            ("volume", "t", "", False, "", ("secrets", 0, "name")),
        ],
    ),
    "an Ingress": (
        "networking.k8s.io/v1",
        "Ingress",
        "spec: {tls: [{hosts: [a]}, {secretName: s}]}",
        [("tls", "s", "", False, "", ("spec", "tls", 1, "secretName"))],
    ),
    "references of odd shapes are none": (
        "v1",
        "Pod",
        "spec: {containers: [1, {name: 5, envFrom: {}, env: [{valueFrom: {secretKeyRef: {name: 3}}}]}], volumes: [{secret: x}]}",
        [],
    ),
}


@pytest.mark.parametrize(("api", "kind", "content", "expected"), USES.values(), ids=USES)
def test_every_use_is_found_with_its_place(api: str, kind: str, content: str, expected: list[tuple[Any, ...]]) -> None:
    manifest = _object(api, kind, content)
    uses = secret_uses([manifest])

    assert [(u.how, u.secret, u.key, u.optional, u.container, u.keys) for u in uses] == expected
    assert {u.namespace for u in uses} <= {"shop"}
    assert all(u.workload is manifest for u in uses)


def test_a_gateway_may_refer_to_another_namespace() -> None:
    refs = "[{name: a}, {name: b, namespace: certs}, {kind: ConfigMap, name: c}, {group: x.io, kind: Secret, name: d}]"
    gateway = _object(
        "gateway.networking.k8s.io/v1", "Gateway", f"spec: {{listeners: [{{tls: {{certificateRefs: {refs}}}}}]}}"
    )

    assert [(u.secret, u.namespace, u.how) for u in secret_uses([gateway])] == [
        ("a", "shop", "certificateRef"),
        ("b", "certs", "certificateRef"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("a", "a", True), ("a", "", True), ("", "b", True), ("a", "b", False), ("${NS}", "b", True)],
)
def test_an_unknown_namespace_may_be_any(one: str, other: str, expected: bool) -> None:
    assert same_namespace(one, other) is expected
