"""What every family of references must hold: a new module is tested by standing in the dict, with a tree of its own here."""

from __future__ import annotations

from itertools import permutations
from textwrap import dedent
from typing import Any

import pytest
from references.reference_trees import asked, found

from keywave.objects.yamlio import dump, parse
from keywave.references.families import FAMILIES

V = "vault.hashicorp.com/"
TREES: dict[str, tuple[str, ...]] = {
    "vso": (
        """
        apiVersion: secrets.hashicorp.com/v1beta1
        kind: VaultStaticSecret
        metadata: {name: a, namespace: shop}
        spec: {mount: kv, type: kv-v2, path: PATH, destination: {name: a}}
        """,
        """
        apiVersion: secrets.hashicorp.com/v1beta1
        kind: VaultPKISecret
        metadata: {name: b, namespace: shop}
        spec: {mount: pki, role: PATH, destination: {name: b}}
        """,
    ),
    "eso": (
        """
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: a, namespace: shop}
        spec: {secretStoreRef: {name: s}, data: [{remoteRef: {key: PATH}}, {remoteRef: {key: PATH/b}}]}
        """,
        """
        apiVersion: external-secrets.io/v1
        kind: SecretStore
        metadata: {name: s, namespace: shop}
        spec: {provider: {vault: {server: "https://v", path: kv, auth: {kubernetes: {role: r}}}}}
        """,
    ),
    "csi": (
        r"""
        apiVersion: secrets-store.csi.x-k8s.io/v1
        kind: SecretProviderClass
        metadata: {name: a, namespace: shop}
        spec: {provider: vault, parameters: {roleName: r, objects: "- secretPath: kv/PATH\n- secretPath: kv/PATH/b"}}
        """,
    ),
    "injector": (
        f"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: a
          annotations:
            {V}agent-inject: "true"
            {V}agent-inject-secret-a: kv/PATH
            {V}agent-inject-secret-b: kv/PATH/b
        spec: {{containers: [{{name: c}}]}}
        """,
    ),
    "avp": (
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: a, annotations: {avp.kubernetes.io/path: kv/data/PATH}}
        data: {a: <key>, b: "<path:kv/data/PATH/b#key>"}
        """,
    ),
}
every_family = pytest.mark.parametrize("family", FAMILIES)


def tree(family: str, path: str = "app") -> list[str]:
    return [dump(_with(parse(dedent(document)), path)) for document in TREES[family]]


def _with(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {name: _with(inner, path) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with(inner, path) for inner in value]
    return value.replace("PATH", path) if isinstance(value, str) else value


@every_family
def test_it_says_what_it_reads_in_a_line(family: str) -> None:
    assert FAMILIES[family].SUMMARY.strip()
    assert "\n" not in FAMILIES[family].SUMMARY


@every_family
def test_each_reference_names_its_family_and_a_place_of_a_document(family: str) -> None:
    references = found(*tree(family)).references

    assert [reference.family for reference in references] == [family, family]
    for reference in references:
        where, keys = reference.spots["path"]
        value: Any = where.body
        for key in keys:
            value = value[key]
        assert isinstance(value, str)


@every_family
def test_the_order_of_documents_does_not_matter(family: str) -> None:
    answers = {
        tuple((reference.manifest.subject, asked(reference)) for reference in found(*documents).references)
        for documents in permutations(tree(family))
    }

    assert len(answers) == 1


@every_family
def test_each_place_is_asked_once_by_each_login(family: str) -> None:
    references = found(*tree(family)).references

    assert len({(reference.place, reference.identity.key) for reference in references}) == len(references)


@every_family
def test_what_flux_fills_in_later_is_skipped_and_counted(family: str) -> None:
    result = found(*tree(family, "${APP}"))

    assert (result.references, len(result.skipped)) == ((), 2)


@every_family
@pytest.mark.parametrize(
    "value", [None, [], "text", 3, {"provider": 1, "data": {"a": 1}, "sources": 3, "template": []}]
)
def test_documents_of_any_shape_are_no_error(family: str, value: Any) -> None:
    head = parse(tree(family)[0])
    odd = {name: content for name, content in head.items() if name not in ("spec", "data")}

    assert found(dump({**odd, "spec": value})).references == ()
