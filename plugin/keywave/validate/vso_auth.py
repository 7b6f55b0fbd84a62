"""Hand-written VaultConnection and VaultAuth: logins that cannot work, and connections that trust anybody."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding
from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.vso_types import AUTH_METHODS, REQUIRED_AT_LOGIN
from keywave.validate.view import View, opaque, text

AUTH_KINDS = ("VaultAuth", "VaultAuthGlobal")
NEVER_TOGETHER = {
    "VaultConnection": (("caCertSecretRef",), ("caCertPath",)),
    "VaultAuth": (("appRole", "secretRef"), ("appRole", "secretIDPath")),
}


def check_logins(view: View) -> Iterator[Finding]:
    """What the operator refuses only when it runs: a method without its block, a block without what a login needs."""
    for manifest in view.written_of(VSO_GROUP, "VaultAuth"):
        spec = manifest.spec
        if spec.get("vaultAuthGlobalRef") is not None:
            continue  # what is missing here may come from the global object
        method = text(spec.get("method"))
        if method in AUTH_METHODS:
            yield from _block(manifest, method)
        elif not spec.get("method"):
            written = [name for name in AUTH_METHODS if name in spec]
            hint = (
                f"write spec.method: {written[0]}"
                if written
                else f"write spec.method: one of {', '.join(AUTH_METHODS)}"
            )
            yield manifest.finding("KW5101", "no login method is set", "spec", hint=hint)
        if not spec.get("mount"):
            hint = "write spec.mount: the path of Vault's auth method, such as kubernetes"
            yield manifest.finding("KW5101", "the auth method's mount is not set", "spec", hint=hint)


def _block(manifest: Manifest, method: str) -> Iterator[Finding]:
    block = mapping(manifest.spec.get(method))
    keys = ("spec", method) if method in manifest.spec else ("spec",)
    for group in REQUIRED_AT_LOGIN[method]:
        if not any(block.get(name) for name in group):
            names = " or ".join(f"{method}.{name}" for name in group)
            yield manifest.finding(
                "KW5101",
                f"a {method} login needs {names}",
                *keys,
                hint=f"set spec.{names.replace(' or ', ' or spec.')}",
            )


def check_exclusive_fields(view: View) -> Iterator[Finding]:
    """Two fields of which the operator takes one only."""
    for kind, (first, second) in NEVER_TOGETHER.items():
        for manifest in view.written_of(VSO_GROUP, kind):
            values = [
                mapping(manifest.spec.get(p[0])).get(p[1]) if len(p) > 1 else manifest.spec.get(p[0])
                for p in (first, second)
            ]
            if all(values):
                said = f"{'.'.join(first)} and {'.'.join(second)} exclude each other"
                yield manifest.finding("KW5102", said, "spec", *second, hint=f"keep {'.'.join(first)}, or drop it")


def check_allowed_namespaces(view: View) -> Iterator[Finding]:
    """The operator understands "*" only as the single entry."""
    for manifest in view.written_of(VSO_GROUP, *AUTH_KINDS):
        allowed = sequence(manifest.spec.get("allowedNamespaces"))
        if "*" in allowed and len(allowed) > 1:
            hint = 'write ["*"] alone, or list the namespaces'
            said = '"*" beside other namespaces allows nothing more than those others'
            yield manifest.finding("KW5202", said, "spec", "allowedNamespaces", allowed.index("*"), hint=hint)


def check_default_service_account(view: View) -> Iterator[Finding]:
    """A login as ServiceAccount `default` gives every pod of the namespace that names no other the same rights in Vault."""
    for manifest in view.written_of(VSO_GROUP, *AUTH_KINDS):
        for method in ("kubernetes", "jwt"):
            if mapping(manifest.spec.get(method)).get("serviceAccount") == "default":
                hint = "make a ServiceAccount of its own and bind the Vault role to it"
                said = 'the login uses the ServiceAccount "default", which every pod without one of its own runs as'
                yield manifest.warning("KW6103", said, "spec", method, "serviceAccount", hint=hint)


def check_connections(view: View) -> Iterator[Finding]:
    """No verification of Vault's certificate, or no encryption at all."""
    for manifest in view.written_of(VSO_GROUP, "VaultConnection"):
        yield from _transport(manifest, "spec", "address", "skipTLSVerify")
    for manifest in view.written_of("secrets-store.csi.x-k8s.io", "SecretProviderClass"):
        if manifest.spec.get("provider") == "vault":
            yield from _transport(manifest, "parameters", "vaultAddress", "vaultSkipTLSVerify")


def _transport(manifest: Manifest, block: str, address: str, skip: str) -> Iterator[Finding]:
    keys = ("spec",) if block == "spec" else ("spec", block)
    values = manifest.spec if block == "spec" else mapping(manifest.spec.get(block))
    if values.get(skip) in (True, "true", "True", "1", "t", "T", "TRUE"):
        hint = (
            "remove it and give the CA: caCertSecretRef"
            if block == "spec"
            else "remove it and give the CA: vaultCACertPath"
        )
        yield manifest.warning(
            "KW6101", f"{skip} is on: anybody can pose as Vault and read the login", *keys, skip, hint=hint
        )
    where = text(values.get(address))
    if where.lower().startswith("http://") and not opaque(where.partition("://")[2].partition("/")[0]):
        yield manifest.warning(
            "KW6102", f"{address} is plain http: secrets travel unencrypted", *keys, address, hint="use https://"
        )
