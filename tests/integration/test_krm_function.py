"""`keywave krm` inside a real `kustomize build --enable-alpha-plugins --enable-exec`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from examples import EXAMPLES

pytestmark = pytest.mark.integration

FUNCTION = """apiVersion: keywave.dev/v1alpha1
kind: Render
metadata:
  name: render
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: keywave
        args: [krm]
spec:
  target: argocd
"""


def build(tree: Path, kustomize: Path, product_path: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(kustomize), "build", str(tree), "--enable-alpha-plugins", "--enable-exec"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": product_path, "HOME": str(tmp_path)},
    )


def outer(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    base = tree / "base"
    base.mkdir(parents=True)
    for file in EXAMPLES.joinpath("01-quickstart").glob("*.yaml"):
        (base / file.name).write_text(file.read_text())
    (tree / "render.yaml").write_text(FUNCTION)
    (tree / "kustomization.yaml").write_text("resources: [base]\ntransformers: [render.yaml]\n")
    return tree


def test_the_items_come_back_expanded_with_their_waves(kustomize: Path, product_path: str, tmp_path: Path) -> None:
    done = build(outer(tmp_path), kustomize, product_path, tmp_path)
    kinds = sorted(line.removeprefix("kind: ") for line in done.stdout.splitlines() if line.startswith("kind: "))

    assert (done.returncode, done.stderr) == (0, "")
    assert kinds == ["Deployment", "ServiceAccount", "VaultAuth", "VaultConnection", "VaultStaticSecret"]
    assert done.stdout.count("argocd.argoproj.io/sync-wave") == 4
    assert "internal.config.kubernetes.io" not in done.stdout


def test_an_error_fails_the_build_and_is_told(kustomize: Path, product_path: str, tmp_path: Path) -> None:
    tree = outer(tmp_path)
    intent = tree / "base/intent.yaml"
    intent.write_text(intent.read_text().replace("  keys:", "  kees:"))
    done = build(tree, kustomize, product_path, tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert 'did you mean "keys"?' in done.stderr
