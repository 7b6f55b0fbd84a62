"""From manifests to intents: what passes through, what a spec means, and which profile it uses."""

from __future__ import annotations

from typing import Any

import pytest
from intent_samples import GOOD_PROFILE, intent, load_one, manifest, profile, told

from keywave.intent.load import load
from keywave.intent.model import (
    ArgoSettings,
    Auth,
    Consumer,
    DynamicSource,
    FluxSettings,
    Guardrails,
    KvSource,
    Operator,
    Part,
    PkiSource,
    RestartTarget,
    TransformationSpec,
)
from keywave.objects.manifest import Manifest

SERVICE = ("web.shop.svc", "web.shop.svc.cluster.local")


def test_objects_of_other_groups_pass_through_in_their_order() -> None:
    others = [
        Manifest({"apiVersion": v, "kind": k, "metadata": {"name": n}})
        for v, k, n in [
            ("v1", "Service", "z"),
            ("reconcile.keywave.dev/v1", "SecretIntent", "b"),
            ("x.io/v1", "VaultProfile", "a"),
        ]
    ]

    loaded = load([others[0], profile(), others[1], intent(), others[2]])

    assert loaded.rest == tuple(others)
    assert loaded.findings == ()


@pytest.mark.parametrize(
    ("sentence", "api_version", "kind", "expected"),
    [
        (
            "a version that is not known",
            "keywave.dev/v1",
            "SecretIntent",
            ("KW1001", "$.apiVersion", 'apiVersion "keywave.dev/v1" is not known', "write keywave.dev/v1alpha1"),
        ),
        (
            "no version",
            "keywave.dev",
            "SecretIntent",
            ("KW1001", "$.apiVersion", 'apiVersion "keywave.dev" is not known', "write keywave.dev/v1alpha1"),
        ),
        (
            "a group that is near",
            "keywave.io/v1alpha1",
            "VaultProfile",
            ("KW1001", "$.apiVersion", 'apiVersion "keywave.io/v1alpha1" is not known', "write keywave.dev/v1alpha1"),
        ),
        (
            "a kind that is near",
            "keywave.dev/v1alpha1",
            "SecretIntents",
            ("KW1002", "$.kind", 'kind "SecretIntents" is not known', 'did you mean "SecretIntent"?'),
        ),
        (
            "a kind from nowhere",
            "keywave.dev/v1alpha1",
            "Zebra",
            ("KW1002", "$.kind", 'kind "Zebra" is not known', "known kinds: VaultProfile, SecretIntent"),
        ),
    ],
)
def test_strangers(sentence: str, api_version: str, kind: str, expected: tuple[str, ...]) -> None:
    loaded = load([Manifest({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}})])

    assert (told(loaded.findings), loaded.rest) == ([expected], ())


@pytest.mark.parametrize(
    ("sentence", "spec", "expected"),
    [
        ("the common case takes mount and prefix from the profile", "kv: a/b", KvSource("kv", "dev/a/b")),
        ("a mount of its own", "kv: a/b\nmount: team/kv", KvSource("team/kv", "dev/a/b")),
        ("a prefix of its own", 'kv: a/b\nprefix: ""', KvSource("kv", "a/b")),
        ("a pinned version", "kv: a/b\nversion: 7", KvSource("kv", "dev/a/b", 2, 7)),
        ("a version that an overlay removed", "kv: a/b\nversion: null", KvSource("kv", "dev/a/b")),
        ("KV version 1 may have data in its path", "kv: data/b\nkvVersion: 1", KvSource("kv", "dev/data/b", 1)),
        ("a source that an overlay changed", "kv: null\ndynamic: creds/x", DynamicSource("database", "creds/x")),
        ("a path that Flux fills in", "kv: '${TEAM}/b'", KvSource("kv", "dev/${TEAM}/b")),
        (
            "every field of a dynamic source",
            "dynamic: creds/x\nmount: db\nmethod: PUT\nparams: {a: b}\nrenewalPercent: 50\nrevoke: true\nallowStaticCreds: false",
            DynamicSource("db", "creds/x", "PUT", {"a": "b"}, 50, True, False),
        ),
        (
            "services give the names of a certificate",
            "pki: web\nservices: [web]\nttl: 720h",
            PkiSource("pki", "web", SERVICE[0], SERVICE, ("web",), "720h", "240h"),
        ),
        (
            "every field of a certificate",
            "pki: web\nmount: pki2\ncommonName: a.b\naltNames: [c.d]\nservices: [web]\nttl: 30d\nexpiryOffset: 5d\n"
            "format: pem_bundle\nissuer: two\nrevoke: false\nipSans: [10.0.0.1]\nuriSans: ['spiffe://a']\notherSans: ['1;UTF8:x']\n"
            "userIDs: [u]\nnotAfter: 2030-01-31T00:00:00Z\nprivateKeyFormat: pkcs8\nexcludeCNFromSans: true",
            None,
        ),
    ],
)
def test_a_source(sentence: str, spec: str, expected: Any) -> None:
    if expected is None:
        spec = spec.replace("5d", "120h").replace("2030-01-31T00:00:00Z", "'2030-01-31T00:00:00Z'")
        settings = {
            "ipSans": ["10.0.0.1"],
            "uriSans": ["spiffe://a"],
            "otherSans": ["1;UTF8:x"],
            "userIDs": ["u"],
            "notAfter": "2030-01-31T00:00:00Z",
            "privateKeyFormat": "pkcs8",
            "excludeCNFromSans": True,
        }
        names = ("c.d", *SERVICE)
        expected = PkiSource("pki2", "web", "a.b", names, ("web",), "30d", "120h", "pem_bundle", "two", False, settings)

    loaded = load_one(spec)

    assert told(loaded.findings) == []
    assert loaded.intents[0].parts == (Part("", expected),)


def test_a_fan_in() -> None:
    loaded = load_one("sources: {app: {kv: a/b, keys: {A: a, B: null}}, db: {dynamic: creds/x}}")

    assert told(loaded.findings) == []
    assert loaded.intents[0].fan_in
    assert loaded.intents[0].parts == (
        Part("app", KvSource("kv", "dev/a/b"), {"A": "a"}),
        Part("db", DynamicSource("database", "creds/x")),
    )


FULL_INTENT = """
kv: a/b
keys: {A: a}
deliver: csi-sync
templates: {T: x}
transformations: [one, ns/two]
excludeRaw: false
type: x/y
labels: {l: "1"}
annotations: {n: "2"}
overwrite: true
refreshAfter: 5m
hmacSecretData: true
instantUpdates: true
serviceAccount: robot
vaultNamespace: team
consumers:
- {workload: web, kind: StatefulSet, container: app, envFrom: true, env: {V: A}, mountPath: /x, items: {A: a.txt}, mode: 256}
restartTargets: [{kind: argo.Rollout, name: web}]
vso: {a: null}
csi: {b: 2}
eso: {c: 3}
injector: {d: 4}
"""


def test_every_field_of_an_intent_arrives() -> None:
    source, vault = intent(FULL_INTENT), profile()

    loaded = load([vault, source], project="apps")
    actual = loaded.intents[0]
    fields = {name: getattr(actual, name) for name in type(actual)._fields}

    assert told(loaded.findings) == []
    assert fields == {
        "name": "payments",
        "namespace": "shop",
        "manifest": source,
        "profile": loaded.profiles[0],
        "parts": (Part("", KvSource("kv", "dev/a/b"), {"A": "a"}),),
        "deliver": "csi-sync",
        "templates": {"T": "x"},
        "transformations": ("one", "ns/two"),
        "includes": (),
        "excludes": (),
        "exclude_raw": False,
        "type": "x/y",
        "labels": {"l": "1"},
        "annotations": {"n": "2"},
        "create": True,
        "overwrite": True,
        "refresh_after": "5m",
        "hmac_secret_data": True,
        "instant_updates": True,
        "service_account": "robot",
        "vault_namespace": "team",
        "consumers": (Consumer(0, "web", "StatefulSet", "app", True, {"V": "A"}, "/x", {"A": "a.txt"}, 256),),
        "restart": True,
        "restart_targets": (RestartTarget("argo.Rollout", "web"),),
        "vso": {"a": None},
        "csi": {"b": 2},
        "eso": {"c": 3},
        "injector": {"d": 4},
        "fills": {"namespace": "shop", "name": "payments", "profile": "vault", "project": "apps"},
    }


FULL_PROFILE = """
address: https://vault.example.com:8200/x
vaultNamespace: "admin/{namespace}"
caCertSecret: ca
tlsServerName: vault
headers: {X: "1"}
timeout: 30s
tls: {clientCertSecret: client}
auth:
  method: jwt
  mount: "jwt-{project}"
  role: "{profile}-{namespace}-{serviceAccount}"
  serviceAccount: robot
  audiences: [a, b]
  tokenExpirationSeconds: 900
  secretRef: token
  params: {p: q}
  headers: {h: i}
  allowedNamespaces: ["*"]
kv: {mount: "kv-{project}", prefix: "{namespace}/{name}/", version: 1}
dynamic: {mount: db}
pki: {mount: pki}
deliver: csi
refreshAfter: 1h
emit: all
serviceAccounts: external
operator: {kind: vso, version: v1.2.3, namespace: vso, serviceAccount: op}
allow: {projects: [apps], namespaces: ["sh*"], paths: ["kv-apps/shop/*"], roles: ["*"], deliver: [csi]}
external: [other]
network: {vault: [{cidr: 10.0.0.1/32, port: 8200}]}
transformations: {one: {templates: {A: b}, includes: [i], excludes: [e]}}
flux:
  sourceRef: {kind: OCIRepository, name: src, namespace: ns}
  namespace: flux
  interval: 10m
  retryInterval: 1m30s
  timeout: 3m
  path: ./out
  prune: false
  serviceAccountName: applier
argocd: {setupWave: -20, secretWave: -10}
"""


def test_every_field_of_a_profile_arrives() -> None:
    source = profile(FULL_PROFILE)

    loaded = load([source, intent("kv: a")], project="apps")
    actual = loaded.profiles[0]
    fields = {name: getattr(actual, name) for name in type(actual)._fields}

    assert told(loaded.findings) == []
    assert fields == {
        "name": "vault",
        "manifest": source,
        "catalogue": False,
        "address": "https://vault.example.com:8200/x",
        "vault_namespace": "admin/{namespace}",
        "ca_cert_secret": "ca",
        "ca_cert_path": "",
        "tls_server_name": "vault",
        "skip_tls_verify": False,
        "client_cert_secret": "client",
        "headers": {"X": "1"},
        "timeout": "30s",
        "auth": Auth(
            method="jwt",
            mount="jwt-apps",
            role="vault-{namespace}-{serviceAccount}",
            service_account="robot",
            audiences=("a", "b"),
            token_expiration_seconds=900,
            params={"p": "q"},
            headers={"h": "i"},
            allowed_namespaces=("*",),
            settings={"secretRef": "token"},
        ),
        "kv_mount": "kv-apps",
        "kv_prefix": "{namespace}/{name}/",
        "kv_version": 1,
        "dynamic_mount": "db",
        "pki_mount": "pki",
        "deliver": "csi",
        "refresh_after": "1h",
        "emit": "all",
        "connection_ref": "",
        "auth_ref": "",
        "auth_global_ref": "",
        "create_service_accounts": False,
        "operator": Operator("vso", (1, 2, 3), "vso", "op"),
        "allow": Guardrails(("apps",), ("sh*",), ("kv-apps/shop/*",), ("*",), ("csi",)),
        "guards": (),
        "external": ("other",),
        "network": {"vault": [{"cidr": "10.0.0.1/32", "port": 8200}]},
        "transformations": (TransformationSpec("one", {"A": "b"}, ("i",), ("e",)),),
        "flux": FluxSettings("OCIRepository", "src", "ns", "flux", "10m", "1m30s", "3m", "./out", False, "applier"),
        "argocd": ArgoSettings(-20, -10),
    }
    (got,) = loaded.intents
    assert (got.parts[0].source, got.vault_namespace, got.deliver, got.refresh_after) == (
        KvSource("kv-apps", "shop/payments/a", 1),
        "admin/shop",
        "csi",
        "1h",
    )


@pytest.mark.parametrize(
    ("sentence", "spec", "expected"),
    [
        ("the method's usual mount", "auth: {method: appRole, roleId: r, secretRef: s}", "approle"),
        ("a mount of its own", "auth: {method: aws, mount: aws-eu, role: r}", "aws-eu"),
    ],
)
def test_the_mount_of_a_login(sentence: str, spec: str, expected: str) -> None:
    loaded = load([profile(f"address: https://v\n{spec}")])

    assert (told(loaded.findings), loaded.profiles[0].auth.mount) == ([], expected)


def test_refs_point_at_what_is_there() -> None:
    loaded = load(
        [profile("emit: refs\nrefs: {connection: vso/default, authGlobal: vso/all}\noperator: {kind: keywave}")]
    )
    actual = loaded.profiles[0]

    assert told(loaded.findings) == []
    assert (actual.connection_ref, actual.auth_ref, actual.auth_global_ref) == ("vso/default", "", "vso/all")
    assert actual.operator == Operator()._replace(
        kind="keywave", namespace="keywave-system", service_account="keywave-reconciler"
    )


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
