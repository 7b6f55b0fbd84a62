"""Small objects of the intent API for tests; texts as a user writes them."""

from __future__ import annotations

from typing import Any

import yaml

from keywave.findings import Finding
from keywave.intent.load import Loaded, load
from keywave.objects.manifest import Manifest, Source

GOOD_PROFILE = """
address: https://vault.example.com:8200
auth: {role: "{namespace}-{serviceAccount}", audiences: [vault]}
kv: {prefix: dev/}
dynamic: {mount: database}
pki: {mount: pki}
"""


def manifest(kind: str, name: str, spec: Any, *, namespace: str = "", file: str = "app.yaml") -> Manifest:
    """An object of keywave.dev/v1alpha1; `spec` is YAML text or a value."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    decoded = yaml.safe_load(spec) if isinstance(spec, str) else spec
    return Manifest(
        {"apiVersion": "keywave.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": decoded}, source=Source(file)
    )


def profile(
    spec: Any = GOOD_PROFILE, *, name: str = "vault", namespace: str = "", file: str = "profile.yaml"
) -> Manifest:
    return manifest("VaultProfile", name, spec, namespace=namespace, file=file)


def intent(spec: Any = "kv: payments/config", *, name: str = "payments", namespace: str = "shop") -> Manifest:
    return manifest("SecretIntent", name, spec, namespace=namespace)


def load_one(spec: Any, *, profile_spec: Any = GOOD_PROFILE, **options: Any) -> Loaded:
    return load([profile(profile_spec), intent(spec)], **options)


def told(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, str, str, str]]:
    """(code, path, message, hint) of each finding."""
    return [(f.code, f.where.path, f.message, f.hint) for f in findings]


def rule_cases(text: str) -> list[tuple[str, str, str]]:
    """(sentence, spec, what is told) of each block of a `*_rules.txt`: `# sentence`, the spec, `---`, the findings."""
    cases = []
    for block in ("\n" + text).split("\n# ")[1:]:
        sentence, _, rest = block.partition("\n")
        spec, _, expected = rest.partition("\n---\n")
        cases.append((sentence, spec, expected.strip()))
    return cases


def shown(findings: tuple[Finding, ...]) -> str:
    """Findings as a `*_rules.txt` shows them."""
    lines = [f"{c} {p}  {m}" + (f"\n  fix: {h}" if h else "") for c, p, m, h in told(findings)]
    return "\n".join(lines)
