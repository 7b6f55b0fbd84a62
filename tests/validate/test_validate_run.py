"""The run over all checks: every check is listed, made objects are let be, and no shape of document makes a check fall over."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keywave.validate
from keywave.findings import Finding
from keywave.intent.load import load
from keywave.objects.manifest import Manifest
from keywave.objects.yamlio import read_stream
from keywave.validate import validate
from keywave.validate.checks import CHECKS

VSO = "apiVersion: secrets.hashicorp.com/v1beta1\n"
STATIC = VSO + (
    "kind: VaultStaticSecret\nmetadata: {name: x, namespace: apps}\n"
    "spec: {mount: kv, path: app, type: kv-v2, destination: {name: app, create: true}}\n"
)
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: apps}\n"


def read(text: str, made_by: str = "") -> list[Manifest]:
    return [
        Manifest(m.body, m.source, m.text, m.parsed, made_by) for m in read_stream(text.encode(), "tree.yaml").manifests
    ]


def run(manifests: list[Manifest]) -> list[Finding]:
    return validate(manifests, load(manifests), target="argocd")


def test_every_check_is_listed_once() -> None:
    modules = [
        importlib.import_module(f"keywave.validate.{found.name}")
        for found in pkgutil.iter_modules(keywave.validate.__path__)
        if found.name not in ("checks", "run")
    ]
    written = {
        f"{module.__name__}.{name}"
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("check_") and value.__module__ == module.__name__ and "view" in value.__annotations__
    }

    assert sorted(f"{check.__module__}.{check.__name__}" for check in CHECKS) == sorted(written)


def test_what_keywave_made_is_not_linted() -> None:
    wrong = VSO + (
        "kind: VaultDynamicSecret\nmetadata: {name: x}\n"
        "spec: {mount: kv, path: data/app, revoke: true, nosuchfield: 1, vaultAuthRef: nobody, destination: {name: a}}\n"
    )

    assert [f.code for f in run(read(wrong))] == ["KW5001", "KW5203", "KW5104", "KW5106"]
    assert run(read(wrong, made_by="SecretIntent x")) == []


CLASHES: dict[str, tuple[list[Manifest], list[tuple[str, str]]]] = {
    "both made": (
        read(STATIC, "SecretIntent a") + read(STATIC.replace("name: x", "name: other"), "SecretIntent b"),
        [],
    ),
    "the first made": (
        read(STATIC, "SecretIntent a") + read(STATIC.replace("name: x", "name: other")),
        [("KW5204", "VaultStaticSecret apps/other")],
    ),
    "the second made": (
        read(STATIC) + read(STATIC.replace("name: x", "name: other"), "SecretIntent a"),
        [("KW5204", "VaultStaticSecret apps/x")],
    ),
    "a written Secret and a made object": (
        read(STATIC, "SecretIntent a") + read(SECRET),
        [("KW5205", "Secret apps/app")],
    ),
}


@pytest.mark.parametrize(("manifests", "expected"), CLASHES.values(), ids=CLASHES)
def test_a_clash_is_told_at_what_people_wrote(manifests: list[Manifest], expected: list[tuple[str, str]]) -> None:
    assert [(f.code, f.subject) for f in run(manifests)] == expected


def test_nothing_to_look_at() -> None:
    assert run([]) == []


SHAPES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["data/a", "30s", "a/b", "*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KINDS = (
    *(("secrets.hashicorp.com/v1beta1", kind) for kind in ("VaultConnection", "VaultAuth", "VaultAuthGlobal")),
    *(
        ("secrets.hashicorp.com/v1beta1", kind)
        for kind in ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")
    ),
    ("secrets.hashicorp.com/v1beta1", "SecretTransformation"),
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("argoproj.io/v1alpha1", "Application"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
)
# Names that checks look for, so that random shapes stand where they look.
NAMES = st.sampled_from(
    [
        *(
            "spec",
            "data",
            "stringData",
            "rules",
            "subjects",
            "roleRef",
            "parameters",
            "objects",
            "provider",
            "destination",
        ),
        *(
            "transformation",
            "includes",
            "templates",
            "transformationRefs",
            "rolloutRestartTargets",
            "path",
            "mount",
            "type",
        ),
        *(
            "method",
            "kubernetes",
            "allowedNamespaces",
            "vaultAuthRef",
            "ttl",
            "expiryOffset",
            "refreshAfter",
            "version",
        ),
    ]
)
BLOCKS: st.SearchStrategy[Any] = st.recursive(
    SHAPES, lambda inner: st.dictionaries(NAMES, inner, max_size=5) | st.lists(inner, max_size=2), max_leaves=12
)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(KINDS), rest=st.dictionaries(NAMES, BLOCKS, max_size=4), again=st.booleans())
def test_no_shape_makes_a_check_fall_over(kind: tuple[str, str], rest: dict[str, Any], again: bool) -> None:
    body = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x"}, **rest}
    found = run([Manifest(body)] * (2 if again else 1))

    assert all(isinstance(finding, Finding) for finding in found)


def test_places_are_keys_of_the_document(judge: Callable[..., list[Finding]]) -> None:
    found = judge(
        VSO + "kind: VaultStaticSecret\nmetadata: {name: x}\nspec: {mount: 1, rolloutRestartTargets: [{kind: Pod}]}\n"
    )

    assert [f.where.keys for f in found if f.code in ("KW5003", "KW5004")] == [
        ("spec", "mount"),
        ("spec", "rolloutRestartTargets", 0, "kind"),
    ]
