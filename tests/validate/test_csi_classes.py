"""SecretProviderClasses of the Vault provider: what it ignores without a word, and what it cannot read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Told = Callable[..., list[str]]

OBJECTS = "objects: '[{objectName: user, secretPath: database/creds/app, secretKey: username}]'"


def spc(parameters: str, more: str = "", provider: str = "vault") -> str:
    return (
        "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata: {name: x, namespace: apps}\n"
        f"spec: {{provider: {provider}, parameters: {{{parameters}}}{more}}}\n"
    )


def with_object(entry: str) -> str:
    return spc(f'roleName: app, objects: "[{entry}]"')


AT = "$.spec.parameters"
LIST = "write a YAML list as text: objects: |, and below it - objectName, secretPath, secretKey"
LITERAL = "names and paths are taken as they stand: one class per pod, or a path that the pods share"

CASES = {
    "a right one": (spc(f"roleName: app, vaultAddress: 'https://v', vaultNamespace: admin, {OBJECTS}"), []),
    "another provider": (spc("namespace: x", provider="aws"), []),
    "namespace in place of vaultNamespace": (
        spc(f"roleName: app, namespace: admin, {OBJECTS}"),
        [
            f'error KW5301 {AT}.namespace: the Vault provider has no parameter "namespace" and ignores it -> '
            "the Vault namespace is vaultNamespace"
        ],
    ),
    "a misspelt parameter": (
        spc(f"roleName: app, vaultAdress: 'https://v', {OBJECTS}"),
        [
            f'error KW5301 {AT}.vaultAdress: the Vault provider has no parameter "vaultAdress" and ignores it -> '
            'did you mean "vaultAddress"?'
        ],
    ),
    "role in place of roleName": (
        spc(f"role: app, {OBJECTS}"),
        [
            f'error KW5301 {AT}.role: the Vault provider has no parameter "role" and ignores it -> the role is roleName',
            f"error KW5302 {AT}: roleName is missing: the provider does not log in without it -> "
            "write parameters.roleName: the Vault role",
        ],
    ),
    "two mounts": (
        spc(f"roleName: app, vaultKubernetesMountPath: a, vaultAuthMountPath: b, {OBJECTS}"),
        [
            f"error KW5302 {AT}.vaultAuthMountPath: vaultKubernetesMountPath and vaultAuthMountPath exclude each other -> "
            "keep one of them"
        ],
    ),
    "no objects": (
        spc("roleName: app"),
        [f"error KW5303 {AT}: objects is missing: nothing would be mounted -> {LIST}"],
    ),
    "objects as a list and not a text": (
        spc("roleName: app, objects: [{objectName: a, secretPath: b}]"),
        [f"error KW5303 {AT}.objects: objects must be a text that holds a YAML list -> {LIST}"],
    ),
    "objects as a text that is no list": (
        spc("roleName: app, objects: 'array: [a]'"),
        [f"error KW5303 {AT}.objects: the text in objects is not a YAML list of objects -> {LIST}"],
    ),
    "objects as a text that is no YAML": (
        spc("roleName: app, objects: '[a'"),
        [f"error KW5303 {AT}.objects: the text in objects is not a YAML list of objects -> {LIST}"],
    ),
    "fileName": (
        with_object("{objectName: a, fileName: b, secretPath: c}"),
        [
            f'error KW5304 {AT}.objects: objects[0]: the Vault provider has no field "fileName" -> '
            "that is another provider's field: the file's name is objectName"
        ],
    ),
    "a placeholder in a name": (
        with_object("{objectName: '${POD_NAME}', secretPath: b}"),
        [f"error KW5305 {AT}.objects: objects[0]: objectName holds a placeholder that nobody fills in -> {LITERAL}"],
    ),
    "a placeholder in a path": (
        with_object("{objectName: a, secretPath: 'kv/data/{{ pod }}'}"),
        [f"error KW5305 {AT}.objects: objects[0]: secretPath holds a placeholder that nobody fills in -> {LITERAL}"],
    ),
    "no path": (
        with_object("{objectName: a}"),
        [f"error KW5304 {AT}.objects: objects[0]: secretPath is missing -> write secretPath"],
    ),
    "one file twice": (
        with_object("{objectName: a, secretPath: b}, {objectName: a, secretPath: c}"),
        [f'error KW5304 {AT}.objects: objects[1]: objectName "a" is there twice -> one file each'],
    ),
    "a synced Secret of an object that is not there": (
        spc(
            f"roleName: app, {OBJECTS}",
            ", secretObjects: [{secretName: a, type: Opaque, data: [{objectName: usr, key: u}]}]",
        ),
        [
            'error KW5306 $.spec.secretObjects[0].data[0].objectName: there is no object "usr" in this class -> '
            'did you mean "user"?'
        ],
    ),
    "no verification": (
        spc(f"roleName: app, vaultSkipTLSVerify: 'true', vaultAddress: 'http://v', {OBJECTS}"),
        [
            f"warning KW6101 {AT}.vaultSkipTLSVerify: vaultSkipTLSVerify is on: anybody can pose as Vault and read the login -> "
            "remove it and give the CA: vaultCACertPath",
            f"warning KW6102 {AT}.vaultAddress: vaultAddress is plain http: secrets travel unencrypted -> use https://",
        ],
    ),
}


@pytest.mark.parametrize(("document", "expected"), CASES.values(), ids=CASES)
def test_classes_of_the_vault_provider(document: str, expected: list[str], told: Told) -> None:
    assert told(document) == expected


def test_objects_that_flux_fills_in_are_opaque(told: Told) -> None:
    assert told(spc("roleName: app, objects: '${OBJECTS}'"), target="flux") == []


PROFILE = """
---
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec: {address: 'https://vault:8200', kv: {mount: kv, version: %d}}
"""

PATHS = {
    "without data/": (
        "kv/app/config",
        2,
        [
            f"warning KW5307 {AT}.objects: objects[0]: kv is a KV engine of version 2, and its API has data/ in the path -> "
            "write secretPath: kv/data/app/config"
        ],
    ),
    "as the API writes it": (
        "/v1/kv/app",
        2,
        [
            f"warning KW5307 {AT}.objects: objects[0]: kv is a KV engine of version 2, and its API has data/ in the path -> "
            "write secretPath: kv/data/app"
        ],
    ),
    "with data/": ("kv/data/app/config", 2, []),
    "version 1": ("kv/app/config", 1, []),
    "another engine": ("database/creds/app", 2, []),
}


@pytest.mark.parametrize(("path", "version", "expected"), PATHS.values(), ids=PATHS)
def test_paths_on_the_profiles_kv_mount(path: str, version: int, expected: list[str], told: Told) -> None:
    entry = with_object(f"{{objectName: a, secretPath: {path}, secretKey: b}}")

    assert told(entry + PROFILE % version) == expected
