"""What must not stand in Git. The secrets here are made up at run time, so that no scanner takes this file for a leak."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from keywave.emit import FORMATS, report
from keywave.emit.reports import ReportOptions
from keywave.findings import Finding

Told = Callable[..., list[str]]
Judge = Callable[..., list[Finding]]

REST = "CAESIJ1A2b3C4d5E6f7G8h9I"
SERVICE, BATCH, OLD = "hv" + "s." + REST, "hv" + "b." + REST, "s" + "." + REST
REVOKE = "revoke it (vault token revoke), then remove it from history"


def config_map(value: str, key: str = "a") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{{key}: {value!r}}}\n"


def secret(body: str, metadata: str = "name: x") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{{metadata}}}\n{body}\n"


def token_at(place: str, prefix: str) -> list[str]:
    return [f"error KW6001 {place}: a Vault token ({prefix}****) stands in Git -> {REVOKE}"]


TOKENS = {
    "a service token": (config_map(SERVICE), token_at("$.data.a", "hvs.")),
    "a batch token": (config_map(BATCH), token_at("$.data.a", "hvb.")),
    "a token of old": (config_map(OLD), token_at("$.data.a", "s.")),
    "within a script": (config_map(f"export VAULT_TOKEN={SERVICE}; vault read x"), token_at("$.data.a", "hvs.")),
    "as a key": (config_map("b", SERVICE), token_at("$.data", "hvs.")),
    "in an argument": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: a, args: ['"
        + SERVICE
        + "']}]}\n",
        token_at("$.spec.containers[0].args[0]", "hvs."),
    ),
    "in an annotation of an intent": (
        "apiVersion: keywave.dev/v1alpha1\nkind: VaultProfile\n"
        f"metadata: {{name: vault, annotations: {{a: {SERVICE}}}}}\nspec: {{address: 'https://v'}}\n",
        token_at("$.metadata.annotations.a", "hvs."),
    ),
    "a row of one letter": (config_map("hvs." + "x" * 24), []),
    "a name that ends in s.": (config_map("secrets." + REST), []),
    "a host name": (config_map(f"s.{REST}.example.com"), []),
    "a prefix alone": (config_map("tokens begin with hvs. or hvb."), []),
}


@pytest.mark.parametrize(("document", "expected"), TOKENS.values(), ids=TOKENS)
def test_vault_tokens(document: str, expected: list[str], told: Told) -> None:
    assert told(document) == expected


def test_an_encoded_token_in_a_secret(told: Told) -> None:
    encoded = base64.b64encode(SERVICE.encode()).decode()
    found = told(secret(f"data: {{token: {encoded}}}"))

    assert found[0] == f"error KW6001 $.data.token: a Vault token (hvs.****, base64-encoded) stands in Git -> {REVOKE}"


@pytest.mark.parametrize("token", [SERVICE, BATCH, OLD])
def test_no_finding_repeats_the_token(token: str, judge: Judge) -> None:
    encoded = base64.b64encode(token.encode()).decode()
    documents = config_map(token) + "---\n" + secret(f"data: {{a: {encoded}}}\nstringData: {{b: {token}}}")
    found = judge(documents)

    assert len(found) == 4
    assert [f for f in found if REST in repr(f) or encoded in repr(f)] == []


ANYWHERE = {
    "the name of a field": "metadata: {name: x}\nspec: {%s: 1}",
    "the name of a field within": "metadata: {name: x}\nspec: {destination: {labels: {%s: 1}}}",
    "a field of the top": "metadata: {name: x}\n%s: 1",
    "a reference": "metadata: {name: x}\nspec: {vaultAuthRef: %s, type: %s}",
    "a path": "metadata: {name: x}\nspec: {mount: kv, type: kv-v2, path: data/%s}",
    "the object's own name": "metadata: {name: %s}\nspec: {}",
}


@pytest.mark.parametrize("body", ANYWHERE.values(), ids=ANYWHERE)
@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_token_is_never_told_wherever_it_stands(body: str, format: str, judge: Judge) -> None:
    document = f"apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultStaticSecret\n{body.replace('%s', SERVICE)}\n"
    said = report(judge(document), format, ReportOptions(limit=None))

    assert "KW6001" in said
    assert REST not in said


PEM = "-----BEGIN {}PRIVATE " + "KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END"
KEY_FOUND = [
    "error KW6002 $.data.a: a private key stands in Git -> make a new key, keep it in Vault, and let a SecretIntent bring it"
]


def block_of(text: str) -> str:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  a: |\n{lines}"


KEYS = {
    "PKCS8": (block_of(PEM.format("")), KEY_FOUND),
    "RSA": (block_of(PEM.format("RSA ")), KEY_FOUND),
    "OpenSSH": (block_of(PEM.format("OPENSSH ")), KEY_FOUND),
    "a certificate": (block_of(PEM.replace("PRIVATE " + "KEY", "CERTIFICATE").format("")), []),
    "the title alone": (block_of("grep -q '-----BEGIN PRIVATE " + "KEY-----' file"), []),
}


@pytest.mark.parametrize(("document", "expected"), KEYS.values(), ids=KEYS)
def test_private_keys(document: str, expected: list[str], told: Told) -> None:
    assert told(document) == expected


def in_git(keys: str, block: str) -> list[str]:
    return [
        f"warning KW6003 $.{block}: a Secret with its values stands in Git: {keys} -> "
        'put the values into Vault and write a SecretIntent "x" with spec.kv: their path'
    ]


AVP = (
    "placeholders of argocd-vault-plugin: the values end up in the rendered manifests and in Argo CD's cache -> "
    "a SecretIntent with the same path replaces the placeholders"
)
CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n").decode()
INLINE = base64.b64encode(b"<path:kv/data/app#user>").decode()

SECRETS = {
    "values as text": (
        secret("stringData: {user: a, pass: b}"),
        in_git("stringData.user, stringData.pass", "stringData"),
    ),
    "values in base64": (secret("data: {user: YQ==}"), in_git("data.user", "data")),
    "values that are not quite base64": (secret("data: {user: 'a!'}"), in_git("data.user", "data")),
    "many values": (
        secret("stringData: {a: x, b: x, c: x, d: x, e: x, f: x, g: x}"),
        in_git("stringData.a, stringData.b, stringData.c, stringData.d, stringData.e and 2 more", "stringData"),
    ),
    "no values": (secret("type: Opaque"), []),
    "an empty value": (secret("stringData: {a: ''}"), []),
    "a CA certificate": (secret(f"data: {{ca.crt: {CERTIFICATE}}}"), []),
    "encrypted with SOPS": (secret("data: {a: 'ENC[x]'}\nsops: {version: 3.9.0}"), []),
    "a token that the cluster fills": (secret("type: kubernetes.io/service-account-token\ndata: {extra: YQ==}"), []),
    "filled in by Flux": (secret("stringData: {a: '${PASSWORD}'}"), []),
    "an Argo CD repository without credentials": (
        secret(
            "stringData: {url: 'https://git', type: git}",
            "name: x, labels: {argocd.argoproj.io/secret-type: repository}",
        ),
        [],
    ),
    "an Argo CD repository with a password": (
        secret(
            "stringData: {url: 'https://git', password: a}",
            "name: x, labels: {argocd.argoproj.io/secret-type: repository}",
        ),
        in_git("stringData.password", "stringData"),
    ),
    "inline placeholders of argocd-vault-plugin": (
        secret("stringData: {a: '<path:kv/data/app#user>'}"),
        [f"warning KW6004 $.stringData.a: {AVP}"],
    ),
    "annotated placeholders of argocd-vault-plugin": (
        secret("stringData: {a: <user>}", "name: x, annotations: {avp.kubernetes.io/path: kv/data/app}"),
        [f"warning KW6004 $.metadata.annotations['avp.kubernetes.io/path']: {AVP}"],
    ),
    "encoded placeholders of argocd-vault-plugin": (secret(f"data: {{a: {INLINE}}}"), []),
    "placeholders in a ConfigMap": (
        config_map("user=<path:kv/data/app#user>"),
        [f"warning KW6004 $.data.a: {AVP}"],
    ),
}


@pytest.mark.parametrize(("document", "expected"), SECRETS.values(), ids=SECRETS)
def test_secrets_with_their_values(document: str, expected: list[str], told: Told) -> None:
    assert told(document, target="flux") == expected
