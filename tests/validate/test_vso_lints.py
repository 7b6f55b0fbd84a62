"""Objects that the API server accepts and that then do something else than was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Told = Callable[..., list[str]]

PROFILE = """
---
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec: {address: 'https://vault:8200', kv: {mount: apps-kv}}
"""


def document(kind: str, spec: str) -> str:
    return f"apiVersion: secrets.hashicorp.com/v1beta1\nkind: {kind}\nmetadata: {{name: x, namespace: apps}}\nspec: {{{spec}}}\n"


def auth(spec: str) -> str:
    return document("VaultAuth", spec)


def static(path: str, more: str = "") -> str:
    return document(
        "VaultStaticSecret", f"mount: kv, path: {path}, type: kv-v2, destination: {{name: app, create: true}}{more}"
    )


def dynamic(mount: str, path: str, more: str = "") -> str:
    return document(
        "VaultDynamicSecret", f"mount: {mount}, path: {path}, destination: {{name: app, create: true}}{more}"
    )


def certificate(times: str, destination: str = "name: app, create: true, type: kubernetes.io/tls") -> str:
    return document("VaultPKISecret", f"mount: pki, role: app, {times}destination: {{{destination}}}")


KUBERNETES = "method: kubernetes, mount: kubernetes, kubernetes: {role: app, serviceAccount: %s}"

LOGINS = {
    "a method without its block": (
        auth("method: kubernetes, mount: kubernetes"),
        [
            "error KW5101 $.spec: a kubernetes login needs kubernetes.role -> set spec.kubernetes.role",
            "error KW5101 $.spec: a kubernetes login needs kubernetes.serviceAccount -> set spec.kubernetes.serviceAccount",
        ],
    ),
    "jwt takes a ServiceAccount": (auth("method: jwt, mount: jwt, jwt: {role: a, serviceAccount: b}"), []),
    "jwt takes a Secret": (auth("method: jwt, mount: jwt, jwt: {role: a, secretRef: b}"), []),
    "jwt takes not neither": (
        auth("method: jwt, mount: jwt, jwt: {role: a}"),
        [
            "error KW5101 $.spec.jwt: a jwt login needs jwt.serviceAccount or jwt.secretRef -> "
            "set spec.jwt.serviceAccount or spec.jwt.secretRef"
        ],
    ),
    "a block without its method": (
        auth("mount: approle, appRole: {roleId: a, secretRef: b}"),
        ["error KW5101 $.spec: no login method is set -> write spec.method: appRole"],
    ),
    "no mount": (
        auth("method: aws, aws: {role: a}"),
        [
            "error KW5101 $.spec: the auth method's mount is not set -> "
            "write spec.mount: the path of Vault's auth method, such as kubernetes"
        ],
    ),
    "what is missing may come from the global object": (auth("vaultAuthGlobalRef: {allowDefault: true}"), []),
    "two ways to the secret ID": (
        auth("method: appRole, mount: approle, appRole: {roleId: a, secretRef: b, secretIDPath: /c}"),
        [
            "error KW5102 $.spec.appRole.secretIDPath: appRole.secretRef and appRole.secretIDPath exclude each other -> "
            "keep appRole.secretRef, or drop it"
        ],
    ),
    "two CAs": (
        document("VaultConnection", "address: 'https://v', caCertSecretRef: a, caCertPath: /b"),
        [
            "error KW5102 $.spec.caCertPath: caCertSecretRef and caCertPath exclude each other -> "
            "keep caCertSecretRef, or drop it"
        ],
    ),
    "a star among others": (
        auth(f"{KUBERNETES % 'app'}, allowedNamespaces: [a, '*']"),
        [
            'error KW5202 $.spec.allowedNamespaces[1]: "*" beside other namespaces allows nothing more than those others -> '
            'write ["*"] alone, or list the namespaces'
        ],
    ),
    "a star alone": (auth(f"{KUBERNETES % 'app'}, allowedNamespaces: ['*']"), []),
    "the default ServiceAccount": (
        auth(KUBERNETES % "default"),
        [
            "warning KW6103 $.spec.kubernetes.serviceAccount: "
            'the login uses the ServiceAccount "default", which every pod without one of its own runs as -> '
            "make a ServiceAccount of its own and bind the Vault role to it"
        ],
    ),
    "no verification of the certificate": (
        document("VaultConnection", "address: 'https://v', skipTLSVerify: true"),
        [
            "warning KW6101 $.spec.skipTLSVerify: skipTLSVerify is on: anybody can pose as Vault and read the login -> "
            "remove it and give the CA: caCertSecretRef"
        ],
    ),
    "plain http": (
        document("VaultConnection", "address: 'HTTP://vault:8200'"),
        ["warning KW6102 $.spec.address: address is plain http: secrets travel unencrypted -> use https://"],
    ),
    "an address that Flux fills in": (document("VaultConnection", "address: '${VAULT}'"), []),
}

SECRETS = {
    "data/ in a path of version 2": (
        static("data/payments/config"),
        [
            "warning KW5103 $.spec.path: the operator adds data/ itself: this reads kv/data/data/payments/config -> "
            "write path: payments/config"
        ],
    ),
    "mount and data/ in a path": (
        static("kv/data/payments"),
        [
            "warning KW5103 $.spec.path: the operator adds data/ itself: this reads kv/data/kv/data/payments -> "
            "write path: payments"
        ],
    ),
    "data/ deeper in the path": (static("team/data/payments"), []),
    "data/ in a path of version 1": (static("data/payments").replace("kv-v2", "kv-v1"), []),
    "no HMAC": (
        static("app", ", hmacSecretData: false, rolloutRestartTargets: [{kind: Deployment, name: '${APP}'}]"),
        [
            "warning KW5107 $.spec.rolloutRestartTargets: with hmacSecretData: false the restart targets are ignored -> "
            "remove hmacSecretData: false",
            "warning KW5107 $.spec.hmacSecretData: with hmacSecretData: false and no refreshAfter the secret is read once and "
            "never again -> set spec.refreshAfter, such as 1h",
        ],
    ),
    "no HMAC, but a refresh": (static("app", ", hmacSecretData: false, refreshAfter: 1h"), []),
    "a dynamic secret on KV": (
        dynamic("apps-kv", "data/app") + PROFILE,
        [
            "warning KW5104 $.spec.path: a VaultDynamicSecret on what seems to be a KV engine (apps-kv): nothing there has a lease -> "
            "write kind: VaultStaticSecret with type: kv-v2 and path: app"
        ],
    ),
    "a dynamic secret on the profile's KV mount": (
        dynamic("apps-kv", "app") + PROFILE,
        [
            "warning KW5104 $.spec.path: a VaultDynamicSecret on what seems to be a KV engine (apps-kv): nothing there has a lease -> "
            "write kind: VaultStaticSecret with type: kv-v2 and path: app"
        ],
    ),
    "refreshAfter on a lease": (
        dynamic("database", "creds/app", ", refreshAfter: 1h"),
        [
            "warning KW5105 $.spec.refreshAfter: refreshAfter is used only for secrets without a lease; "
            "it does not drive renewal here -> remove it; spec.renewalPercent says when the lease is renewed"
        ],
    ),
    "refreshAfter without a lease": (dynamic("ldap", "static-cred/app", ", refreshAfter: 1h"), []),
    "revoke on a lease": (
        dynamic("database", "creds/app", ", revoke: true"),
        [
            "warning KW5106 $.spec.revoke: the operator never reads revoke on a VaultDynamicSecret: "
            "leases are revoked on deletion in any case -> remove it"
        ],
    ),
    "a certificate in an Opaque Secret": (
        certificate("ttl: 720h, expiryOffset: 240h, ", "name: app, create: true"),
        [
            "warning KW5108 $.spec.destination: without type kubernetes.io/tls the Secret gets no tls.crt and tls.key -> "
            "write destination.type: kubernetes.io/tls"
        ],
    ),
    "a certificate through templates": (
        certificate(
            "ttl: 720h, expiryOffset: 240h, ", "name: app, create: true, transformation: {templates: {a: {text: b}}}"
        ),
        [],
    ),
    "a certificate without expiryOffset": (
        certificate("ttl: 30d, "),
        [
            "warning KW5109 $.spec: without expiryOffset the certificate is issued anew only when it has ended -> "
            "write spec.expiryOffset: 240h, a third of the ttl"
        ],
    ),
    "an issuer as a plain name": (
        certificate("ttl: 720h, expiryOffset: 240h, issuerRef: root, "),
        [
            "warning KW5111 $.spec.issuerRef: the operator asks for issuer/root/<role>, which Vault does not have: "
            "it is issuer/root/issue/<role> -> write issuerRef: root/issue"
        ],
    ),
    "an issuer as the path that Vault has": (certificate("ttl: 720h, expiryOffset: 240h, issuerRef: root/issue, "), []),
    "an offset without a ttl": (certificate("expiryOffset: 1h, "), []),
    "neither offset nor ttl": (
        certificate(""),
        [
            "warning KW5109 $.spec: without expiryOffset the certificate is issued anew only when it has ended -> "
            "a third of the ttl is a good value"
        ],
    ),
    "an offset below 6 %": (
        certificate("ttl: 720h, expiryOffset: 43h, "),
        [
            "warning KW5109 $.spec.expiryOffset: expiryOffset 43h is under 6 % of ttl 720h: the operator may come after the end -> "
            "write spec.expiryOffset: 240h, a third of the ttl"
        ],
    ),
    "an offset in days is the structural check's": (
        certificate("ttl: 30d, expiryOffset: 30d, "),
        ['error KW5004 $.spec.expiryOffset: spec.expiryOffset: "30d" does not have the right form -> write 720h'],
    ),
    "an offset of 6.1 %": (certificate("ttl: 720h, expiryOffset: 44h, "), []),
    "an offset longer than the ttl": (
        certificate("ttl: 1h, expiryOffset: 60m, "),
        [
            "error KW5109 $.spec.expiryOffset: expiryOffset 60m is not below ttl 1h: the certificate is issued anew all the time -> "
            "write spec.expiryOffset: 20m, a third of the ttl"
        ],
    ),
    "filters without anchors": (
        document(
            "VaultStaticSecret",
            "mount: kv, path: a, type: kv-v2, destination: {name: app, create: true, "
            "transformation: {includes: [user, ^pass$, '.*_KEY'], excludes: ['.*']}}",
        ),
        [
            'warning KW5110 $.spec.destination.transformation.includes[0]: "user" matches any key that contains it -> '
            'write "^user$"'
        ],
    ),
    "filters of a shared transformation": (
        document("SecretTransformation", "excludes: [pass_word]"),
        ['warning KW5110 $.spec.excludes[0]: "pass_word" matches any key that contains it -> write "^pass_word$"'],
    ),
}


@pytest.mark.parametrize(("documents", "expected"), LOGINS.values(), ids=LOGINS)
def test_connections_and_logins(documents: str, expected: list[str], told: Told) -> None:
    assert told(documents) == expected


@pytest.mark.parametrize(("documents", "expected"), SECRETS.values(), ids=SECRETS)
def test_secret_objects(documents: str, expected: list[str], told: Told) -> None:
    assert told(documents) == expected


def test_our_own_operator_reads_revoke(told: Told) -> None:
    profile = PROFILE.replace("kv: {mount: apps-kv}", "operator: {kind: keywave, version: 1.0.0}")

    assert told(dynamic("database", "creds/app", ", revoke: true") + profile) == []
