"""Waves: what gets one, what keeps its own, and what cannot work."""

from __future__ import annotations

from typing import Any

import pytest
from order.sets import (
    account,
    auth,
    connection,
    deployment,
    job,
    layer_names,
    own,
    static,
    told,
    usual,
    wave,
    waves,
)

from keywave.errors import UsageError
from keywave.intent.model import ArgoSettings, Operator
from keywave.objects.ids import CLIENT_CERTIFICATE
from keywave.objects.manifest import Manifest
from keywave.order import AppInfo, OrderOptions, order
from keywave.order.waves import HELM_HOOK, HELM_WEIGHT, HOOK, WAVE, bad_wave, explicit_wave, phase_of

ARGO = OrderOptions("argocd", namespace="app")


def annotated(**annotations: object) -> dict[str, Any]:
    return {"annotations": {key.replace("_", "."): value for key, value in annotations.items()}}


def hook(name: str, number: object = None) -> dict[str, Any]:
    return {"annotations": {HOOK: name, **({} if number is None else {WAVE: number})}}


def test_the_usual_set() -> None:
    ordered = order(usual(), ARGO)

    assert waves(ordered) == {
        "ServiceAccount app": "-2",
        "VaultConnection vault": "-2",
        "VaultAuth app": "-2",
        "VaultStaticSecret db": "-1",
    }
    assert layer_names(ordered.layers) == {
        "00-setup": ["ServiceAccount app", "VaultConnection vault", "VaultAuth app"],
        "10-secrets": ["VaultStaticSecret db"],
        "20-apps": ["Deployment web"],
    }
    assert (ordered.extra, ordered.findings) == ((), ())


def test_nothing_of_ours_leaves_everything_alone() -> None:
    manifests = [deployment(), own("v1", "ConfigMap", "z"), own("v1", "ConfigMap", "a"), job(**wave("first"))]

    ordered = order(manifests, ARGO)

    assert list(ordered.manifests) == manifests
    assert all(after is before for after, before in zip(ordered.manifests, manifests, strict=True))
    assert ordered.findings == ()


WAVES: dict[str, tuple[list[Manifest], dict[str, str]]] = {
    "everything that a secret object needs comes with the setup": (
        [
            *usual(),
            own("v1", "Namespace", "app", ns=""),
            own("v1", "Secret", "ca"),
            own("v1", "Secret", "client"),
            connection("other", spec={"caCertSecretRef": "ca"}, annotations={CLIENT_CERTIFICATE: "client"}),
            own("v1", "ConfigMap", "unrelated"),
        ],
        {
            "Namespace app": "-2",
            "ServiceAccount app": "-2",
            "Secret ca": "-2",
            "Secret client": "-2",
            "VaultConnection other": "-2",
            "VaultConnection vault": "-2",
            "VaultAuth app": "-2",
            "VaultStaticSecret db": "-1",
        },
    ),
    "a second round for a login that another secret object makes": (
        [
            static("approle", spec={"vaultAuthRef": "root"}),
            auth("root"),
            auth("app", spec={"kubernetes": None, "appRole": {"secretRef": "approle"}}),
            static(),
            account(),
        ],
        {
            "ServiceAccount app": "-4",
            "VaultAuth root": "-4",
            "VaultStaticSecret approle": "-3",
            "VaultAuth app": "-2",
            "VaultStaticSecret db": "-1",
        },
    ),
    "the user's waves are kept, and what comes before them goes below": (
        [deployment(**wave("2")), static(**wave("1")), auth(**wave("0")), connection(), account()],
        {
            "ServiceAccount app": "-2",
            "VaultConnection vault": "-2",
            "VaultAuth app": "0",
            "VaultStaticSecret db": "1",
            "Deployment web": "2",
        },
    ),
    "an early wave of the user's pulls its needs forward": (
        [static(**wave("-7")), auth(), account()],
        {"ServiceAccount app": "-8", "VaultAuth app": "-8", "VaultStaticSecret db": "-7"},
    ),
    "a migration job in an early wave gets its Secret, and what that needs, before it": (
        [job(**wave("-1")), deployment(), static(), static("other"), auth(), account()],
        {
            "ServiceAccount app": "-3",
            "VaultAuth app": "-3",
            "VaultStaticSecret db": "-2",
            "VaultStaticSecret other": "-1",
            "Job migrate": "-1",
        },
    ),
    "the earliest of several consumers counts": (
        [job(**wave("-3")), deployment(**wave("-5")), static()],
        {"VaultStaticSecret db": "-6", "Job migrate": "-3", "Deployment web": "-5"},
    ),
    "a Sync hook is a consumer like any other": (
        [job(**hook("Sync", "-1")), static()],
        {"VaultStaticSecret db": "-2", "Job migrate": "-1"},
    ),
    "a hook of another phase moves nothing": (
        [job(**hook("PostSync", "-9")), static()],
        {"VaultStaticSecret db": "-1", "Job migrate": "-9"},
    ),
    "a Helm weight is a wave to Argo CD": (
        [static(annotations={HELM_WEIGHT: "-5"}), auth(), account()],
        {"ServiceAccount app": "-6", "VaultAuth app": "-6"},
    ),
}


@pytest.mark.parametrize(("manifests", "expected"), WAVES.values(), ids=WAVES)
def test_waves(manifests: list[Manifest], expected: dict[str, str]) -> None:
    ordered = order(manifests, ARGO)

    assert waves(ordered) == expected
    assert told(ordered) == []


def test_numbers_come_from_the_profile() -> None:
    ordered = order(usual(), ARGO._replace(argo=ArgoSettings(setup_wave=-30, secret_wave=-20)))

    assert sorted(set(waves(ordered).values())) == ["-20", "-30"]


def test_what_the_operator_needs_comes_before_all_secret_objects() -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "operator", "namespace": "app"},
        "roleRef": {"kind": "Role", "name": "writer"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "vso", "name": "manager"}],
    }
    manifests = [*usual(), Manifest(binding), own("rbac.authorization.k8s.io/v1", "Role", "writer")]
    late = Manifest({**binding, "metadata": {**binding["metadata"], **wave("3")}})  # type: ignore[dict-item]
    options = ARGO._replace(operator=Operator(namespace="vso", service_account="manager"))

    given = waves(order(manifests, options))
    early = waves(order([Manifest(binding), static(**wave("-9")), static("b")], options))
    findings = told(order([*usual(), late], options))

    assert {given["Role writer"], given["RoleBinding operator"]} == {"-2"}
    assert early == {"RoleBinding operator": "-10", "VaultStaticSecret db": "-9", "VaultStaticSecret b": "-1"}
    assert findings == [("KW4005", "error", "RoleBinding app/operator")]


WRONG: dict[str, tuple[list[Manifest], list[tuple[str, str, str]]]] = {
    "a secret object in its consumer's wave": (
        [deployment(**wave("1")), static(**wave("1"))],
        [("KW4003", "error", "Deployment app/web")],
    ),
    "a secret object after its consumer": (
        [deployment(), static(**wave("1"))],
        [("KW4003", "error", "Deployment app/web")],
    ),
    "an early consumer of a Secret whose login the user put too late": (
        [job(**wave("-1")), static(), auth(**wave("-1"))],
        [("KW4005", "error", "VaultAuth app/app")],
    ),
    "an optional consumer may come first": ([deployment(optional=True), static(**wave("1"))], []),
    "a wave that is no number": (
        [deployment(**wave("late")), static(**wave("1.5")), auth(**wave(1)), connection(**wave(" 1"))],
        [
            ("KW4002", "error", "Deployment app/web"),
            ("KW4002", "error", "VaultStaticSecret app/db"),
            ("KW4002", "error", "VaultAuth app/app"),
            ("KW4002", "error", "VaultConnection app/vault"),
        ],
    ),
    "an account that comes too late": (
        [static(), auth(), account(**wave("0"))],
        [("KW4005", "error", "ServiceAccount app/app")],
    ),
    "a Namespace that comes too late": (
        [static(), auth(), own("v1", "Namespace", "app", ns="", **wave("0"))],
        [("KW4007", "warning", "Namespace app")],
    ),
    "a Namespace that no secret object is in is nobody's business": (
        [static(), own("v1", "Namespace", "b", ns="", **wave("9")), deployment(ns="b")],
        [],
    ),
    "a PreSync hook that needs a Secret of the sync": (
        [job(**hook("PreSync", "-5")), static()],
        [("KW4004", "error", "Job app/migrate")],
    ),
    "a Helm hook that needs a Secret of the sync": (
        [job(annotations={HELM_HOOK: "pre-install,pre-upgrade", HELM_WEIGHT: "-5"}), static()],
        [("KW4004", "error", "Job app/migrate")],
    ),
    "a PreSync hook with a PreSync secret object before it": (
        [job(**hook("PreSync")), static(**hook("PreSync")), auth(**hook("PreSync")), account(**hook("PreSync"))],
        [],
    ),
    "a PreSync secret object whose login comes with the sync": (
        [static(**hook("PreSync")), auth()],
        [("KW4005", "error", "VaultAuth app/app")],
    ),
    "a Sync hook in a wave between": ([job(**hook("Sync", "0")), static()], []),
    "a PostSync hook": ([job(**hook("PostSync", "-9")), static()], []),
    "what a sync does not apply": ([job(**hook("Skip", "-9")), job("b", **hook("SyncFail", "-9")), static()], []),
}


@pytest.mark.parametrize(("manifests", "expected"), WRONG.values(), ids=WRONG)
def test_wrong(manifests: list[Manifest], expected: list[tuple[str, str, str]]) -> None:
    assert sorted(told(order(manifests, ARGO))) == sorted(expected)


def test_the_finding_names_both_objects_and_numbers() -> None:
    (late,) = order([deployment(**wave("1")), static(**wave("2"))], ARGO).findings
    (profile,) = order([deployment(), static()], ARGO._replace(argo=ArgoSettings(secret_wave=0))).findings

    assert late.message == (
        "Deployment app/web (wave 1) needs the Secret that VaultStaticSecret app/db (wave 2) makes, which does not come before it"
    )
    assert late.hint == 'set argocd.argoproj.io/sync-wave: "3" on the workload, or "0" on VaultStaticSecret app/db'
    assert late.where.path == "$.metadata.annotations['argocd.argoproj.io/sync-wave']"
    assert profile.hint == (
        "give the workload a wave above 0, or lower the numbers for all with argocd: {setupWave: -2, secretWave: -1} in the profile"
    )


def test_a_hook_of_an_early_phase_is_told_where_to_go() -> None:
    (ours,) = order([job(**hook("PreSync")), static()], ARGO).findings
    (kept,) = order([job(**hook("PreSync")), static(**wave("-1"))], ARGO).findings
    rest = "; or make VaultStaticSecret app/db and what it needs PreSync hooks in earlier waves"

    assert ours.hint == (
        'make it a Sync hook (argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: "-1"); '
        f"keywave then puts the secret object below it{rest}"
    )
    assert kept.hint == f'make it a Sync hook (argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: "0"){rest}'
    assert order([job(**hook("Sync", "-1")), static()], ARGO).findings == ()


def test_what_to_do_depends_on_whether_the_wave_or_the_phase_is_wrong() -> None:
    (wave_is_late,) = order([static(), auth(**wave("3"))], ARGO).findings
    (phase_is_late,) = order([static(**hook("PreSync")), auth()], ARGO).findings

    assert wave_is_late.message == (
        "VaultAuth app/app (wave 3) comes later than VaultStaticSecret app/db (wave -1), which cannot become healthy without it "
        "(vaultAuthRef): the earlier wave never ends"
    )
    assert wave_is_late.hint == "take the wave off, then keywave sets the right one; or lower it"
    assert phase_is_late.hint == (
        "apply both in one phase: take the hook off VaultStaticSecret app/db, or make VaultAuth app/app a hook of the same phase"
    )


READ = {
    "none": ({}, None, False, 1),
    "a number": ({WAVE: "5"}, 5, False, 1),
    "a sign": ({WAVE: "+5"}, 5, False, 1),
    "leading zeros": ({WAVE: "-007"}, -7, False, 1),
    "empty": ({WAVE: ""}, None, True, 1),
    "an underscore is not Go": ({WAVE: "1_0"}, None, True, 1),
    "digits of another script are not Go": ({WAVE: "١"}, None, True, 1),
    "a number without quotes": ({WAVE: 5}, None, True, 1),
    "nonsense falls back to the Helm weight": ({WAVE: "x", HELM_WEIGHT: "3"}, 3, True, 1),
    "a PreSync hook": ({HOOK: "PreSync"}, None, False, 0),
    "several hooks: the first phase counts": ({HOOK: "PostSync, PreSync"}, None, False, 0),
    "Argo CD's own hook wins": ({HOOK: "Sync", HELM_HOOK: "pre-install"}, None, False, 1),
    "Helm's post-upgrade": ({HELM_HOOK: "post-upgrade"}, None, False, 2),
    "Helm's test is not part of a sync": ({HELM_HOOK: "test"}, None, False, None),
    "Skip": ({HOOK: "Skip"}, None, False, None),
}


@pytest.mark.parametrize(("annotations", "number", "bad", "phase"), READ.values(), ids=READ)
def test_annotations_as_argo_cd_reads_them(
    annotations: dict[str, object], number: int | None, bad: bool, phase: int | None
) -> None:
    manifest = job(annotations=annotations)

    assert (explicit_wave(manifest), bad_wave(manifest), phase_of(manifest)) == (number, bad, phase)


APP = AppInfo(
    name="payments",
    namespace="app",
    project="team",
    repo_url="https://git.example.com/r.git",
    path="overlays/prod",
    revision="f00d",
    parameters=({"name": "profile", "string": "vault"},),
)


def test_app_of_apps() -> None:
    ordered = order(usual(), ARGO._replace(app=APP, layer="all"))

    assert [(m.name, m.namespace, m.annotations) for m in ordered.extra] == [
        ("payments-setup", "argocd", {WAVE: "0"}),
        ("payments-secrets", "argocd", {WAVE: "1"}),
        ("payments-apps", "argocd", {WAVE: "2"}),
    ]
    assert ordered.extra[1].spec == {
        "project": "team",
        "source": {
            "repoURL": "https://git.example.com/r.git",
            "path": "overlays/prod",
            "targetRevision": "f00d",
            "plugin": {
                "name": "keywave",
                "parameters": [{"name": "profile", "string": "vault"}, {"name": "layer", "string": "secrets"}],
            },
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "app"},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
    }


@pytest.mark.parametrize(
    ("server", "expected"),
    [("https://eu.example.com", {"server": "https://eu.example.com"}), ("eu", {"name": "eu"})],
)
def test_layers_of_another_cluster(server: str, expected: dict[str, str]) -> None:
    ordered = order(usual(), ARGO._replace(app=APP._replace(server=server), layer="all"))

    assert [m.spec["destination"] for m in ordered.extra] == [{**expected, "namespace": "app"}] * 3


def test_an_application_outside_argo_cd_s_namespace() -> None:
    ordered = order(usual(), ARGO._replace(app=APP._replace(name="team-a_payments"), layer="all"))

    assert (ordered.extra[0].name, ordered.extra[0].namespace) == ("payments-setup", "team-a")


def test_app_of_apps_without_an_application() -> None:
    with pytest.raises(UsageError, match="needs to know the Application"):
        order(usual(), ARGO._replace(layer="all"))
