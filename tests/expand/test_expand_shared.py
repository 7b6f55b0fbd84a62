"""Shared transformations and the platform kit."""

from __future__ import annotations

from builders import DEPLOYMENT, INTENT, expanded, intent, loaded, made, profile, spec_of

from keywave.expand import platform_kit

DSN = "transformations: {dsn: {templates: {DSN: 'x={{ get .Secrets \"a\" }}'}, includes: ['^a$'], excludes: ['^b$']}}"
DSN_SPEC = {"templates": {"DSN": {"text": 'x={{ get .Secrets "a" }}'}}, "includes": ["^a$"], "excludes": ["^b$"]}


def test_a_profiles_transformation_is_made_beside_the_login() -> None:
    result = expanded(profile(f"auth: {{role: r}}, {DSN}"), DEPLOYMENT, intent("{kv: a, transformations: [dsn]}"))

    assert spec_of(result, "SecretTransformation", "payments-dsn") == DSN_SPEC
    transformation = spec_of(result, "VaultStaticSecret")["destination"]["transformation"]
    assert transformation == {"transformationRefs": [{"name": "payments-dsn"}], "excludeRaw": True}


def test_with_refs_it_stands_in_the_operators_namespace() -> None:
    result = expanded(profile(f"emit: refs, {DSN}"), DEPLOYMENT, intent("{kv: a, transformations: [dsn]}"))

    transformation = spec_of(result, "VaultStaticSecret")["destination"]["transformation"]
    expected = [{"namespace": "vault-secrets-operator-system", "name": "dsn"}]
    assert transformation["transformationRefs"] == expected
    assert [m.kind for m in made(result)] == ["VaultStaticSecret"]


def test_one_of_the_tree_is_referred_to_by_its_name() -> None:
    there = "apiVersion: secrets.hashicorp.com/v1beta1\nkind: SecretTransformation\nmetadata: {name: t, namespace: shop}\nspec: {}\n"
    result = expanded(profile("auth: {role: r}"), DEPLOYMENT, there, intent("{kv: a, transformations: [t]}"))

    assert result.findings == ()
    transformation = spec_of(result, "VaultStaticSecret")["destination"]["transformation"]
    assert transformation["transformationRefs"] == [{"name": "t"}]


KIT = profile(
    "caCertSecret: vault-ca, vaultNamespace: admin, auth: {role: '{namespace}', audiences: [vault]}, "
    "network: {vault: [{cidr: 10.0.0.5/32}, {namespaceSelector: {matchLabels: {a: b}}, podSelector: {}, port: 8201}]}, "
    + DSN
)


def test_the_kit_holds_what_is_installed_once() -> None:
    kit = platform_kit(loaded(KIT))

    namespace = "vault-secrets-operator-system"
    assert kit.findings == ()
    assert [(m.kind, m.name, m.namespace) for m in kit.manifests] == [
        ("NetworkPolicy", "vault-operator", namespace),
        ("VaultConnection", "vault", namespace),
        ("VaultAuthGlobal", "vault", namespace),
        ("SecretTransformation", "dsn", namespace),
    ]
    policy, connection, shared, transformation = (m.spec for m in kit.manifests)
    assert policy == {
        "podSelector": {
            "matchLabels": {"app.kubernetes.io/name": "vault-secrets-operator", "control-plane": "controller-manager"}
        },
        "policyTypes": ["Egress"],
        "egress": [
            {"ports": [{"port": 8200, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}]},
            {
                "ports": [{"port": 8201, "protocol": "TCP"}],
                "to": [{"namespaceSelector": {"matchLabels": {"a": "b"}}, "podSelector": {}}],
            },
            {
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
                "to": [{"namespaceSelector": {}, "podSelector": {}}],
            },
            {"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]},
        ],
    }
    assert connection == {
        "address": "https://vault.example.com:8200",
        "caCertSecretRef": "vault-ca",
        "skipTLSVerify": False,
    }
    assert shared == {
        "vaultConnectionRef": f"{namespace}/vault",
        "defaultVaultNamespace": "admin",
        "defaultAuthMethod": "kubernetes",
        "defaultMount": "kubernetes",
        "kubernetes": {"audiences": ["vault"], "tokenExpirationSeconds": 600},
    }
    assert transformation == DSN_SPEC


def test_the_kit_binds_the_operator_in_the_namespaces_at_hand() -> None:
    kit = platform_kit(loaded(profile("auth: {role: r}"), DEPLOYMENT, INTENT))

    assert [(m.kind, m.namespace) for m in kit.manifests if "Role" in m.kind] == [
        ("Role", "shop"),
        ("RoleBinding", "shop"),
    ]


def test_the_kit_makes_the_login_that_applications_refer_to() -> None:
    text = "emit: refs, refs: {auth: vault/main}, auth: {role: r, serviceAccount: login, allowedNamespaces: ['*']}"
    kit = platform_kit(loaded(profile(text)))

    (auth,) = [m for m in kit.manifests if m.kind == "VaultAuth"]
    assert (auth.namespace, auth.name) == ("vault", "main")
    assert auth.spec == {
        "vaultConnectionRef": "vault-secrets-operator-system/vault",
        "allowedNamespaces": ["*"],
        "method": "kubernetes",
        "mount": "kubernetes",
        "kubernetes": {"role": "r", "serviceAccount": "login", "tokenExpirationSeconds": 600},
    }


def test_without_a_network_there_is_no_policy() -> None:
    kit = platform_kit(loaded(profile("auth: {role: r}")))

    assert [m.kind for m in kit.manifests] == ["VaultConnection", "VaultAuthGlobal"]


def test_the_kit_says_which_profile_it_cannot_serve() -> None:
    text = "apiVersion: keywave.dev/v1alpha1\nkind: VaultProfile\nmetadata: {name: vault}\nspec: {emit: refs}\n"
    kit = platform_kit(loaded(text))

    assert kit.manifests == ()
    assert [(f.code, f.severity.value, f.where.path) for f in kit.findings] == [("KW1062", "warning", "$.spec")]
