"""Each kind of source gives its object, whole."""

from __future__ import annotations

import pytest
from builders import DEPLOYMENT, PROFILE, expanded, intent, made, spec_of

RESTART = [{"kind": "Deployment", "name": "payments"}]


def _guarded(path: str, key: str) -> dict[str, str]:
    return {
        "text": f'{{{{- if not (hasKey .Secrets "{key}") -}}}}{{{{- fail "{path} has no key {key}" -}}}}{{{{- end -}}}}'
        f'{{{{- $value := get .Secrets "{key}" -}}}}'
        '{{- if kindIs "string" $value -}}{{- $value -}}{{- else -}}{{- mustToJson $value -}}{{- end -}}'
    }


def test_the_common_case_gives_account_connection_login_and_secret() -> None:
    result = expanded(
        PROFILE, DEPLOYMENT, intent("{kv: payments/config, keys: {DB_USER: username, DB_PASS: password}}")
    )

    assert result.findings == ()
    assert [dict(manifest.body) for manifest in made(result)] == [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "payments", "namespace": "shop"}},
        {
            "apiVersion": "secrets.hashicorp.com/v1beta1",
            "kind": "VaultConnection",
            "metadata": {"name": "payments", "namespace": "shop"},
            "spec": {"address": "https://vault.example.com:8200", "skipTLSVerify": False},
        },
        {
            "apiVersion": "secrets.hashicorp.com/v1beta1",
            "kind": "VaultAuth",
            "metadata": {"name": "payments", "namespace": "shop"},
            "spec": {
                "vaultConnectionRef": "payments",
                "method": "kubernetes",
                "mount": "kubernetes",
                "kubernetes": {
                    "role": "shop-payments",
                    "serviceAccount": "payments",
                    "audiences": ["vault"],
                    "tokenExpirationSeconds": 600,
                },
            },
        },
        {
            "apiVersion": "secrets.hashicorp.com/v1beta1",
            "kind": "VaultStaticSecret",
            "metadata": {"name": "payments", "namespace": "shop"},
            "spec": {
                "vaultAuthRef": "payments",
                "mount": "kv",
                "type": "kv-v2",
                "path": "dev/payments/config",
                "hmacSecretData": True,
                "destination": {
                    "name": "payments",
                    "create": True,
                    "overwrite": False,
                    "transformation": {
                        "templates": {
                            "DB_PASS": _guarded("kv/dev/payments/config", "password"),
                            "DB_USER": _guarded("kv/dev/payments/config", "username"),
                        },
                        "excludes": [".*"],
                        "excludeRaw": True,
                    },
                },
                "rolloutRestartTargets": RESTART,
            },
        },
    ]
    assert {manifest.made_by for manifest in made(result)} == {"SecretIntent shop/payments"}


PLAIN = {"name": "payments", "create": True, "overwrite": False, "transformation": {"excludeRaw": True}}

KINDS = {
    "KV version 1 with a refresh": (
        "VaultStaticSecret",
        "{kv: a/b, kvVersion: 1, refreshAfter: 30s}",
        {"mount": "kv", "type": "kv-v1", "path": "dev/a/b", "refreshAfter": "30s", "hmacSecretData": True},
        PLAIN,
    ),
    "a pinned version with instant updates": (
        "VaultStaticSecret",
        "{kv: a/b, version: 7, instantUpdates: true}",
        {
            "mount": "kv",
            "type": "kv-v2",
            "path": "dev/a/b",
            "version": 7,
            "hmacSecretData": True,
            "syncConfig": {"instantUpdates": True},
        },
        PLAIN,
    ),
    "a Vault namespace of its own": (
        "VaultStaticSecret",
        "{kv: a, vaultNamespace: admin/team}",
        {"namespace": "admin/team", "mount": "kv", "type": "kv-v2", "path": "dev/a", "hmacSecretData": True},
        PLAIN,
    ),
    "a lease": (
        "VaultDynamicSecret",
        "{dynamic: creds/rw}",
        {"mount": "database", "path": "creds/rw", "renewalPercent": 67},
        PLAIN,
    ),
    "a lease with all its fields": (
        "VaultDynamicSecret",
        "{dynamic: static-creds/x, mount: db, params: {ttl: 1h}, renewalPercent: 50, revoke: true, "
        "allowStaticCreds: false, refreshAfter: 5m}",
        {
            "mount": "db",
            "path": "static-creds/x",
            "params": {"ttl": "1h"},
            "renewalPercent": 50,
            "revoke": True,
            "allowStaticCreds": False,
            "refreshAfter": "5m",
        },
        PLAIN,
    ),
    "a certificate": (
        "VaultPKISecret",
        "{pki: web, commonName: a.example.com, services: [web], altNames: [b.example.com], ipSans: [10.0.0.1], ttl: 720h, format: pem}",
        {
            "mount": "pki",
            "role": "web",
            "commonName": "a.example.com",
            "altNames": ["b.example.com", "web.shop.svc", "web.shop.svc.cluster.local"],
            "ipSans": ["10.0.0.1"],
            "ttl": "720h",
            "expiryOffset": "240h",
            "format": "pem",
        },
        {**PLAIN, "type": "kubernetes.io/tls"},
    ),
    "a certificate with the rare fields": (
        "VaultPKISecret",
        "{pki: web, commonName: a.example.com, issuer: inner, revoke: true, ttl: 30d, expiryOffset: 72h, uriSans: ['spiffe://a'], "
        "userIDs: [u], otherSans: ['1.2.3;utf8:x'], privateKeyFormat: pkcs8, excludeCNFromSans: true, create: false, clear: true}",
        {
            "mount": "pki",
            "role": "web",
            "issuerRef": "inner/issue",
            "commonName": "a.example.com",
            "uriSans": ["spiffe://a"],
            "otherSans": ["1.2.3;utf8:x"],
            "userIDs": ["u"],
            "ttl": "30d",
            "expiryOffset": "72h",
            "privateKeyFormat": "pkcs8",
            "excludeCNFromSans": True,
            "revoke": True,
            "clear": True,
        },
        {**PLAIN, "create": False},
    ),
    "a Secret with metadata and a type": (
        "VaultStaticSecret",
        "{kv: a, type: Opaque, labels: {cnpg.io/reload: ''}, annotations: {a/b: c}, overwrite: true, "
        "excludeRaw: false, includes: ['^a$'], excludes: ['^b']}",
        {"mount": "kv", "type": "kv-v2", "path": "dev/a", "hmacSecretData": True},
        {
            "name": "payments",
            "create": True,
            "overwrite": True,
            "labels": {"cnpg.io/reload": ""},
            "annotations": {"a/b": "c"},
            "type": "Opaque",
            "transformation": {"includes": ["^a$"], "excludes": ["^b"]},
        },
    ),
}


@pytest.mark.parametrize(("kind", "spec", "fields", "destination"), KINDS.values(), ids=KINDS)
def test_each_source_gives_its_object(kind: str, spec: str, fields: dict, destination: dict) -> None:
    result = expanded(PROFILE, DEPLOYMENT, intent(spec))

    actual = spec_of(result, kind)
    assert actual == {
        "vaultAuthRef": "payments",
        **fields,
        "destination": destination,
        "rolloutRestartTargets": RESTART,
    }
    assert next(iter(actual)) == "vaultAuthRef"
    assert result.findings == ()


def test_a_profiles_refresh_reaches_static_secrets_but_not_leases() -> None:
    profile = PROFILE + "  refreshAfter: 1m\n"
    static = expanded(profile, DEPLOYMENT, intent("{kv: a}"))
    leased = expanded(profile, DEPLOYMENT, intent("{dynamic: creds/rw}"))

    assert spec_of(static, "VaultStaticSecret")["refreshAfter"] == "1m"
    assert "refreshAfter" not in spec_of(leased, "VaultDynamicSecret")


def test_raw_fields_are_merged_last_and_null_removes() -> None:
    raw = "{destination: {annotations: {x: z}}, hmacSecretData: false, rolloutRestartTargets: null}"
    result = expanded(PROFILE, DEPLOYMENT, intent(f"{{kv: a, annotations: {{a: b}}, vso: {raw}}}"))

    assert spec_of(result, "VaultStaticSecret") == {
        "vaultAuthRef": "payments",
        "mount": "kv",
        "type": "kv-v2",
        "path": "dev/a",
        "hmacSecretData": False,
        "destination": {**PLAIN, "annotations": {"a": "b", "x": "z"}},
    }
