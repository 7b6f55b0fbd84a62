"""The Secrets that connection and login need: certificates, a secret ID, a token. Somebody must put them into the namespace.

keywave never makes them. The operator looks certificates up beside the VaultConnection, and a login's Secret beside the secret object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from keywave.findings import Finding, PathKey
from keywave.intent.model import Profile
from keywave.objects.ids import CLIENT_CERTIFICATE, VSO_GROUP
from keywave.objects.manifest import Manifest, mapping
from keywave.objects.workloads import same_namespace

if TYPE_CHECKING:
    from keywave.intent.load import Loaded

_METHODS = ("appRole", "jwt", "aws")


def check_login_secrets(manifests: Sequence[Manifest], loaded: Loaded, made: Mapping[str, set[str]]) -> list[Finding]:
    """A warning for each Secret and namespace that nobody fills; `made`: the Secrets that the tree or an intent makes, by name."""
    external = [pattern for profile in loaded.profiles for pattern in profile.external]
    told: set[tuple[str, str]] = set()
    findings: list[Finding] = []
    for manifest in manifests:
        if manifest.group != VSO_GROUP:
            continue
        for secret, keys in _needed(manifest):
            place = (manifest.namespace, secret)
            there = any(same_namespace(manifest.namespace, namespace) for namespace in made.get(secret, ()))
            if there or place in told or any(fnmatchcase(secret, pattern) for pattern in external):
                continue
            told.add(place)
            findings.append(_finding(manifest, secret, keys, loaded.profiles))
    return findings


def _needed(manifest: Manifest) -> Iterator[tuple[str, tuple[PathKey, ...]]]:
    if manifest.kind == "VaultConnection":
        name = manifest.spec.get("caCertSecretRef")
        if isinstance(name, str) and name:
            yield name, ("spec", "caCertSecretRef")
        name = manifest.annotations.get(CLIENT_CERTIFICATE)
        if isinstance(name, str) and name:
            yield name, ("metadata", "annotations", CLIENT_CERTIFICATE)
    elif manifest.kind == "VaultAuth":
        for method in _METHODS:
            name = mapping(manifest.spec.get(method)).get("secretRef")
            if isinstance(name, str) and name:
                yield name, ("spec", method, "secretRef")


def _finding(manifest: Manifest, secret: str, keys: tuple[PathKey, ...], profiles: Sequence[Profile]) -> Finding:
    where = f"in the namespace {manifest.namespace}" if manifest.namespace else "in the namespace that it is applied to"
    message = f"{manifest.subject} needs the Secret {secret} {where}, and nothing in the tree makes it"
    hint = f"add it, or say external: [{secret}] in the profile if somebody else puts it there"
    if not manifest.made_by:
        return manifest.warning("KW2012", message, *keys, hint=hint)
    for profile in profiles:
        if keys[-1] == "caCertSecretRef" and profile.ca_cert_secret == secret:
            return profile.manifest.warning("KW2012", message, "spec", "caCertSecret", hint=hint)
        if keys[-1] == CLIENT_CERTIFICATE and profile.client_cert_secret == secret:
            return profile.manifest.warning("KW2012", message, "spec", "tls", "clientCertSecret", hint=hint)
        if keys[-1] == "secretRef" and profile.auth.settings.get("secretRef"):
            return profile.manifest.warning("KW2012", message, "spec", "auth", "secretRef", hint=hint)
    return manifest.warning("KW2012", message, *keys, hint=hint)
