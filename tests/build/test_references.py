"""References survive prefixes and suffixes: each field, with a real kustomize, through two layers and in two copies of one base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from build_trees import WriteTree

from keywave.build import BuildOptions, Overrides, read, references
from keywave.objects import yamlio
from keywave.objects.manifest import Manifest

POD_KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "PodTemplate": "v1",
    "ReplicationController": "v1",
    "Rollout": "argoproj.io/v1alpha1",
}


def dump(*bodies: dict[str, Any]) -> str:
    return "---\n".join(yamlio.dump(body) for body in bodies)


def head(api: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **more}


def intent(name: str, **spec: Any) -> dict[str, Any]:
    return head("keywave.dev/v1alpha1", "SecretIntent", name, spec=spec)


def vso(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return head("secrets.hashicorp.com/v1beta1", kind, name, spec=spec)


def pod(name: str) -> dict[str, Any]:
    ref = {"name": name}
    sources = [{"secret": ref}]
    container = {
        "name": "app",
        "image": "nginx",
        "envFrom": [{"secretRef": ref}],
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "a"}}}],
    }
    return {
        "serviceAccountName": name,
        "imagePullSecrets": [ref],
        "containers": [container],
        "initContainers": [{**container, "name": "first"}],
        "volumes": [
            {"name": "a", "secret": {"secretName": name}},
            {"name": "b", "projected": {"sources": sources}},
            {"name": "c", "csi": {"driver": "d", "volumeAttributes": {"secretProviderClass": name}}},
        ],
    }


def workload(kind: str, name: str) -> dict[str, Any]:
    body = head(POD_KINDS[kind], kind, name)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod(name)}
    match kind:
        case "Pod":
            return {**body, "spec": pod(name)}
        case "PodTemplate":
            return {**body, "template": template}
        case "CronJob":
            return {**body, "spec": {"jobTemplate": {"spec": {"template": template}}}}
    return {**body, "spec": {"template": template}}


def texts(value: Any) -> set[str]:
    """Every text in the value that is the object's name, `x`, with whatever stands around it."""
    if isinstance(value, dict):
        return set().union(*(texts(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(texts(v) for v in value))
    return {value} if isinstance(value, str) and "payments" in value else set()


def build(
    write: WriteTree, *bodies: dict[str, Any], layers: str = "inner-", overrides: Overrides | None = None
) -> tuple[Manifest, ...]:
    write(
        {
            "base/kustomization.yaml": f"resources: [all.yaml]\nnamePrefix: {layers}\n",
            "base/all.yaml": dump(*bodies),
            "app/kustomization.yaml": "resources: [../base]\nnamePrefix: outer-\nnameSuffix: -v1\n",
        }
    )
    built = read("app", BuildOptions(overrides=overrides or Overrides()))
    assert built.findings == ()
    return built.manifests


@pytest.fixture(autouse=True)
def tools(real_kustomize: Path, nothing_left: None) -> None:
    """All of these need the real one."""


NEW = "outer-inner-payments-v1"


@pytest.mark.parametrize("kind", POD_KINDS)
@pytest.mark.parametrize("referent", ["SecretIntent", "Secret"])
def test_a_pod_names_the_secret_of_an_intent(write: WriteTree, kind: str, referent: str) -> None:
    secret = intent("payments", kv="a") if referent == "SecretIntent" else head("v1", "Secret", "payments")
    account = head("v1", "ServiceAccount", "payments", imagePullSecrets=[{"name": "payments"}])
    provider = head("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "payments")
    made = build(write, workload(kind, "payments"), secret, account, provider)

    assert {name for m in made for name in texts(dict(m.body))} == {NEW}


OWN = {
    "an intent's own references": [
        intent(
            "payments",
            kv="a",
            profile="payments",
            serviceAccount="payments",
            services=["payments"],
            transformations=["payments"],
            consumers=[{"workload": "payments", "envFrom": True}],
            restartTargets=[{"kind": "Deployment", "name": "payments"}],
        ),
        head("keywave.dev/v1alpha1", "VaultProfile", "payments"),
        head("v1", "ServiceAccount", "payments"),
        head("v1", "Service", "payments"),
        vso("SecretTransformation", "payments"),
        head("apps/v1", "Deployment", "payments"),
    ],
    "a profile's references": [
        head(
            "keywave.dev/v1alpha1",
            "VaultProfile",
            "payments",
            spec={
                "caCertSecret": "payments",
                "tls": {"clientCertSecret": "payments"},
                "auth": {
                    "serviceAccount": "payments",
                    "secretRef": "payments",
                    "irsaServiceAccount": "payments",
                    "workloadIdentityServiceAccount": "payments",
                },
                "refs": {"connection": "payments", "auth": "payments", "authGlobal": "payments"},
            },
        ),
        head("v1", "Secret", "payments"),
        head("v1", "ServiceAccount", "payments"),
        *(vso(kind, "payments") for kind in ("VaultConnection", "VaultAuth", "VaultAuthGlobal")),
    ],
    "connection and auth": [
        vso("VaultConnection", "payments", caCertSecretRef="payments")
        | {"metadata": {"name": "payments", "annotations": {references.CLIENT_CERTIFICATE: "payments"}}},
        vso(
            "VaultAuth",
            "payments",
            vaultConnectionRef="payments",
            vaultAuthGlobalRef={"name": "payments"},
            kubernetes={"serviceAccount": "payments"},
            jwt={"serviceAccount": "payments", "secretRef": "payments"},
            appRole={"secretRef": "payments"},
            aws={"irsaServiceAccount": "payments", "secretRef": "payments"},
            gcp={"workloadIdentityServiceAccount": "payments"},
        ),
        vso("VaultAuthGlobal", "payments", vaultConnectionRef="payments", kubernetes={"serviceAccount": "payments"}),
        head("v1", "Secret", "payments"),
        head("v1", "ServiceAccount", "payments"),
    ],
    "an Ingress, a Gateway and a Role that name an intent's Secret": [
        intent("payments", pki="a"),
        head("networking.k8s.io/v1", "Ingress", "a", spec={"tls": [{"secretName": "payments"}]}),
        head(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            "a",
            spec={"listeners": [{"tls": {"certificateRefs": [{"name": "payments"}]}}]},
        ),
        head(
            "rbac.authorization.k8s.io/v1",
            "Role",
            "a",
            rules=[{"resources": ["secrets"], "resourceNames": ["payments"]}],
        ),
    ],
    "External Secrets": [
        head("external-secrets.io/v1", "ExternalSecret", "payments", spec={"secretStoreRef": {"name": "payments"}}),
        head(
            "external-secrets.io/v1",
            "SecretStore",
            "payments",
            spec={"provider": {"vault": {"auth": {"kubernetes": {"serviceAccountRef": {"name": "payments"}}}}}},
        ),
        head("v1", "ServiceAccount", "payments"),
    ],
    **{
        f"what {kind} names": [
            vso(
                kind,
                "payments",
                vaultAuthRef="payments",
                destination={"name": "payments", "transformation": {"transformationRefs": [{"name": "payments"}]}},
                rolloutRestartTargets=[{"kind": "StatefulSet", "name": "payments"}],
            ),
            vso("VaultAuth", "payments"),
            vso("SecretTransformation", "payments"),
            head("v1", "Secret", "payments"),
            head("apps/v1", "StatefulSet", "payments"),
        ]
        for kind in references.VSO_SECRETS
    },
}


@pytest.mark.parametrize("bodies", OWN.values(), ids=OWN.keys())
def test_references_follow_their_objects(write: WriteTree, bodies: list[dict[str, Any]]) -> None:
    assert {name for m in build(write, *bodies) for name in texts(dict(m.body))} == {NEW}


def test_a_reference_to_what_the_tree_does_not_hold_stays(write: WriteTree) -> None:
    made = build(write, vso("VaultStaticSecret", "a", vaultAuthRef="payments", destination={"name": "payments"}))

    assert {name for m in made for name in texts(dict(m.body))} == {"payments"}


def test_an_override_of_the_prefix_takes_references_along(write: WriteTree) -> None:
    made = build(
        write, workload("Deployment", "payments"), intent("payments", kv="a"), overrides=Overrides(name_prefix="pr-7-")
    )

    assert [(m.kind, m.name) for m in made] == [
        ("Deployment", "pr-7-inner-payments-v1"),
        ("SecretIntent", "pr-7-inner-payments-v1"),
    ]
    assert made[0].spec["template"]["spec"]["containers"][0]["envFrom"] == [
        {"secretRef": {"name": "pr-7-inner-payments-v1"}}
    ]


def test_two_prefixed_copies_of_one_base_keep_to_themselves(write: WriteTree) -> None:
    write(
        {
            "base/kustomization.yaml": "resources: [all.yaml]\n",
            "base/all.yaml": dump(
                intent("payments", kv="a", profile="vault", consumers=[{"workload": "payments"}]),
                head("keywave.dev/v1alpha1", "VaultProfile", "vault"),
                workload("Deployment", "payments"),
                vso("VaultStaticSecret", "payments", vaultAuthRef="payments"),
                vso("VaultAuth", "payments"),
            ),
            "one/kustomization.yaml": "resources: [../base]\nnamePrefix: one-\n",
            "two/kustomization.yaml": "resources: [../base]\nnamePrefix: two-\n",
            "all/kustomization.yaml": "resources: [../one, ../two]\nnamePrefix: all-\n",
        }
    )
    made = {(m.kind, m.name): m for m in read("all", BuildOptions()).manifests}

    for copy in ("one", "two"):
        name = f"all-{copy}-payments"
        assert made["SecretIntent", name].spec == {
            "kv": "a",
            "profile": f"all-{copy}-vault",
            "consumers": [{"workload": name}],
        }
        assert made["Deployment", name].spec["template"]["spec"]["containers"][0]["envFrom"] == [
            {"secretRef": {"name": name}}
        ]
        assert made["VaultStaticSecret", name].spec == {"vaultAuthRef": name}


def test_the_namespace_of_an_overlay_reaches_intents_and_subjects(write: WriteTree) -> None:
    binding = head(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "a",
        subjects=[{"kind": "ServiceAccount", "name": "payments"}],
        roleRef={"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"},
    )
    write(
        {
            "app/kustomization.yaml": "resources: [all.yaml]\nnamespace: prod\n",
            "app/all.yaml": dump(intent("payments", kv="a"), head("v1", "ServiceAccount", "payments"), binding),
        }
    )
    made = {m.kind: m for m in read("app", BuildOptions()).manifests}

    assert {m.namespace for m in made.values()} == {"prod"}
    assert made["RoleBinding"].body["subjects"] == [{"kind": "ServiceAccount", "name": "payments", "namespace": "prod"}]


def test_the_shipped_configuration_is_the_built_in_one() -> None:
    shipped = Path(__file__).resolve().parents[2] / "integrations/kustomize/keywave-references.yaml"

    assert shipped.read_text() == references.text()


def test_only_references_between_kinds_of_the_tree_are_asked_for() -> None:
    assert references.configuration({"SecretIntent", "Job", "VaultProfile", "ConfigMap"}) == {
        "nameReference": [
            {
                "kind": "SecretIntent",
                "group": "keywave.dev",
                "fieldSpecs": [
                    *(
                        {"path": f"spec/template/spec/{path}", "kind": "Job", "group": "batch"}
                        for path in references.SECRET_IN_POD
                    ),
                    {"path": "spec/caCertSecret", "kind": "VaultProfile", "group": "keywave.dev"},
                    {"path": "spec/tls/clientCertSecret", "kind": "VaultProfile", "group": "keywave.dev"},
                    {"path": "spec/auth/secretRef", "kind": "VaultProfile", "group": "keywave.dev"},
                ],
            },
            {
                "kind": "VaultProfile",
                "group": "keywave.dev",
                "fieldSpecs": [{"path": "spec/profile", "kind": "SecretIntent", "group": "keywave.dev"}],
            },
            {
                "kind": "Job",
                "group": "batch",
                "fieldSpecs": [{"path": "spec/consumers/workload", "kind": "SecretIntent", "group": "keywave.dev"}],
            },
        ]
    }


def test_a_tree_of_other_kinds_is_built_plainly_whatever_its_names(write: WriteTree, real_kustomize: Path) -> None:
    write(
        {
            "app/kustomization.yaml": "resources: [all.yaml]\nnamePrefix: x-\n",
            "app/all.yaml": dump(workload("Deployment", "a")),
        }
    )

    assert read("app", BuildOptions()).command == (str(real_kustomize), "build", "./app")


def test_kinds_may_be_written_in_any_way(write: WriteTree) -> None:
    write(
        {
            "app/kustomization.yaml": "resources: [a.yaml, b.json]\nnamePrefix: x-\n",
            "app/a.yaml": "{apiVersion: keywave.dev/v1alpha1, 'kind': 'SecretIntent', metadata: {name: a}, spec: {profile: b}}\n",
            "app/b.json": '{"apiVersion": "keywave.dev/v1alpha1", "kind" : "VaultProfile", "metadata": {"name": "b"}}',
        }
    )

    assert [dict(m.spec) for m in read("app", BuildOptions()).manifests if m.kind == "SecretIntent"] == [
        {"profile": "x-b"}
    ]


def test_a_plugin_may_make_any_kind_so_everything_is_asked_for(write: WriteTree) -> None:
    prefix = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]\n"
    write(
        {
            "app/kustomization.yaml": "resources: [all.yaml]\ntransformers: [t.yaml]\n",
            "app/all.yaml": dump(vso("VaultStaticSecret", "a", vaultAuthRef="b"), vso("VaultAuth", "b")),
            "app/t.yaml": prefix,
        }
    )

    assert [dict(m.spec) for m in read("app", BuildOptions()).manifests if m.kind == "VaultStaticSecret"] == [
        {"vaultAuthRef": "t-b"}
    ]
