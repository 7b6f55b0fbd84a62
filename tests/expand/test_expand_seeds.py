"""The manifests of the well-known guides, made from intents: whatever they show that the real product takes."""

from __future__ import annotations

from builders import deployment, expanded, intent, made, profile, spec_of

USE = "{serviceAccountName: %s, containers: [{name: app, envFrom: [{secretRef: {name: %s}}]}]}"


def test_the_guide_for_gitops() -> None:
    """Connection, login by kubernetes with audiences, a KV 2 secret with refreshAfter, all in the prod namespace."""
    result = expanded(
        profile('caCertSecret: vault-ca, auth: {role: "app", audiences: [vault]}, kv: {mount: kv}'),
        deployment("app", USE % ("app", "app-config"), namespace="prod"),
        intent("{kv: app/config, refreshAfter: 1h}", "app-config", "namespace: prod"),
    )

    assert spec_of(result, "VaultConnection") == {
        "address": "https://vault.example.com:8200",
        "caCertSecretRef": "vault-ca",
        "skipTLSVerify": False,
    }
    assert spec_of(result, "VaultAuth") == {
        "vaultConnectionRef": "app",
        "method": "kubernetes",
        "mount": "kubernetes",
        "kubernetes": {
            "role": "app",
            "serviceAccount": "app",
            "audiences": ["vault"],
            "tokenExpirationSeconds": 600,
        },
    }
    assert spec_of(result, "VaultStaticSecret") == {
        "vaultAuthRef": "app",
        "mount": "kv",
        "type": "kv-v2",
        "path": "app/config",
        "refreshAfter": "1h",
        "hmacSecretData": True,
        "destination": {
            "name": "app-config",
            "create": True,
            "overwrite": False,
            "transformation": {"excludeRaw": True},
        },
        "rolloutRestartTargets": [{"kind": "Deployment", "name": "app"}],
    }
    assert {m.namespace for m in made(result)} == {"prod"}


def test_the_operators_guide_static() -> None:
    """A Secret taken over, with labels and a type, that restarts webapp every time it changes."""
    result = expanded(
        profile("auth: {role: webapp}, kv: {mount: secret}"),
        deployment("webapp", USE % ("webapp", "webapp-secret")),
        intent(
            "{kv: webapp/config, refreshAfter: 60s, overwrite: true, type: Opaque, labels: {app: webapp}}",
            "webapp-secret",
        ),
    )

    spec = spec_of(result, "VaultStaticSecret")
    assert (spec["mount"], spec["path"], spec["refreshAfter"]) == ("secret", "webapp/config", "60s")
    assert spec["destination"] == {
        "name": "webapp-secret",
        "create": True,
        "overwrite": True,
        "labels": {"app": "webapp"},
        "type": "Opaque",
        "transformation": {"excludeRaw": True},
    }
    assert spec["rolloutRestartTargets"] == [{"kind": "Deployment", "name": "webapp"}]


def test_the_operators_guide_dynamic() -> None:
    result = expanded(
        profile("auth: {role: webapp}, dynamic: {mount: database}"),
        deployment("webapp", USE % ("webapp", "webapp-db")),
        intent("{dynamic: creds/webapp-readonly, renewalPercent: 67}", "webapp-db"),
    )

    spec = spec_of(result, "VaultDynamicSecret")
    assert (spec["mount"], spec["path"], spec["renewalPercent"]) == ("database", "creds/webapp-readonly", 67)


def test_the_operators_guide_certificates() -> None:
    pod = "{serviceAccountName: webapp, containers: [{name: app}], volumes: [{name: tls, secret: {secretName: webapp-tls}}]}"
    result = expanded(
        profile("auth: {role: webapp}, pki: {mount: pki}"),
        deployment("webapp", pod),
        intent("{pki: webapp, commonName: webapp.example.com, services: [webapp], ttl: 720h}", "webapp-tls"),
    )

    spec = spec_of(result, "VaultPKISecret")
    assert {name: spec[name] for name in ("role", "commonName", "altNames", "ttl", "expiryOffset")} == {
        "role": "webapp",
        "commonName": "webapp.example.com",
        "altNames": ["webapp.shop.svc", "webapp.shop.svc.cluster.local"],
        "ttl": "720h",
        "expiryOffset": "240h",
    }
    assert spec["destination"]["type"] == "kubernetes.io/tls"


def test_the_operators_guide_approle() -> None:
    """`secretRef` is the name of a Secret (key `id`), whatever the guide shows."""
    result = expanded(
        profile("auth: {method: appRole, roleId: app-role-id, secretRef: approle-secret}"),
        deployment("webapp", USE % ("webapp", "webapp")),
        intent("{kv: webapp}", "webapp"),
    )

    assert spec_of(result, "VaultAuth") == {
        "vaultConnectionRef": "webapp",
        "method": "appRole",
        "mount": "approle",
        "appRole": {"roleId": "app-role-id", "secretRef": "approle-secret"},
    }
    assert "ServiceAccount" not in {m.kind for m in made(result)}


def test_the_operators_guide_transformation() -> None:
    """Only the connection string, made of the parts, and nothing raw."""
    text = (
        'postgresql://{{ get .Secrets "db_user" }}:{{ get .Secrets "db_pass" }}@{{ get .Secrets "db_host" }}:5432/appdb'
    )
    result = expanded(
        profile("auth: {role: webapp}"),
        deployment("webapp", USE % ("webapp", "webapp")),
        intent(f"{{kv: webapp, excludes: ['.*'], templates: {{DATABASE_URL: '{text}'}}}}", "webapp"),
    )

    assert spec_of(result, "VaultStaticSecret")["destination"]["transformation"] == {
        "templates": {"DATABASE_URL": {"text": text}},
        "excludes": [".*"],
        "excludeRaw": True,
    }


def test_least_privilege_for_the_operator() -> None:
    """A Role in the namespace instead of a ClusterRole: with what reading back and pruning need, and for names only."""
    names = "operator: {namespace: vso-system, serviceAccount: vault-secrets-operator}"
    result = expanded(
        profile(f"emit: all, auth: {{role: app}}, {names}"),
        deployment("app", USE % ("app", "app")),
        intent("{kv: app}", "app"),
    )

    bodies = {m.kind: m.body for m in made(result)}
    secrets = [rule for rule in bodies["Role"]["rules"] if rule["resources"] == ["secrets"]]
    assert secrets == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["app"],
            "verbs": ["get", "update", "patch", "delete"],
        },
    ]
    assert bodies["RoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "vault-secrets-operator", "namespace": "vso-system"}
    ]


def test_pull_secrets_for_pods_and_accounts() -> None:
    text = '{"auths":{"registry.example.com":{"auth":"{{ printf "%s:%s" (get .Secrets "user") (get .Secrets "pass") | b64enc }}"}}}'
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\nimagePullSecrets: [{name: pull}]\n"
    spec = (
        "{kv: registry, serviceAccount: web, type: kubernetes.io/dockerconfigjson, excludes: ['.*'], "
        f"templates: {{.dockerconfigjson: '{text}'}}}}"
    )
    result = expanded(profile("auth: {role: r}"), account, intent(spec, "pull"))

    assert result.findings == ()
    destination = spec_of(result, "VaultStaticSecret")["destination"]
    assert destination["type"] == "kubernetes.io/dockerconfigjson"
    assert destination["transformation"]["templates"] == {".dockerconfigjson": {"text": text}}
    assert "rolloutRestartTargets" not in spec_of(result, "VaultStaticSecret")
