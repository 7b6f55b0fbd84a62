"""What must not stand in Git: Vault tokens, private keys, Secrets with their values.

Rule: a message names the place and at most a token's prefix, never the value. The exact text of a document is searched first, because
searching a text is cheap and walking a document is not; made objects hold nothing that their intents do not.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from keywave.findings import Finding, PathKey
from keywave.objects.later import later
from keywave.objects.manifest import Manifest, mapping
from keywave.validate.view import View, opaque, text

Keys = tuple[PathKey, ...]

_TOKEN = later(
    r"(?<![A-Za-z0-9_.-])(?:(hv[sbr]\.)([A-Za-z0-9_-]{8,})|(s\.)([A-Za-z0-9]{24})(?![A-Za-z0-9_.-]))",
)
_OLD_TOKEN = later(r"s\.[A-Za-z0-9]{24}")
_NEW_PREFIXES = ("hvs.", "hvb.", "hvr.")
_PRIVATE_KEY = later(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=:,\s-]{20}")
_BASE64_OF_TOKEN = ("aHZz", "aHZi", "aHZy", "cy5")

PLACEHOLDER = later(r"<path:[^>]+>|^<[A-Za-z0-9_.-]+(?:\s*\|[^>]*)?>$")
"""argocd-vault-plugin: `<path:kv/data/app#key>` anywhere, or `<key>` in an object whose annotation names the path."""

PLUGIN_PATH = "avp.kubernetes.io/path"
REPOSITORY_LABEL = "argocd.argoproj.io/secret-type"
REPOSITORY_FACTS = frozenset(("url", "type", "name", "project", "server", "enableOCI", "enableLfs", "insecure"))
SKIPPED_TYPES = frozenset(("kubernetes.io/service-account-token", "helm.sh/release.v1"))


def token_prefix(value: str) -> str:
    """The prefix of a Vault token in the text, or "". Rows of one sign (`hvs.xxxxxxxx`) are placeholders."""
    for match in _TOKEN.finditer(value):
        rest = match[2] or match[4]
        if len(set(rest.lower())) > 1:
            return match[1] or match[3]
    return ""


def check_tokens(view: View) -> Iterator[Finding]:
    """Vault tokens anywhere in any document, also base64-encoded in the data of a Secret."""
    for manifest in (*view.written, *view.intents):
        if _may_hold_token(manifest):
            for keys, prefix in _tokens(manifest.body, ()):
                said = f"a Vault token ({prefix}****) stands in Git"
                yield manifest.finding(
                    "KW6001", said, *keys, hint="revoke it (vault token revoke), then remove it from history"
                )
        if manifest.kind == "Secret" and not manifest.group:
            yield from _encoded_tokens(manifest)


def _may_hold_token(manifest: Manifest) -> bool:
    exact = manifest.text
    return exact is None or any(prefix in exact for prefix in _NEW_PREFIXES) or _OLD_TOKEN.search(exact) is not None


def _tokens(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        prefix = token_prefix(value)
        if prefix:
            yield keys, prefix
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(name, str) and (prefix := token_prefix(name)):
                yield keys, prefix  # the key itself is the token: name only where it stands
            else:
                yield from _tokens(inner, (*keys, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _tokens(inner, (*keys, index))


def _encoded_tokens(manifest: Manifest) -> Iterator[Finding]:
    for name, value in mapping(manifest.body.get("data")).items():
        if isinstance(value, str) and value.startswith(_BASE64_OF_TOKEN) and (prefix := token_prefix(_decoded(value))):
            said = f"a Vault token ({prefix}****, base64-encoded) stands in Git"
            hint = "revoke it (vault token revoke), then remove it from history"
            yield manifest.finding("KW6001", said, "data", name, hint=hint)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def check_private_keys(view: View) -> Iterator[Finding]:
    """PEM private keys outside of Secrets: in a ConfigMap, an annotation, an argument."""
    for manifest in view.written:
        if (manifest.kind == "Secret" and not manifest.group) or not (
            manifest.text is None or "PRIVATE KEY-----" in manifest.text
        ):
            continue
        for keys in _private_keys(manifest.body, ()):
            hint = "make a new key, keep it in Vault, and let a SecretIntent bring it"
            yield manifest.finding("KW6002", "a private key stands in Git", *keys, hint=hint)


def _private_keys(value: Any, keys: Keys) -> Iterator[Keys]:
    if isinstance(value, str):
        if "PRIVATE KEY-----" in value and _PRIVATE_KEY.search(value):
            yield keys
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _private_keys(inner, (*keys, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _private_keys(inner, (*keys, index))


def check_literal_secrets(view: View) -> Iterator[Finding]:
    """A Secret with values in it: base64 is no encryption. Encrypted ones (SOPS), placeholders and public facts are let be."""
    for manifest in view.written_of("", "Secret"):
        if "sops" in manifest.body or text(manifest.body.get("type")) in SKIPPED_TYPES:
            continue
        literal = [f"{block}.{name}" for block, name, value in _values(manifest) if _is_literal(manifest, name, value)]
        if literal:
            shown = ", ".join(literal[:5]) + (f" and {len(literal) - 5} more" if len(literal) > 5 else "")
            said = f"a Secret with its values stands in Git: {shown}"
            hint = f'put the values into Vault and write a SecretIntent "{manifest.name}" with spec.kv: their path'
            yield manifest.warning("KW6003", said, literal[0].partition(".")[0], hint=hint)


def _values(manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    """(block, key, value as plain text) of a Secret."""
    for block in ("stringData", "data"):
        for name, value in mapping(manifest.body.get(block)).items():
            if isinstance(value, str):
                encoded = block == "data" and not PLACEHOLDER.search(value) and not opaque(value)
                yield block, str(name), (encoded and _decoded(value)) or value


def _is_literal(manifest: Manifest, name: str, value: str) -> bool:
    if not value.strip() or opaque(value) or PLACEHOLDER.search(value.strip()):
        return False
    if REPOSITORY_LABEL in manifest.labels and name in REPOSITORY_FACTS:
        return False
    return not (value.lstrip().startswith("-----BEGIN CERTIFICATE-----") and "PRIVATE KEY" not in value)


def check_plugin_placeholders(view: View) -> Iterator[Finding]:
    """Objects that argocd-vault-plugin fills in: named, because keywave can bring the same secret without values in the manifests."""
    for manifest in view.written:
        marked = PLUGIN_PATH in manifest.annotations
        if not marked and manifest.text is not None and "<path:" not in manifest.text:
            continue
        keys = ("metadata", "annotations", PLUGIN_PATH) if marked else next(_placeholders(manifest.body, ()), None)
        if keys is not None:
            hint = "a SecretIntent with the same path replaces the placeholders"
            said = "placeholders of argocd-vault-plugin: the values end up in the rendered manifests and in Argo CD's cache"
            yield manifest.warning("KW6004", said, *keys, hint=hint)


def _placeholders(value: Any, keys: Keys) -> Iterator[Keys]:
    if isinstance(value, str):
        if "<path:" in value and PLACEHOLDER.search(value):
            yield keys
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _placeholders(inner, (*keys, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _placeholders(inner, (*keys, index))
