"""Which Secrets and keys an intent gives: what consumers may refer to.

Rule: what is known only to Vault is said to be unknown (None), never guessed.
"""

from __future__ import annotations

from keywave.intent.model import Intent, Part, PkiSource

PKI_KEYS = ("certificate", "private_key", "private_key_type", "issuing_ca", "ca_chain", "serial_number", "expiration")
TLS_KEYS = ("tls.crt", "tls.key", "ca.crt")


def secret_names(intent: Intent) -> tuple[str, ...]:
    """The Secrets that an intent becomes: its name, or one a source where nobody can merge several (`<intent>-<source>`)."""
    if splits(intent):
        return tuple(f"{intent.name}-{part.name}" for part in intent.parts)
    return (intent.name,)


def splits(intent: Intent) -> bool:
    """True when several sources become several Secrets: Vault Secrets Operator has no fan-in."""
    return intent.fan_in and intent.deliver == "secret" and intent.profile.operator.kind == "vso"


def secret_type(intent: Intent) -> str:
    """As said, else kubernetes.io/tls for a certificate; "" is the operator's default, Opaque."""
    if intent.type or not intent.create or intent.fan_in:
        return intent.type
    return "kubernetes.io/tls" if isinstance(intent.parts[0].source, PkiSource) else ""


def produced_keys(intent: Intent, part: Part | None = None) -> tuple[str, ...] | None:
    """The keys of the Secret (of one source's Secret, with `part`), sorted; None where they are known only to Vault.

    Shared transformations may add keys; then the answer is None, too, unless the profile defines them.
    """
    parts = intent.parts if part is None else (part,)
    keys: set[str] = set()
    for each in parts:
        if each.keys is not None:
            keys.update(each.keys)
        elif isinstance(each.source, PkiSource):
            keys.update(PKI_KEYS)
            keys.update(TLS_KEYS if not intent.templates and secret_type(intent) == "kubernetes.io/tls" else ())
        elif ".*" not in intent.excludes:
            return None
    keys.update(intent.templates if part is None else ())
    shared = {spec.name: spec for spec in intent.profile.transformations}
    for name in intent.transformations:
        if name not in shared:
            return None
        keys.update(shared[name].templates)
    if not intent.exclude_raw:
        keys.add("_raw")
    return tuple(sorted(keys))
