"""Hand-written VaultStaticSecret, VaultDynamicSecret, VaultPKISecret: what is accepted and then does something else than was meant."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding
from keywave.intent.durations import milliseconds, third
from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Body, Manifest, mapping, sequence
from keywave.objects.vso_schemas import SECRET_KINDS
from keywave.validate.view import View, opaque, text

LEAST_OFFSET = 0.06
"""expiryOffset / ttl: the operator adds up to 5 % of the time left to its next look, so a smaller offset may come after the end."""

LEASED = ("creds/", "roleset/", "token/", "sts/")
"""Beginnings of paths below a mount that give a lease."""

KV_MOUNTS = frozenset(("kv", "secret"))


def check_static_paths(view: View) -> Iterator[Finding]:
    """`data/` in the path of a kv-v2 secret: the operator puts it there itself."""
    for manifest in view.written_of(VSO_GROUP, "VaultStaticSecret"):
        path, mount = text(manifest.spec.get("path")), text(manifest.spec.get("mount"))
        if manifest.spec.get("type") != "kv-v2":
            continue
        for head in ("data/", f"{mount}/data/") if mount else ("data/",):
            if path.lstrip("/").startswith(head):
                real = path.lstrip("/").removeprefix(head)
                said = f"the operator adds data/ itself: this reads {mount}/data/{path.lstrip('/')}"
                yield manifest.warning("KW5103", said, "spec", "path", hint=f"write path: {real}")
                break


def check_dynamic(view: View) -> Iterator[Finding]:
    """KV mounts, refreshAfter and revoke: three fields that do not do what they seem to."""
    kv = KV_MOUNTS | {profile.kv_mount for profile in view.profiles}
    dynamic = {profile.dynamic_mount for profile in view.profiles}
    for manifest in view.written_of(VSO_GROUP, "VaultDynamicSecret"):
        spec, path = manifest.spec, text(manifest.spec.get("path"))
        mount = text(spec.get("mount"))
        if (
            path.startswith("data/")
            or mount.endswith("/data")
            or (mount in kv - dynamic and not path.startswith(LEASED))
        ):
            hint = f"write kind: VaultStaticSecret with type: kv-v2 and path: {path.removeprefix('data/')}"
            said = f"a VaultDynamicSecret on what seems to be a KV engine ({mount}): nothing there has a lease"
            yield manifest.warning("KW5104", said, "spec", "path", hint=hint)
        elif spec.get("refreshAfter") and path.startswith(LEASED) and not opaque(path):
            hint = "remove it; spec.renewalPercent says when the lease is renewed"
            said = "refreshAfter is used only for secrets without a lease; it does not drive renewal here"
            yield manifest.warning("KW5105", said, "spec", "refreshAfter", hint=hint)
        if "revoke" in spec and view.operator.kind == "vso":
            said = "the operator never reads revoke on a VaultDynamicSecret: leases are revoked on deletion in any case"
            yield manifest.warning("KW5106", said, "spec", "revoke", hint="remove it")


def check_static_refresh(view: View) -> Iterator[Finding]:
    """Without the HMAC nothing notices a change: no restart, and without refreshAfter no second read at all."""
    for manifest in view.written_of(VSO_GROUP, "VaultStaticSecret"):
        spec = manifest.spec
        if spec.get("hmacSecretData") is not False:
            continue
        if sequence(spec.get("rolloutRestartTargets")):
            said = "with hmacSecretData: false the restart targets are ignored"
            yield manifest.warning("KW5107", said, "spec", "rolloutRestartTargets", hint="remove hmacSecretData: false")
        if not spec.get("refreshAfter"):
            said = "with hmacSecretData: false and no refreshAfter the secret is read once and never again"
            yield manifest.warning("KW5107", said, "spec", "hmacSecretData", hint="set spec.refreshAfter, such as 1h")


def check_pki(view: View) -> Iterator[Finding]:
    """A certificate for TLS needs the Secret type that brings tls.crt and tls.key, and time to be issued anew."""
    for manifest in view.written_of(VSO_GROUP, "VaultPKISecret"):
        destination = mapping(manifest.spec.get("destination"))
        templates = mapping(mapping(destination.get("transformation")).get("templates"))
        kind = destination.get("type")
        if destination and not templates and kind != "kubernetes.io/tls" and not opaque(kind):
            said = "without type kubernetes.io/tls the Secret gets no tls.crt and tls.key"
            keys = ("spec", "destination", "type") if "type" in destination else ("spec", "destination")
            yield manifest.warning("KW5108", said, *keys, hint="write destination.type: kubernetes.io/tls")
        issuer = text(manifest.spec.get("issuerRef"))
        if issuer and not issuer.endswith("/issue") and view.operator.kind == "vso" and not opaque(issuer):
            said = f"the operator asks for issuer/{issuer}/<role>, which Vault does not have: it is issuer/{issuer}/issue/<role>"
            yield manifest.warning("KW5111", said, "spec", "issuerRef", hint=f"write issuerRef: {issuer}/issue")
        yield from _expiry_offset(manifest)


def _expiry_offset(manifest: Manifest) -> Iterator[Finding]:
    spec = manifest.spec
    ttl, offset = milliseconds(text(spec.get("ttl"))), milliseconds(text(spec.get("expiryOffset")))
    good = third(text(spec.get("ttl")))
    hint = f"write spec.expiryOffset: {good}, a third of the ttl" if good else "a third of the ttl is a good value"
    if not spec.get("expiryOffset"):
        said = "without expiryOffset the certificate is issued anew only when it has ended"
        yield manifest.warning("KW5109", said, "spec", hint=hint)
    elif text(spec.get("expiryOffset")).endswith("d"):
        return  # days are refused here: the structural check says so
    elif ttl and offset is not None and offset < LEAST_OFFSET * ttl:
        said = f"expiryOffset {spec['expiryOffset']} is under 6 % of ttl {spec['ttl']}: the operator may come after the end"
        yield manifest.warning("KW5109", said, "spec", "expiryOffset", hint=hint)
    elif ttl and offset is not None and offset >= ttl:
        said = f"expiryOffset {spec['expiryOffset']} is not below ttl {spec['ttl']}: the certificate is issued anew all the time"
        yield manifest.finding("KW5109", said, "spec", "expiryOffset", hint=hint)


def check_regexes(view: View) -> Iterator[Finding]:
    """Includes and excludes are regular expressions that match anywhere in a key: `user` takes `superuser` too."""
    for manifest in view.written_of(VSO_GROUP, *SECRET_KINDS, "SecretTransformation"):
        block, keys = _filters(manifest)
        for name in ("includes", "excludes"):
            for index, pattern in enumerate(sequence(block.get(name))):
                if isinstance(pattern, str) and _loose(pattern):
                    said = f'"{pattern}" matches any key that contains it'
                    yield manifest.warning("KW5110", said, *keys, name, index, hint=f'write "^{pattern}$"')


def _filters(manifest: Manifest) -> tuple[Body, tuple[str, ...]]:
    """The block that holds includes and excludes, and the keys to it."""
    if manifest.kind == "SecretTransformation":
        return manifest.spec, ("spec",)
    destination = mapping(manifest.spec.get("destination"))
    return mapping(destination.get("transformation")), ("spec", "destination", "transformation")


def _loose(pattern: str) -> bool:
    """True for a plain word without anchors: with other signs of a regular expression in it, its author knew what it is."""
    return pattern.replace("_", "a").replace("-", "a").replace(" ", "a").isalnum()
