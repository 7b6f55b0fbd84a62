"""Objects together: which profile an intent uses, who writes which Secret, what is told of several objects at once."""

from __future__ import annotations

from typing import Any

import pytest
from intent_samples import GOOD_PROFILE, intent, load_one, manifest, profile, told

from keywave.intent.load import load
from keywave.objects.manifest import Manifest
from keywave.objects.yamlio import read_stream


def _profile_names(objects: list[Manifest], **options: Any) -> tuple[list[str], list[tuple[str, ...]]]:
    loaded = load(objects, **options)
    return [f"{i.profile.manifest.namespace}/{i.profile.name}" for i in loaded.intents], told(loaded.findings)


@pytest.mark.parametrize(
    ("sentence", "wanted", "places", "choose", "expected"),
    [
        ("the only one", "", ["/vault"], "", "/vault"),
        ("the one that is named", "two", ["/one", "/two"], "one", "/two"),
        ("the one chosen for the run", "", ["/one", "/two"], "two", "/two"),
        ("the one of the same namespace", "vault", ["shop/vault", "other/vault"], "", "shop/vault"),
        ("the same namespace before none", "vault", ["/vault", "shop/vault"], "", "shop/vault"),
        ("one without a namespace before another's", "vault", ["/vault", "other/vault"], "", "/vault"),
        ("another namespace's, if there is no other", "vault", ["other/vault"], "", "other/vault"),
        ("unnamed, the only one in reach", "", ["shop/vault", "other/vault"], "", "shop/vault"),
    ],
)
def test_the_profile_of_an_intent(sentence: str, wanted: str, places: list[str], choose: str, expected: str) -> None:
    profiles = [profile(name=p.split("/")[1], namespace=p.split("/")[0]) for p in places]
    spec = {"kv": "a/b"} | ({"profile": wanted} if wanted else {})

    names, findings = _profile_names([*profiles, intent(spec)], choose=choose)

    assert (names, findings) == ([expected], [])


@pytest.mark.parametrize(
    ("sentence", "wanted", "places", "choose", "expected"),
    [
        (
            "none at all",
            "",
            [],
            "",
            (
                "KW1013",
                "$.spec",
                "there is no VaultProfile to use",
                "add a VaultProfile to the tree, or give a folder of them with --profiles",
            ),
        ),
        (
            "several, none chosen",
            "",
            ["/one", "shop/two"],
            "",
            (
                "KW1014",
                "$.spec",
                "there are several profiles to choose from: one, shop/two",
                "name one: profile: NAME in spec, or --profile NAME for the run",
            ),
        ),
        (
            "one name in several namespaces",
            "vault",
            ["a/vault", "b/vault"],
            "",
            (
                "KW1014",
                "$.spec.profile",
                "there are several profiles to choose from: a/vault, b/vault",
                "name one: profile: NAME in spec, or --profile NAME for the run",
            ),
        ),
        (
            "a run that chose what is not there",
            "",
            ["/one", "/two"],
            "zebra",
            ("KW1015", "$.spec", 'there is no profile "zebra", which is chosen for this run', "there are: one, two"),
        ),
        (
            "a name where there is nothing",
            "vault",
            [],
            "",
            ("KW1015", "$.spec.profile", 'there is no profile "vault"', "there are no profiles"),
        ),
    ],
)
def test_no_profile(sentence: str, wanted: str, places: list[str], choose: str, expected: tuple[str, ...]) -> None:
    profiles = [profile(name=p.split("/")[1], namespace=p.split("/")[0]) for p in places]
    spec = {"kv": "a/b"} | ({"profile": wanted} if wanted else {})

    names, findings = _profile_names([*profiles, intent(spec)], choose=choose)

    assert (names, findings) == ([], [expected])


def test_a_catalogue_serves_trees_without_a_profile() -> None:
    loaded = load([intent()], catalogue=[profile()])

    assert told(loaded.findings) == []
    assert [(i.profile.name, i.profile.catalogue) for i in loaded.intents] == [("vault", True)]


def test_a_tree_cannot_define_a_profile_of_the_catalogue() -> None:
    loaded = load([profile(namespace="shop"), intent()], catalogue=[profile()])

    assert told(loaded.findings) == [
        (
            "KW1012",
            "$.metadata.name",
            'the profile "vault" belongs to the platform\'s catalogue; a tree cannot define it',
            "remove it from the tree to use the catalogue's, or give it another name",
        )
    ]
    assert [i.profile.catalogue for i in loaded.intents] == [True]


def test_a_catalogue_holds_each_profile_once_and_no_intents() -> None:
    others = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
    loaded = load([], catalogue=[profile(), profile(), intent(), others])

    assert told(loaded.findings) == [
        ("KW1011", "$.metadata.name", 'the catalogue defines the profile "vault" twice', "rename or remove one"),
        ("KW1016", "$.kind", "a catalogue holds profiles only", "move the intent into the application's tree"),
    ]
    assert loaded.rest == ()


def test_a_profile_is_defined_once_a_namespace() -> None:
    loaded = load([profile(namespace="a"), profile(namespace="b"), profile(namespace="a")])

    assert told(loaded.findings) == [
        ("KW1011", "$.metadata.name", 'the profile "vault" is defined twice', "rename or remove one")
    ]


@pytest.mark.parametrize(
    ("sentence", "namespaces", "default", "expected"),
    [
        ("two namespaces, two Secrets", ("a", "b"), "", []),
        (
            "one namespace, one Secret",
            ("a", "a"),
            "",
            ['the Secret "payments" is already written by SecretIntent a/payments'],
        ),
        ("the default counts", ("", "a"), "a", ['the Secret "payments" is already written by SecretIntent payments']),
    ],
)
def test_two_intents_and_one_secret(
    sentence: str, namespaces: tuple[str, str], default: str, expected: list[str]
) -> None:
    plain = profile("address: https://v\nauth: {role: r}")

    loaded = load([plain, *(intent(namespace=n) for n in namespaces)], default_namespace=default)

    assert [f.message for f in loaded.findings] == expected
    assert {f.code for f in loaded.findings} <= {"KW1010"}


def test_a_fan_in_that_becomes_several_secrets_takes_their_names() -> None:
    loaded = load([profile(), intent(name="payments-app"), intent("sources: {app: {kv: a}, b: {kv: b}}")])

    assert told(loaded.findings) == [
        (
            "KW1010",
            "$.spec.sources",
            'the Secret "payments-app" is already written by SecretIntent shop/payments-app',
            "rename or remove one of the intents",
        )
    ]


def test_the_second_of_two_intents_is_checked_too() -> None:
    loaded = load([profile(), intent(), intent("kv: /a")])

    assert [f.code for f in loaded.findings] == ["KW1025", "KW1010"]


@pytest.mark.parametrize(
    ("sentence", "default", "expected"),
    [
        (
            "no namespace anywhere",
            "",
            [
                (
                    "KW1041",
                    "$.metadata",
                    'the profile "vault" uses {namespace} in auth.role, and this intent has none',
                    "set metadata.namespace, or namespace in the kustomization",
                )
            ],
        ),
        ("the run's namespace", "shop", []),
    ],
)
def test_the_namespace_of_a_role(sentence: str, default: str, expected: list[tuple[str, ...]]) -> None:
    loaded = load([profile(), intent(namespace="")], default_namespace=default)

    assert told(loaded.findings) == expected
    assert [(i.namespace, i.fills["namespace"]) for i in loaded.intents] == [("", default)]


def test_services_need_a_namespace() -> None:
    plain = profile("address: https://v\nauth: {role: r}\npki: {mount: pki}")

    loaded = load([plain, intent("pki: web\nservices: [web]\nttl: 9h", namespace="")])

    assert told(loaded.findings) == [
        (
            "KW1031",
            "$.spec.services",
            "the DNS names of services need the namespace",
            "set metadata.namespace, or namespace in the kustomization",
        )
    ]


def test_no_mount_is_assumed_for_engines_other_than_kv() -> None:
    plain = profile("address: https://v\nauth: {role: r}")

    loaded = load([plain, intent("dynamic: creds/x"), intent("pki: web\ncommonName: a.b\nttl: 9h", name="tls")])

    assert [(f.code, f.message, f.hint) for f in loaded.findings] == [
        (
            "KW1026",
            f"neither the intent nor its profile says where the {kind} engine is mounted",
            f'give "mount", or {kind}: {{mount: ...}} in the profile',
        )
        for kind in ("dynamic", "pki")
    ]


def test_a_broken_profile_does_not_blame_its_intents() -> None:
    loaded = load([profile(GOOD_PROFILE + "adress: x"), intent()])

    assert [f.code for f in loaded.findings] == ["KW1003"]
    assert [i.name for i in loaded.intents] == ["payments"]


def test_the_problems_of_all_objects_are_told_at_once() -> None:
    objects = [
        profile("address: vault"),
        intent("kv: /a"),
        intent("kv: b\nkeyz: {}", name="two"),
        manifest("SecretIntens", "x", {}),
    ]

    actual = [(f.subject, f.code) for f in load(objects).findings]

    assert actual == [
        ("SecretIntens x", "KW1002"),
        ("VaultProfile vault", "KW1006"),
        ("SecretIntent shop/payments", "KW1025"),
        ("SecretIntent shop/two", "KW1003"),
    ]


@pytest.mark.parametrize(
    "spec", ["kv: a/b\nrefreshAfter: '${R}'", "pki: web\ncommonName: '${CN}'\nttl: '${TTL}'\nexpiryOffset: 1h"]
)
def test_what_flux_fills_in_later_is_not_judged(spec: str) -> None:
    assert told(load_one(spec).findings) == []


@pytest.mark.parametrize("spec", ["kv: a/b\ndeliver: '${D}'", "kv: a/b\nversion: '${V}'", "kv: a/b\nprofile: '${P}'"])
def test_what_keywave_must_know_cannot_wait_for_flux(spec: str) -> None:
    assert len(load_one(spec).findings) == 1


def test_namesakes_are_told_apart_by_their_lines() -> None:
    one = "apiVersion: keywave.dev/v1alpha1\nkind: SecretIntent\nmetadata: {name: x, namespace: shop}\nspec: {kv: a}\n"
    loaded = load([profile(), *read_stream(f"{one}---\n{one}".encode(), "app.yaml").manifests])

    assert [(f.code, str(f.where)) for f in loaded.findings] == [("KW1010", "app.yaml:8  $.metadata.name")]
