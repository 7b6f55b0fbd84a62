"""Flux: directories, Kustomizations that wait for each other, `${` where it belongs."""

from __future__ import annotations

import pytest
from order.sets import VSO, auth, deployment, layer_names, made, own, static, told, usual, wave

from keywave.intent.model import FluxSettings, Operator
from keywave.objects.manifest import Manifest
from keywave.order import OrderOptions, order
from keywave.order.flux import NO_SUBSTITUTION
from keywave.order.health import current

FLUX = OrderOptions("flux", namespace="app", name="shop", operator=Operator(version=(1, 3, 0)))


def test_layers_and_their_kustomizations() -> None:
    ordered = order(usual(), FLUX)
    setup, secrets, apps = (m.body for m in ordered.extra)

    assert list(layer_names(ordered.layers)) == ["00-setup", "10-secrets", "20-apps"]
    assert [m.name for m in ordered.extra] == ["shop-setup", "shop-secrets", "shop-apps"]
    assert secrets == {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "shop-secrets", "namespace": "flux-system"},
        "spec": {
            "interval": "1h",
            "retryInterval": "2m",
            "timeout": "5m",
            "path": "./10-secrets",
            "prune": True,
            "wait": True,
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
            "dependsOn": [{"name": "shop-setup"}],
            "healthCheckExprs": [
                {
                    "apiVersion": VSO,
                    "kind": "VaultStaticSecret",
                    "current": current("VaultStaticSecret", FLUX.operator),
                }
            ],
        },
    }
    assert [check["kind"] for check in setup["spec"]["healthCheckExprs"]] == ["VaultAuth", "VaultConnection"]
    assert "dependsOn" not in setup["spec"]
    assert apps["spec"]["dependsOn"] == [{"name": "shop-secrets"}]
    assert "healthCheckExprs" not in apps["spec"]


def test_objects_leave_as_they_came() -> None:
    manifests = [deployment(**wave("5")), static(**wave("9")), auth()]

    ordered = order(manifests, FLUX)

    assert set(ordered.manifests) == set(manifests)
    assert ordered.findings == ()


def test_empty_layers_are_left_out() -> None:
    ordered = order([static(), deployment()], FLUX)

    assert list(layer_names(ordered.layers)) == ["10-secrets", "20-apps"]
    assert "dependsOn" not in ordered.extra[0].spec
    assert ordered.extra[1].spec["dependsOn"] == [{"name": "shop-secrets"}]


def test_a_set_without_secrets_is_one_layer_in_the_author_s_order() -> None:
    manifests = [deployment("z"), deployment("a"), own("v1", "Namespace", "app", ns="")]

    ordered = order(manifests, FLUX)

    assert layer_names(ordered.layers) == {"20-apps": ["Deployment z", "Deployment a", "Namespace app"]}
    assert [m.name for m in ordered.extra] == ["shop-apps"]


def test_two_rounds() -> None:
    login = auth(spec={"kubernetes": None, "appRole": {"secretRef": "approle"}})

    ordered = order([static("approle", spec={"vaultAuthRef": "root"}), login, static(), auth("root")], FLUX)

    assert layer_names(ordered.layers) == {
        "00-setup-2": ["VaultAuth root"],
        "10-secrets-2": ["VaultStaticSecret approle"],
        "20-setup": ["VaultAuth app"],
        "30-secrets": ["VaultStaticSecret db"],
    }
    assert [m.spec.get("dependsOn") for m in ordered.extra] == [
        None,
        [{"name": "shop-setup-2"}],
        [{"name": "shop-secrets-2"}],
        [{"name": "shop-setup"}],
    ]


def test_settings_of_the_profile() -> None:
    settings = FluxSettings(
        source_kind="OCIRepository",
        source_name="rendered",
        source_namespace="infra",
        namespace="team",
        interval="10m",
        retry_interval="1m",
        timeout="3m",
        path="clusters/prod/",
        prune=False,
        service_account_name="deployer",
    )

    (only,) = order([deployment()], FLUX._replace(flux=settings, name="")).extra

    assert only.body["metadata"] == {"name": "apps", "namespace": "team"}
    assert only.spec == {
        "interval": "10m",
        "retryInterval": "1m",
        "timeout": "3m",
        "path": "./clusters/prod/20-apps",
        "prune": False,
        "wait": True,
        "sourceRef": {"kind": "OCIRepository", "name": "rendered", "namespace": "infra"},
        "serviceAccountName": "deployer",
    }


def secret_with(path: str, template: str, make: object = made) -> Manifest:
    transformation = {"templates": {"DSN": {"text": template}}}
    spec = {"path": path, "destination": {"name": "db", "create": True, "transformation": transformation}}
    return make(VSO, "VaultStaticSecret", "db", spec)  # type: ignore[operator, no-any-return]


DOLLARS = {
    "no placeholder": (secret_with("a", "b"), False, []),
    "a value for Flux stays open to Flux": (secret_with("${ENV}/db", "b"), False, []),
    "a template's own text is shielded": (secret_with("a", 'x=${PORT} {{ get .Secrets "a" }}'), True, []),
    "a template with a shell's default": (secret_with("a", "${1:-x}"), True, []),
    "an escaped template needs no shield": (secret_with("a", "$${PORT}"), False, []),
    "both in one object": (
        secret_with("${ENV}/db", "${PORT}"),
        False,
        [("KW4010", "error", "SecretIntent app/db")],
    ),
    "the user's own object is the user's to mean": (secret_with("a", "${PORT}", own), False, []),
}


@pytest.mark.parametrize(("manifest", "shielded", "findings"), DOLLARS.values(), ids=DOLLARS)
def test_dollars(manifest: Manifest, shielded: bool, findings: list[tuple[str, str, str]]) -> None:
    ordered = order([manifest], FLUX)

    assert (dict(ordered.manifests[0].annotations), told(ordered)) == (NO_SUBSTITUTION if shielded else {}, findings)
