"""What a render imports: a cold start must not pay for what it does not use (design: 15 ms of bare Python, then each import counts)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from keywave_process import keywave

HEAVY = (
    "jinja2",
    "jsonschema",
    "hvac",
    "requests",
    "asyncio",
    "difflib",
    "unittest",
    "importlib.metadata",
    "http.client",
    "email",
    "click",
    "dataclasses",
    "inspect",
    "tempfile",
    "shutil",
    "datetime",
    "json",
    "yaml",
    "keywave.emit.pictures",
    "keywave.emit.reports",
    "keywave.emit.tree",
    "keywave.build.blaming",
    "keywave.proving",
    "keywave.vault",
    "keywave.references",
    "keywave.survey",
    "keywave.lockfile",
    "keywave.verify",
    "keywave.policy",
    "keywave.kube",
    "keywave.crds",
    "keywave.gotemplate",
)

PROBE = """
import sys
from keywave.cli import run
code = run(["render", "-"])
sys.stderr.write(" ".join(m for m in sys.argv[1:] if m in sys.modules))
sys.exit(code)
"""

TREE = """apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata:
  name: vault
spec:
  address: https://vault.example.com:8200
  auth:
    method: kubernetes
    role: app
---
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata:
  name: app
  namespace: shop
spec:
  kv: shop/app
  keys:
    A: a
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  namespace: shop
spec:
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app}
    spec:
      serviceAccountName: app
      containers:
      - name: app
        image: registry.example.com/app:1
        envFrom:
        - secretRef: {name: app}
"""
"""In block form, as kustomize prints: what is written otherwise needs the parser."""

INPUTS = {
    "an object that needs nothing": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    "an intent with its profile and its workload": TREE,
}


@pytest.mark.parametrize("sentence", INPUTS)
def test_a_render_imports_nothing_heavy(sentence: str) -> None:
    given = INPUTS[sentence]
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, *HEAVY],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == keywave("render", "-", stdin=given).stdout
