"""file:line of findings, through kustomize and without it."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest
from build_trees import FakeTool, WriteTree

from keywave.build import BuildOptions, Built, Overrides, blame, read
from keywave.findings import Finding, Location, PathKey

INTENTS = """\
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata:
  name: pay
spec:
  kv: pay/config
  keys:
    A: a
---
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata:
  name: payments
spec:
  kv: payments/config
  consumers:
  - workload: web
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: first
        image: a
      - name: second
        image: b
"""
BASE = {
    "base/kustomization.yaml": "resources: [intents.yaml, web.yaml]\n",
    "base/intents.yaml": INTENTS,
    "base/web.yaml": DEPLOYMENT,
}
MERGE = "apiVersion: keywave.dev/v1alpha1\nkind: SecretIntent\nmetadata: {name: payments}\nspec:\n  kv: prod/config\n"


def places(built: Built, name: str, *keys: PathKey, kind: str = "SecretIntent") -> list[str]:
    """Where a finding about the object ends up: its place first, then the related ones."""
    manifest = next(m for m in built.manifests if m.kind == kind and m.name == name)
    (finding,) = blame(built, [manifest.finding("KW0000", "a problem", *keys)])
    assert finding.where.keys == keys
    return [f"{where.file}:{where.line}" for where in (finding.where, *finding.related)]


def app(kustomization: str, **files: str) -> dict[str, str]:
    return {**BASE, "app/kustomization.yaml": kustomization, **{f"app/{k}.yaml": v for k, v in files.items()}}


OVERLAYS = {
    "nothing set the value but the base": (
        app("resources: [../base]\nnamespace: prod\n"),
        "payments",
        ["base/intents.yaml:15"],
    ),
    "the base sits in the same folder": (
        {"app/kustomization.yaml": "resources: [i.yaml]\n", "app/i.yaml": INTENTS},
        "payments",
        ["app/i.yaml:15"],
    ),
    "a prefix hides the name": (
        {
            **app("resources: [../mid]\nnamePrefix: payments-\n"),
            "mid/kustomization.yaml": "resources: [../base]\nnameSuffix: -v1\n",
        },
        "payments-pay-v1",
        ["base/intents.yaml:6"],
    ),
    "a merge patch in a file": (
        app("resources: [../base]\npatches:\n- path: p.yaml\n", p=f"# prod\n{MERGE}"),
        "payments",
        ["app/p.yaml:6", "base/intents.yaml:15"],
    ),
    "a merge patch in the kustomization": (
        app("resources: [../base]\npatches:\n- patch: |-\n    " + MERGE.replace("\n", "\n    ")),
        "payments",
        ["app/kustomization.yaml:8", "base/intents.yaml:15"],
    ),
    "a patch by target": (
        app(
            "resources: [../base]\npatches:\n- target: {kind: SecretIntent, name: pay.+, group: keywave.dev, version: v1alpha1}\n"
            "  patch: |\n    - op: replace\n      path: /spec/kv\n      value: x/y\n"
        ),
        "payments",
        ["app/kustomization.yaml:7", "base/intents.yaml:15"],
    ),
    "a patch for another": (
        app(
            "resources: [../base]\npatches:\n- target: {kind: SecretIntent, name: pay}\n"
            "  patch: |\n    - {op: replace, path: /spec/kv, value: x/y}\n"
        ),
        "payments",
        ["base/intents.yaml:15"],
    ),
    "the last of several patches, by its name with a prefix of an inner layer": (
        {
            **app(
                "resources: [../mid]\nnamePrefix: p-\npatchesStrategicMerge:\n- p.yaml\n",
                p=MERGE.replace("payments", "m-payments"),
            ),
            "mid/kustomization.yaml": "resources: [../base]\nnamePrefix: m-\npatchesStrategicMerge: [q.yaml]\n",
            "mid/q.yaml": MERGE.replace("prod", "mid"),
        },
        "p-m-payments",
        ["app/p.yaml:5", "base/intents.yaml:15"],
    ),
    "an old patch of operations": (
        app(
            "resources: [../base]\npatchesJson6902:\n"
            "- target: {kind: SecretIntent, name: payments, group: keywave.dev, version: v1alpha1}\n"
            "  path: p.yaml\n",
            p="- op: remove\n  path: /spec/consumers\n- op: add\n  path: /spec/kv\n  value: x\n",
        ),
        "payments",
        ["app/p.yaml:5", "base/intents.yaml:15"],
    ),
    "a component": (
        {
            **app("resources: [../base]\ncomponents: [../component]\n"),
            "component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml}]\n",
            "component/p.yaml": f"---\n{MERGE}",
        },
        "payments",
        ["component/p.yaml:6", "base/intents.yaml:15"],
    ),
}


@pytest.mark.parametrize(("files", "name", "expected"), OVERLAYS.values(), ids=OVERLAYS.keys())
def test_the_place_is_the_users_own(
    write: WriteTree, real_kustomize: Path, nothing_left: None, files: dict[str, str], name: str, expected: list[str]
) -> None:
    write(files)

    assert places(read("app", BuildOptions()), name, "spec", "kv") == expected


def test_items_of_lists_are_met_by_name(write: WriteTree, real_kustomize: Path) -> None:
    patch = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: second
        image: c
"""
    write(app("resources: [../base]\npatches: [{path: p.yaml}]\n", p=patch))
    built = read("app", BuildOptions())
    container = ("spec", "template", "spec", "containers")
    names = [
        c["name"]
        for c in next(m for m in built.manifests if m.kind == "Deployment").spec["template"]["spec"]["containers"]
    ]
    at = {name: names.index(name) for name in names}

    assert places(built, "web", *container, at["second"], "image", kind="Deployment")[0] == "app/p.yaml:9"
    assert places(built, "web", *container, at["first"], "image", kind="Deployment")[0].startswith("base/web.yaml:")


def test_a_value_that_is_not_there_is_told_at_its_nearest_ancestor(write: WriteTree, real_kustomize: Path) -> None:
    write(app("resources: [../base]\npatches: [{path: p.yaml}]\n", p=MERGE))
    built = read("app", BuildOptions())

    assert places(built, "payments", "spec", "profile") == ["base/intents.yaml:14"]
    assert places(built, "payments") == ["base/intents.yaml:10"]


def test_generated_objects_are_told_at_their_generator(write: WriteTree, real_kustomize: Path) -> None:
    write({"app/kustomization.yaml": "configMapGenerator:\n- name: a\n- name: b\n  literals: [x=y]\n"})
    built = read("app", BuildOptions())
    name = next(m.name for m in built.manifests if m.name.startswith("b-"))

    assert places(built, name, "data", "x", kind="ConfigMap") == ["app/kustomization.yaml:3"]


def test_overrides_are_seen_through(write: WriteTree, real_kustomize: Path, nothing_left: None) -> None:
    write(app("resources: [../base, own.yaml]\nnamePrefix: old-\n", own=INTENTS.replace("pay", "own")))
    patch = {"patch": MERGE}
    built = read("app", BuildOptions(overrides=Overrides(name_prefix="pr-7-", patches=(patch,))))

    assert places(built, "pr-7-pay", "spec", "kv") == ["base/intents.yaml:6"]
    assert places(built, "pr-7-own", "spec", "kv") == ["app/own.yaml:6"]
    assert places(built, "pr-7-payments", "spec", "kv") == ["parameter patches[0]:5", "base/intents.yaml:15"]


def test_plain_files_need_no_build(write: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    write(BASE)
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", "/nowhere")
    built = read("base/intents.yaml", BuildOptions())

    assert places(built, "payments", "spec", "consumers", 0, "workload") == ["base/intents.yaml:17"]
    assert places(built, "pay") == ["base/intents.yaml:1"]


def test_a_stream_has_lines_with_overrides_too(
    monkeypatch: pytest.MonkeyPatch, real_kustomize: Path, place: Path
) -> None:
    for overrides, name in ((Overrides(), "payments"), (Overrides(name_prefix="x-"), "x-payments")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(INTENTS.encode())))
        built = read("-", BuildOptions(overrides=overrides))

        assert places(built, name, "spec", "kv") == ["-:15"]


def test_the_user_named_the_folder_from_elsewhere(
    write: WriteTree, real_kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = write(app("resources: [../base]\n"))
    monkeypatch.chdir(top / "app")

    assert places(read(".", BuildOptions()), "pay", "spec", "kv") == ["../base/intents.yaml:6"]
    assert places(read(str(top / "app"), BuildOptions()), "pay", "spec", "kv") == [f"{top}/base/intents.yaml:6"]


def test_what_has_a_line_or_no_object_stays_as_it_is(write: WriteTree) -> None:
    write(BASE)
    built = read("base/intents.yaml", BuildOptions())
    findings = (
        Finding("KW0000", "located", where=Location("x", 3), subject="SecretIntent pay"),
        Finding("KW0000", "of nobody", where=Location("x"), subject="Secret other"),
        Finding("KW0000", "of nothing"),
    )

    assert blame(built, findings) == findings


def test_without_findings_nothing_is_built_again(write: WriteTree, fake_tool: FakeTool) -> None:
    write(BASE)
    folder = fake_tool('echo built >> "$(dirname "$0")/log"')
    built = read("base", BuildOptions())
    blame(built, [])

    assert (folder / "log").read_text() == "built\n"


TROUBLES = {
    "kustomize is gone": lambda top, tool: (tool / "kustomize").unlink(),
    "kustomize fails": lambda top, tool: (tool / "kustomize").write_text("#!/bin/sh\nexit 1\n"),
    "kustomize prints garbage": lambda top, tool: (tool / "kustomize").write_text("#!/bin/sh\necho hello\n"),
    "the tree is gone": lambda top, tool: shutil.rmtree(top / "base"),
    "the file of origin is gone": lambda top, tool: (top / "base/intents.yaml").write_text("a: ["),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_blame_never_fails(
    write: WriteTree, fake_tool: FakeTool, kustomize: Path, nothing_left: None, trouble: str
) -> None:
    top = write(app("resources: [../base]\n"))
    tool = fake_tool(f'exec {kustomize} "$@"')
    built = read("app", BuildOptions())
    TROUBLES[trouble](top, tool)
    manifest = next(m for m in built.manifests if m.name == "payments")
    finding = manifest.finding("KW0000", "a problem", "spec", "kv")
    (found,) = blame(built, [finding])

    assert (found.code, found.message, found.where.keys) == ("KW0000", "a problem", ("spec", "kv"))
    assert found.where.file in ("app", "base/intents.yaml")
