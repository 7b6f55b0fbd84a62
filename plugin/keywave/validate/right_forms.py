"""The right form for each thing that people are known to get wrong in the operator's kinds: the hint of a finding.

Rule: a table, looked up by kind and by the keys without list indexes; the most exact entry wins, then the one for any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.objects.later import later
from keywave.objects.structural import Problem

_TRANSFORM = "it belongs one level deeper: spec.destination.transformation"
_EXTERNAL_SECRETS = (
    "that is External Secrets' form; this operator takes the whole secret at spec.path, and keys are chosen and renamed by "
    "spec.destination.transformation (templates, includes, excludes)"
)
_REF = 'write "name", or "namespace/name" for an object in another namespace'
_METHOD = "login settings stand in the method's own block: spec.kubernetes.{field} (or jwt, appRole, aws, gcp)"
_SECRET_NAME = 'the name of the Secret as text: {field}: vault-credentials; its key must be "{key}"'

UNKNOWN: Mapping[tuple[str, str], str] = {
    ("", "transformation"): _TRANSFORM,
    ("", "templates"): "it belongs into spec.destination.transformation.templates",
    ("", "excludeRaw"): "it belongs into spec.destination.transformation.excludeRaw",
    ("", "destination.excludeRaw"): "it belongs into spec.destination.transformation.excludeRaw",
    ("", "destination.templates"): "it belongs into spec.destination.transformation.templates",
    ("", "data"): _EXTERNAL_SECRETS,
    ("", "dataFrom"): _EXTERNAL_SECRETS,
    ("", "secretStoreRef"): "that is External Secrets' field; here it is spec.vaultAuthRef",
    ("", "target"): "that is External Secrets' field; here it is spec.destination",
    ("", "refreshInterval"): "that is External Secrets' field; here it is spec.refreshAfter",
    ("", "secretName"): "the Secret's name is spec.destination.name",
    ("", "options"): "there is no options block: its fields stand directly under spec",
    ("", "destination.namespace"): "a Secret is always written to the object's own namespace: leave the field out",
    ("", "rolloutRestartTargets.namespace"): "targets are in the object's own namespace: leave the field out",
    ("", "rolloutRestartTargets.apiVersion"): "a target is kind and name only",
    ("VaultStaticSecret", "ttl"): "how often the secret is read again is spec.refreshAfter",
    (
        "VaultStaticSecret",
        "renewBefore",
    ): "static secrets have no lease: spec.refreshAfter says how often they are read again",
    ("VaultStaticSecret", "key"): _EXTERNAL_SECRETS,
    ("VaultStaticSecret", "keys"): _EXTERNAL_SECRETS,
    (
        "VaultDynamicSecret",
        "type",
    ): "a dynamic secret has no type: spec.mount and spec.path (creds/ROLE) say which engine it is",
    ("VaultDynamicSecret", "role"): "the role is part of spec.path: creds/ROLE",
    (
        "VaultDynamicSecret",
        "options",
    ): "the role is part of spec.path: creds/ROLE; further parameters go into spec.params",
    (
        "VaultDynamicSecret",
        "renewBefore",
    ): "write spec.renewalPercent: the part of the lease's life after which it is renewed (67)",
    ("VaultDynamicSecret", "ttl"): "Vault's role sets the life of a lease; spec.renewalPercent says when it is renewed",
    ("VaultDynamicSecret", "revocationOnDelete"): "leases are always revoked on deletion: leave the field out",
    ("VaultPKISecret", "revocationOnDelete"): "write spec.revoke: true",
    (
        "VaultPKISecret",
        "renewBefore",
    ): "write spec.expiryOffset: how long before its end the certificate is issued anew",
    ("VaultPKISecret", "path"): "the role is spec.role; keywave and the operator build the path <mount>/issue/<role>",
    ("VaultPKISecret", "options"): "the role is spec.role",
    ("VaultPKISecret", "dnsNames"): "write spec.altNames",
    ("VaultPKISecret", "ipAddresses"): "write spec.ipSans",
    ("VaultPKISecret", "type"): "the type of the Secret is spec.destination.type: kubernetes.io/tls",
    ("VaultAuth", "role"): _METHOD.format(field="role"),
    ("VaultAuth", "serviceAccount"): _METHOD.format(field="serviceAccount"),
    ("VaultAuth", "audiences"): _METHOD.format(field="audiences"),
    ("VaultAuth", "kubernetes.audience"): "it is a list: audiences: [vault]",
    ("VaultAuth", "kubernetes.mount"): "the auth method's mount is spec.mount",
    ("VaultAuth", "jwt.mount"): "the auth method's mount is spec.mount",
    ("VaultAuth", "appRole.mount"): "the auth method's mount is spec.mount",
    (
        "VaultAuth",
        "appRole.secretId",
    ): "a secret ID does not belong into Git: spec.appRole.secretRef names the Secret that holds it",
    ("VaultAuth", "options"): "there is no options block: spec.kubernetes.role, spec.kubernetes.serviceAccount",
    (
        "VaultConnection",
        "namespace",
    ): "the Vault namespace is set on VaultAuth or on the secret object (spec.namespace)",
    ("VaultConnection", "caCert"): "put the certificate into a Secret under ca.crt and name it in spec.caCertSecretRef",
    (
        "VaultConnection",
        "caBundle",
    ): "put the certificate into a Secret under ca.crt and name it in spec.caCertSecretRef",
    ("VaultConnection", "insecureSkipVerify"): "it is spec.skipTLSVerify, and it should not be true",
}
"""(kind or "" for any, keys joined by a dot) -> what to write in place of a field that does not exist."""

WRONG_TYPE: Mapping[str, str] = {
    "caCertSecretRef": _SECRET_NAME.format(field="caCertSecretRef", key="ca.crt"),
    "appRole.secretRef": _SECRET_NAME.format(field="secretRef", key="id"),
    "jwt.secretRef": _SECRET_NAME.format(field="secretRef", key="jwt"),
    "aws.secretRef": _SECRET_NAME.format(field="secretRef", key="access_key_id")
    + " (with secret_access_key and, if used, session_token)",
    "vaultAuthRef": _REF,
    "vaultConnectionRef": _REF,
    "destination": "it is a mapping: destination: {name: my-secret, create: true}",
    "rolloutRestartTargets": "a list of kind and name: [{kind: Deployment, name: my-app}]",
    "destination.transformation.templates": 'a map of key to template: {DSN: {text: "..."}}',
    "destination.transformation.includes": 'a list of regular expressions: ["^username$"]',
    "destination.transformation.excludes": 'a list of regular expressions: [".*"]',
}
"""Keys joined by a dot -> the right form of a field that has a value of the wrong type."""

_STATIC_TYPES: Mapping[str, str] = {
    "kv": "write kv-v2 (or kv-v1)",
    "kvv2": "write kv-v2",
    "kvv1": "write kv-v1",
    "generic": "write kv-v1",
    "database": "credentials that Vault issues are a VaultDynamicSecret: mount: database, path: creds/ROLE",
    "aws": "credentials that Vault issues are a VaultDynamicSecret: mount: aws, path: creds/ROLE",
    "dynamic": "credentials that Vault issues are a VaultDynamicSecret",
    "pki": "certificates are a VaultPKISecret",
}


def right_form(kind: str, problem: Problem, value: Any) -> str:
    """The hint for a problem inside `spec`: from the tables, else the checker's own. `value` is what stands at the problem's keys."""
    dotted = ".".join(key for key in problem.keys if isinstance(key, str))
    if problem.rule == "unknown":
        return UNKNOWN.get((kind, dotted)) or UNKNOWN.get(("", dotted)) or problem.hint
    if problem.rule == "type":
        return _type_hint(dotted, value) or problem.hint
    if problem.rule == "enum" and (kind, dotted) == ("VaultStaticSecret", "type") and isinstance(value, str):
        return _STATIC_TYPES.get(value.lower().replace("-", "").replace("_", ""), problem.hint)
    if problem.rule == "pattern" and isinstance(value, str):
        return duration_hint(value, days="d)" in problem.hint) or problem.hint
    return problem.hint


def _type_hint(dotted: str, value: Any) -> str:
    if isinstance(value, Mapping) and set(value) <= {"name", "namespace"} and dotted.endswith("Ref"):
        form = "/".join(value[k] for k in ("namespace", "name") if isinstance(value.get(k), str))
        if dotted in ("vaultAuthRef", "vaultConnectionRef") and form:
            return f"write {dotted}: {form}"
    return WRONG_TYPE.get(dotted, "")


_PART = later(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def duration_hint(value: str, *, days: bool) -> str:
    """`30d` -> 'write 720h', `1h30m` -> 'write 90m', `500ms` -> 'write 0.5s'; "" for what is no duration at all.

    The operator takes one number and one unit of s, m and h (days only in a certificate's ttl)."""
    text = value.strip().replace(" ", "")
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return "one number and one unit: 30s, 5m, 720h" + (", 30d" if days else "") if text.isdigit() else ""
    total = sum(float(number) * _UNIT_SECONDS.get(unit, 0.001) for number, unit in parts)
    for unit in ("h", "m", "s"):
        amount = total / _UNIT_SECONDS[unit]
        if amount == int(amount) or unit == "s":
            return f"write {amount:g}{unit}" if amount < 1e6 else ""
    return ""
