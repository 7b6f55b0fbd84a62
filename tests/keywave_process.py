"""The command in a process of its own, and a small application to feed it with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROFILE = """apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec:
  address: https://vault.example.com:8200
  auth: {method: kubernetes, role: app, audiences: [vault]}
  kv: {mount: kv}
"""
INTENT = """apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {name: app, namespace: shop}
spec: {kv: shop/app, keys: {A: a}}
"""
APP = """apiVersion: v1
kind: ServiceAccount
metadata: {name: app, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: shop}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      serviceAccountName: app
      containers:
      - name: app
        image: registry.example.com/app:1
        envFrom: [{secretRef: {name: app}}]
"""


def keywave(*argv: str, stdin: str = "", cwd: Path | None = None, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "keywave", *argv],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
        check=False,
        **more,
    )
