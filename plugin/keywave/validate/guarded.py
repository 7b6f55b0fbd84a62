"""A catalogue's guardrails hold for objects written by hand as well: else a tree would write the object instead of the intent."""

from __future__ import annotations

from collections.abc import Iterable

from keywave.findings import Finding, PathKey
from keywave.intent.guardrails import CODE, allowed_by
from keywave.intent.model import Profile
from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Manifest, mapping
from keywave.objects.vso_schemas import SECRET_KINDS
from keywave.validate.view import View, text

_HINT = "write an intent that names the profile, or ask those who keep the profiles"


def check_guardrails(view: View) -> Iterable[Finding]:
    """Hand-written secret objects and logins outside of what every guarded profile of the catalogue allows (KW1050)."""
    guards = [p for p in view.profiles if p.catalogue and p.allow is not None]
    if not guards:
        return
    for manifest in view.written_of(VSO_GROUP, *sorted(SECRET_KINDS)):
        path, keys = _path_of(manifest)
        if path and not _allowed(guards, manifest, path=path):
            message = f'the path "{path}" is not allowed by any profile of the catalogue'
            yield manifest.finding(CODE, message, *keys, hint=_HINT)
    yield from _vault_namespaces(view, {p.vault_namespace for p in guards})
    for manifest in view.written_of(VSO_GROUP, "VaultAuth", "VaultAuthGlobal"):
        for method in ("kubernetes", "jwt", "aws", "gcp"):
            role = text(mapping(manifest.spec.get(method)).get("role"))
            if role and not _allowed(guards, manifest, role=role):
                message = f'the Vault role "{role}" is not allowed by any profile of the catalogue'
                yield manifest.finding(CODE, message, "spec", method, "role", hint=_HINT)


def _vault_namespaces(view: View, allowed: set[str]) -> Iterable[Finding]:
    """The same path in another Vault namespace is another secret."""
    for manifest in view.written_of(VSO_GROUP, *sorted(SECRET_KINDS), "VaultAuth", "VaultAuthGlobal"):
        field = "defaultVaultNamespace" if manifest.kind == "VaultAuthGlobal" else "namespace"
        named = text(manifest.spec.get(field))
        if named and named not in allowed:
            message = f'the Vault namespace "{named}" is not that of any guarded profile of the catalogue'
            yield manifest.finding(CODE, message, "spec", field, hint=_HINT)


def _allowed(guards: list[Profile], manifest: Manifest, *, path: str = "", role: str = "") -> bool:
    where = {"namespace": manifest.namespace, "name": manifest.name}
    return any(allowed_by(p, path=path, role=role, **where) for p in guards)


def _path_of(manifest: Manifest) -> tuple[str, tuple[PathKey, ...]]:
    """The API path that the object reads, and where it says so."""
    spec = manifest.spec
    mount, path = text(spec.get("mount")), text(spec.get("path"))
    if manifest.kind == "VaultPKISecret":
        issuer = text(spec.get("issuerRef")).removesuffix("/issue")
        return f"{mount}/{f'issuer/{issuer}/' if issuer else ''}issue/{text(spec.get('role'))}", ("spec", "role")
    between = "data/" if manifest.kind == "VaultStaticSecret" and spec.get("type") == "kv-v2" else ""
    return f"{mount}/{between}{path}", ("spec", "path")
