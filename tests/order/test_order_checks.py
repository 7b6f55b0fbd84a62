"""What is wrong whatever the target."""

from __future__ import annotations

import pytest
from order.sets import VSO, auth, deployment, dynamic, layer_names, made, own, static, told, usual

from keywave.objects.manifest import Manifest
from keywave.order import OrderOptions, graph, order
from keywave.order.checks import volatile

PLAIN = OrderOptions("plain", namespace="app")
FILLS = {"destination": {"name": "db"}}

CASES: dict[str, tuple[list[Manifest], list[tuple[str, str, str]]]] = {
    "nothing wrong": (usual(), []),
    "a login that needs the Secret it makes": (
        [auth(spec={"kubernetes": None, "appRole": {"secretRef": "db"}}), static(), deployment()],
        [("KW4001", "error", "VaultAuth app/app")],
    ),
    "a Secret that nothing makes": ([static(spec=FILLS)], [("KW4006", "warning", "VaultStaticSecret app/db")]),
    "a Secret that the tree holds": ([static(spec=FILLS), own("v1", "Secret", "db")], []),
    "a Secret in another namespace does not help": (
        [static(spec=FILLS), own("v1", "Secret", "db", ns="other")],
        [("KW4006", "warning", "VaultStaticSecret app/db")],
    ),
    "metadata that changes with each release": (
        [
            dynamic(labels={"app.kubernetes.io/version": "1.2", "app.kubernetes.io/name": "x"}),
            dynamic("b", annotations={"example.com/git-commit": "f00", "example.com/owner": "me"}),
        ],
        [("KW4008", "warning", "VaultDynamicSecret app/dyn"), ("KW4008", "warning", "VaultDynamicSecret app/b")],
    ),
    "static secrets are only read again": ([static(labels={"helm.sh/chart": "x-1"})], []),
    "made objects are not the user's to mend": (
        [
            made(
                VSO,
                "VaultPKISecret",
                "p",
                {"destination": {"name": "p", "create": True}},
                labels={"helm.sh/chart": "x"},
            )
        ],
        [],
    ),
    "a placeholder that nothing fills": (
        [static(spec={"path": "${ENV}/db"}), deployment()],
        [("KW4009", "warning", "VaultStaticSecret app/db")],
    ),
    "dollars that are no placeholder": ([static(spec={"path": "a$b/{c}/$${d}/$(e)"})], []),
    "a workload's dollars are its own": (
        [static(), own("v1", "ConfigMap", "c", {"a": "${HOME}"})],
        [],
    ),
}


@pytest.mark.parametrize(("manifests", "expected"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("target", ["plain", "argocd"])
def test_findings(manifests: list[Manifest], expected: list[tuple[str, str, str]], target: str) -> None:
    assert sorted(told(order(manifests, PLAIN._replace(target=target)))) == sorted(expected)


def test_a_cycle_is_drawn() -> None:
    (finding,) = order(CASES["a login that needs the Secret it makes"][0], PLAIN).findings

    assert finding.message == (
        "these objects wait for each other: VaultAuth app/app -> VaultStaticSecret app/db -> VaultAuth app/app"
    )


def test_a_secret_from_elsewhere_may_be_filled() -> None:
    ordered = order([static(spec=FILLS)], PLAIN._replace(external=frozenset({"db"})))

    assert ordered.findings == ()


def test_a_finding_about_a_made_object_leads_to_the_intent() -> None:
    spec = {"path": "${ENV}/db", "destination": {"name": "db", "create": True}}

    (finding,) = order([made(VSO, "VaultStaticSecret", "x", spec)], PLAIN).findings

    assert (finding.subject, finding.where.path) == ("SecretIntent app/db", "$.spec")
    assert finding.message == (
        "VaultStaticSecret app/x: ${ENV} is written as it stands: nothing substitutes it under --target plain"
    )


KEYS = {
    "app.kubernetes.io/version": True,
    "helm.sh/chart": True,
    "example.com/git-commit-sha": True,
    "checksum/config": True,
    "example.com/checksum": True,
    "build.example.com/owner": False,
    "app.kubernetes.io/name": False,
    "argocd.argoproj.io/tracking-id": False,
    "example.com/rebuild-policy": False,
}


@pytest.mark.parametrize(("key", "expected"), KEYS.items())
def test_volatile_keys(key: str, expected: bool) -> None:
    assert volatile(key) is expected


def test_plain_order() -> None:
    namespace = own("v1", "Namespace", "app", ns="")

    ordered = order([*usual(), namespace], PLAIN)

    assert layer_names(ordered.layers) == {
        "00-setup": ["Namespace app", "ServiceAccount app", "VaultConnection vault", "VaultAuth app"],
        "10-secrets": ["VaultStaticSecret db"],
        "20-apps": ["Deployment web"],
    }
    assert not any(m.annotations for m in ordered.manifests)


def test_an_empty_set() -> None:
    assert order([], PLAIN) == ((), (), ())


def test_the_graph_as_values() -> None:
    drawn = graph([*usual(), own("v1", "ConfigMap", "alone")], PLAIN)

    assert drawn.nodes == (
        ("ServiceAccount app/app", "setup"),
        ("VaultConnection app/vault", "setup"),
        ("VaultAuth app/app", "setup"),
        ("VaultStaticSecret app/db", "secrets"),
        ("Deployment app/web", "apps"),
    )
    assert drawn.edges == (
        ("ServiceAccount app/app", "VaultAuth app/app", "logs in (kubernetes.serviceAccount)"),
        ("VaultConnection app/vault", "VaultAuth app/app", "vaultConnectionRef"),
        ("VaultAuth app/app", "VaultStaticSecret app/db", "vaultAuthRef"),
        ("VaultStaticSecret app/db", "Deployment app/web", "uses the Secret"),
    )
