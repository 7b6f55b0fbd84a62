"""Bad input, through the whole command: a one-line summary, findings, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from keywave_process import APP, INTENT, PROFILE, keywave

GOOD = "---\n".join([PROFILE, INTENT, APP])
BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
STREAMS: dict[str, tuple[str, str]] = {
    "not YAML": ("a: [1\n---\n" + GOOD, "KW01"),
    "a tab for indentation": ("apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n", "KW01"),
    "a scalar instead of an object": ("just words\n", "KW01"),
    "an object without a kind": ("apiVersion: v1\nmetadata: {name: a}\n", "KW01"),
    "one key twice": ("apiVersion: v1\nkind: ConfigMap\nkind: Secret\nmetadata: {name: a}\n", "KW01"),
    "an alias bomb": (f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\na0: &a0 {'x' * 100}\n{BOMB}", "KW01"),
    "nesting without end": ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: " + "[" * 20_000, "KW01"),
    "an unknown version of the intent API": (GOOD.replace("keywave.dev/v1alpha1", "keywave.dev/v2", 1), "KW10"),
    "an unknown kind of the intent API": (GOOD.replace("kind: SecretIntent", "kind: SecretIntend"), "KW10"),
    "two intents that write one Secret": (GOOD + "---\n" + INTENT, "KW10"),
    "a name that Kubernetes refuses": (
        GOOD.replace(
            "metadata: {name: app, namespace: shop}\nspec: {kv", "metadata: {name: App_1, namespace: shop}\nspec: {kv"
        ),
        "KW1",
    ),
    "a duration in days": (GOOD.replace("keys: {A: a}", "refreshAfter: 30d"), "KW10"),
    "a consumer that the tree does not hold": (
        GOOD.replace("keys: {A: a}", "consumers: [{workload: ap, envFrom: true}]"),
        "KW20",
    ),
    "a workload that names the Secret wrongly": (
        GOOD.replace("secretRef: {name: app}", "secretRef: {name: apq}"),
        "KW20",
    ),
}


@pytest.mark.parametrize("sentence", STREAMS)
def test_a_bad_stream(sentence: str, tmp_path: Path) -> None:
    text, code = STREAMS[sentence]
    done = keywave("render", "-", "--out", str(tmp_path / "out"), stdin=text, cwd=tmp_path)
    first, *rest = done.stderr.splitlines()

    assert done.returncode == 1, done.stderr
    assert first.startswith("keywave: ")
    assert " error" in first
    assert any(code in line for line in rest), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_hundred_thousand_documents_are_refused_at_once(tmp_path: Path) -> None:
    done = keywave("render", "-", stdin="a: 1\n---\n" * 100_000, cwd=tmp_path)

    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert len(done.stderr.splitlines()) < 80


def broken_kustomization(folder: Path) -> None:
    (folder / "kustomization.yaml").write_text("resources: [missing.yaml]\n")


def kustomization_that_is_no_yaml(folder: Path) -> None:
    (folder / "kustomization.yaml").write_text("resources: [\n")


def link_out_of_the_tree(folder: Path) -> None:
    (folder / "passwd.yaml").symlink_to("/etc/passwd")


def dangling_link(folder: Path) -> None:
    (folder / "gone.yaml").symlink_to("nowhere.yaml")


def a_fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")


def not_utf8(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: caf\xe9}\n")


def remote_base(folder: Path) -> None:
    (folder / "kustomization.yaml").write_text("resources: ['https://git.example.com/base.git?ref=main']\n")


def helm_chart(folder: Path) -> None:
    (folder / "kustomization.yaml").write_text("helmCharts: [{name: web, repo: 'https://charts.example.com'}]\n")


TREES: list[tuple[Callable[[Path], None], set[int]]] = [
    (broken_kustomization, {1}),
    (kustomization_that_is_no_yaml, {1}),
    (link_out_of_the_tree, {1}),
    (dangling_link, {1}),
    (a_fifo, {1}),
    (not_utf8, {1}),
    (remote_base, {1}),
    (helm_chart, {1}),
]


@pytest.mark.parametrize(("make", "codes"), TREES, ids=[make.__name__ for make, _ in TREES])
def test_a_bad_tree(make: Callable[[Path], None], codes: set[int], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    make(tree)
    done = keywave("render", "tree", "--out", "out", cwd=tmp_path)

    assert done.returncode in codes, done.stderr
    assert done.stderr.startswith("keywave: ")
    assert "Traceback" not in done.stderr
    assert "root:" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tree"]


def test_without_kustomize_the_message_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: []\n")
    env = {name: value for name, value in os.environ.items() if name != "KEYWAVE_KUSTOMIZE"} | {"PATH": str(tmp_path)}
    done = keywave("render", ".", cwd=tmp_path, env=env)

    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (3, "", False)
    assert "kustomize" in done.stderr.splitlines()[0]


def test_a_literal_secret_in_the_tree_never_reaches_the_messages(tmp_path: Path, canary: str) -> None:
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: shop}}\nstringData:\n  token: {canary}\n  : {canary}\n"
    done = keywave("render", "-", stdin=f"{GOOD}---\n{secret}", cwd=tmp_path)

    assert canary not in done.stderr
    assert "Traceback" not in done.stderr
