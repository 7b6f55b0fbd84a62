"""Trees for the tests of expansion: YAML in, `Loaded` out, through the real reader and the real loader."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from keywave.expand import Expanded, expand
from keywave.intent.load import Loaded, load
from keywave.objects.manifest import Manifest
from keywave.objects.yamlio import read_stream

PROFILE = """
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec:
  address: https://vault.example.com:8200
  auth: {method: kubernetes, role: "{namespace}-{serviceAccount}", audiences: [vault]}
  kv: {mount: kv, prefix: dev/}
  dynamic: {mount: database}
  pki: {mount: pki}
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: payments, namespace: shop}
spec:
  template:
    spec:
      serviceAccountName: payments
      containers:
      - name: app
        envFrom: [{secretRef: {name: payments}}]
"""

INTENT = """
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {name: payments, namespace: shop}
spec: {kv: payments/config}
"""


def intent(spec: str, name: str = "payments", metadata: str = "namespace: shop") -> str:
    """A SecretIntent with that spec (flow style)."""
    return f"""
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {{name: {name}, {metadata}}}
spec: {spec}
"""


def profile(spec: str, name: str = "vault") -> str:
    """A VaultProfile with these fields beside the address."""
    return f"""
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {{name: {name}}}
spec: {{address: "https://vault.example.com:8200", {spec}}}
"""


def deployment(name: str, pod: str, kind: str = "Deployment", api: str = "apps/v1", namespace: str = "shop") -> str:
    """A workload with that pod spec (flow style)."""
    return f"""
apiVersion: {api}
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{template: {{spec: {pod}}}}}
"""


def loaded(*documents: str) -> Loaded:
    """Load the documents; they must be sound."""
    read = read_stream("\n---\n".join(dedent(document) for document in documents).encode(), "tree.yaml")
    assert not read.findings, read.findings
    result = load(read.manifests)
    assert not result.findings, result.findings
    return result


def expanded(*documents: str) -> Expanded:
    """Load and expand."""
    return expand(loaded(*documents))


def made(result: Expanded) -> list[Manifest]:
    """What keywave made."""
    return [manifest for manifest in result.manifests if manifest.made_by]


def spec_of(result: Expanded, kind: str, name: str | None = None) -> Any:
    """The spec of the one made object of that kind (and name)."""
    specs = [m.spec for m in made(result) if m.kind == kind and (name is None or m.name == name)]
    assert len(specs) == 1, [m.subject for m in made(result)]
    return specs[0]


def codes(result: Expanded) -> list[tuple[str, str]]:
    """(code, path) of each finding."""
    return [(finding.code, finding.where.path) for finding in result.findings]
