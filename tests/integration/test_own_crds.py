"""Our definitions and the incumbent's (0.10.0) in real API servers: both accept and refuse the same specs, and fill in the same defaults.

A server holds one set of a group at a time, so ours has a server of its own beside the session's `vso_cluster`. Every manifest is asked of
both, with dryRun=All and fieldValidation=Strict.
"""

from __future__ import annotations

import copy
import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from crds.crd_specs import COMPOSITES_REFUSED, DEFAULTED, FAN_IN, KINDS_OF_BOTH, NEWER, damaged
from crds.judge import Judge, judging, verdict
from hypothesis import HealthCheck, example, given, settings
from test_real_crds import SAMPLES, specs

from keywave.crds.definitions import definitions, files
from keywave.crds.kinds import KINDS, OUR_GROUP, Kind
from keywave.crds.openapi import described
from keywave.objects.vso_schemas import API_VERSION
from keywave_trees import rendered
from rig import crds as rig_crds
from rig import etcd, kubernetes
from rig.cluster import Cluster
from rig.waiting import wait_for

pytestmark = pytest.mark.integration
COMPOSITES = f"{OUR_GROUP}/v1alpha1"
EXAMPLES = Path(__file__).resolve().parents[2] / "overlays-examples"


@pytest.fixture(scope="module")
def bare(rig_folder: Path) -> Iterator[Cluster]:
    """An API server of this module, without any definitions."""
    folder = rig_folder / "own-crds"
    with etcd.etcd(folder / "etcd") as store, kubernetes.kube_apiserver(folder / "kube-apiserver", store) as started:
        yield started


@pytest.fixture(scope="module")
def ours(bare: Cluster) -> Cluster:
    """The same with our definitions, as the committed files have them."""
    texts = [text for name, text in files().items() if name != "kustomization.yaml"]
    rig_crds.install(bare, [yaml.safe_load(text) for text in texts])
    return bare


@pytest.fixture(scope="module")
def own(ours: Cluster) -> Iterator[Judge]:
    """The server with our definitions."""
    with judging(ours) as judge:
        yield judge


@pytest.fixture(scope="module")
def incumbent(vso_cluster: Cluster) -> Iterator[Judge]:
    """The server with the definitions of Vault Secrets Operator 0.10.0."""
    with judging(vso_cluster) as judge:
        yield judge


@pytest.mark.parametrize("definition", definitions(), ids=lambda d: d["spec"]["names"]["kind"])
def test_the_server_takes_each_definition_without_a_warning(definition: dict[str, Any], bare: Cluster) -> None:
    assert created_in_a_dry_run(definition, bare) == (201, [])


def test_a_definition_with_a_doubtful_name_would_be_warned_of(bare: Cluster) -> None:
    """So that the test above can fail."""
    doubtful = definitions()[0]
    doubtful["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["address"] |= {
        "format": "no-such-format"
    }
    status, warnings = created_in_a_dry_run(doubtful, bare)

    assert (status, len(warnings)) == (201, 1)


def created_in_a_dry_run(body: dict[str, Any], cluster: Cluster) -> tuple[int, list[str]]:
    """Status and the server's warnings, which kubectl shows to people."""
    url = f"{cluster.url}/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All&fieldValidation=Strict"
    headers = {"Authorization": f"Bearer {cluster.token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=30, context=ssl.create_default_context(cafile=cluster.ca_file)) as said:
        return said.status, said.headers.get_all("Warning") or []


@pytest.mark.parametrize("definition", definitions(), ids=lambda d: d["spec"]["names"]["kind"])
def test_each_definition_is_structural_and_served(definition: dict[str, Any], ours: Cluster) -> None:
    live = ours.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition["metadata"]["name"])
    held = {c["type"]: c["status"] for c in (live or {})["status"]["conditions"]}

    assert {"NamesAccepted": "True", "Established": "True"}.items() <= held.items()
    assert held.get("NonStructuralSchema", "False") == "False"
    assert (live or {})["spec"]["versions"] == definition["spec"]["versions"]


@pytest.mark.parametrize("kind", KINDS_OF_BOTH)
def test_the_fields_are_the_incumbents_but_for_newer_ones(kind: str) -> None:
    theirs = next(c for c in rig_crds.vso_crds() if c["spec"]["names"]["kind"] == kind)
    mine = next(c for c in definitions() if c["spec"]["names"]["kind"] == kind)
    newer = {path for where, path, _ in NEWER if where == kind}

    assert facts(mine, newer) == facts(theirs, set())


def facts(definition: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
    """Names and what the schema of `spec` demands, without words."""
    names, version = definition["spec"]["names"], definition["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return {
        **{name: names[name] for name in ("kind", "listKind", "plural", "singular")},
        **{name: definition["spec"][name] for name in ("group", "scope")},
        **{name: version[name] for name in ("name", "served", "storage", "subresources")},
        "spec": demands(schema, left_out, ""),
    }


def demands(schema: Any, left_out: set[str], path: str) -> Any:
    made = {key: value for key, value in schema.items() if key not in ("description", "properties", "required")}
    for entry in ("items", "additionalProperties"):
        if isinstance(schema.get(entry), dict):
            made[entry] = demands(schema[entry], left_out, path)
    inner = schema.get("properties", {})
    for name, value in inner.items():
        at = f"{path}.{name}" if path else name
        if at not in left_out:
            made.setdefault("properties", {})[name] = demands(value, left_out, at)
    # A required field that has a default is there before anybody looks.
    needed = sorted(name for name in schema.get("required", ()) if "default" not in inner[name])
    return {**made, "required": needed} if needed else made


@pytest.mark.parametrize(("kind", "spec"), SAMPLES.values(), ids=SAMPLES)
def test_both_accept_what_is_right_and_keep_the_same(
    kind: str, spec: dict[str, Any], own: Judge, incumbent: Judge
) -> None:
    answer = own.judged(kind, spec)

    assert answer[0] == 201
    assert answer == incumbent.judged(kind, spec)


@pytest.mark.parametrize(("kind", "spec", "kept"), DEFAULTED.values(), ids=DEFAULTED)
def test_both_fill_in_the_same_defaults(
    kind: str, spec: dict[str, Any], kept: dict[str, Any], own: Judge, incumbent: Judge
) -> None:
    assert [own.judged(kind, spec), incumbent.judged(kind, spec)] == [(201, kept), (201, kept)]


@pytest.mark.parametrize(("kind", "spec"), SAMPLES.values(), ids=SAMPLES)
def test_both_refuse_the_same_single_slips(kind: str, spec: dict[str, Any], own: Judge, incumbent: Judge) -> None:
    """At every place of a full spec: another type, null, out of range, gone, a field more."""
    different = []
    for slip in damaged(spec):
        mine, theirs = own.judged(kind, slip), incumbent.judged(kind, slip)
        if mine != theirs:
            different.append((slip, mine, theirs))

    assert different == []


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=specs())
@example(case=("VaultAuth", {"vaultAuthGlobalRef": {"namespace": "a.b"}}))
@example(case=("VaultAuth", {"kubernetes": {"tokenExpirationSeconds": 2**63}}))
@example(case=("VaultStaticSecret", None))
def test_random_specs_get_the_same_verdict_from_both(case: tuple[str, Any], own: Judge, incumbent: Judge) -> None:
    kind, spec = case

    assert own.judged(kind, spec) == incumbent.judged(kind, spec)


def test_a_null_is_dropped_when_it_is_created_and_refused_when_it_is_applied_by_both(
    ours: Cluster, vso_cluster: Cluster
) -> None:
    """Server-side apply (Flux) looks before it drops; a create or an update drops first."""
    body: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "VaultConnection", "metadata": {"name": "null"}}
    body["spec"] = {"address": "x", "headers": None}
    wanted = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": "test"}
    seen = []
    for cluster in (ours, vso_cluster):
        path = cluster.path(API_VERSION, "VaultConnection", "null", "default")
        applied = cluster.request("PATCH", path, body, params=wanted, content_type="application/apply-patch+yaml")
        seen.append((cluster.dry_run(body).status, applied.status, "spec.headers" in applied.message))

    assert seen == [(201, 422, True), (201, 422, True)]


@pytest.mark.parametrize(("kind", "path", "spec"), NEWER, ids=[f"{kind} {path}" for kind, path, _ in NEWER])
def test_ours_alone_knows_a_field_of_a_later_release(
    kind: str, path: str, spec: dict[str, Any], own: Judge, incumbent: Judge
) -> None:
    assert own.judged(kind, spec)[0] == 201
    refused = incumbent.answer(kind, spec)
    assert (refused.status, f'unknown field "spec.{path}"' in refused.message) == (400, True)


def test_what_the_examples_render_is_valid_for_ours(ours: Cluster) -> None:
    groups = (API_VERSION, COMPOSITES)
    found = [
        document
        for path in sorted(EXAMPLES.glob("*/**/expected/**/*.yaml"))
        for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
        if document and document["apiVersion"] in groups
    ]
    refused = [(d["kind"], a.message) for d in found if (a := ours.dry_run(d)).status not in (200, 201)]

    assert refused == []
    assert {d["kind"] for d in found} >= {"VaultConnection", "VaultAuth", "VaultStaticSecret", "VaultDynamicSecret"}


def test_what_a_fan_in_renders_is_kept_as_it_is_but_for_defaults(ours: Cluster) -> None:
    text, errors = rendered(FAN_IN, "argocd")
    (composite,) = [d for d in yaml.safe_load_all(text) if d["kind"] == "VaultCompositeSecret"]
    spec = copy.deepcopy(composite["spec"])

    assert errors == ()
    assert verdict(ours.dry_run(composite)) == (201, spec)
    assert [source["name"] for source in spec["sources"]] == ["all", "db", "old"]


COMPOSITE = {
    "vaultAuthRef": "payments",
    "refreshAfter": "1m",
    "sources": [
        {"name": "app", "kv": {"mount": "kv", "type": "kv-v2", "path": "payments/config", "version": 7}},
        {"name": "db", "dynamic": {"mount": "database", "path": "creds/rw"}, "keys": {"DB_USER": "username"}},
    ],
    "destination": {"name": "payments", "create": True},
    "rolloutRestartTargets": [{"kind": "Deployment", "name": "payments"}],
}


def test_a_composite_is_kept_with_its_defaults(own: Judge) -> None:
    kept: Any = copy.deepcopy(COMPOSITE)
    kept["hmacSecretData"] = True
    kept["sources"][1]["dynamic"]["renewalPercent"] = 67
    kept["destination"]["overwrite"] = False

    assert verdict(own.answer("VaultCompositeSecret", COMPOSITE, COMPOSITES)) == (201, kept)


@pytest.mark.parametrize(("change", "said"), COMPOSITES_REFUSED.values(), ids=COMPOSITES_REFUSED)
def test_a_composite_that_cannot_work_is_refused(change: dict[str, Any], said: str, own: Judge) -> None:
    spec = {key: value for key, value in (COMPOSITE | change).items() if value is not ...}
    answer = own.answer("VaultCompositeSecret", spec, COMPOSITES)

    assert (answer.status in (400, 422), said in answer.message) == (True, True), answer.message


def test_a_composite_without_a_spec_is_refused(own: Judge) -> None:
    answer = own.answer("VaultCompositeSecret", None, COMPOSITES)

    assert (answer.status, "spec: Required value" in answer.message) == (422, True)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_server_publishes_words_for_every_field(kind: Kind, ours: Cluster) -> None:
    """What `kubectl explain` reads."""

    def published() -> Any:
        schemas = ours.request("GET", f"/openapi/v3/apis/{kind.group}/{kind.version}").body["components"]["schemas"]
        return next((schema for name, schema in schemas.items() if name.endswith(f".{kind.kind}")), None)

    # The server puts its document together some time after the definition is established.
    schema = wait_for(f"{kind.kind} in the OpenAPI document", published)
    spec = schema["properties"]["spec"]

    assert dict(words_in(spec, "")) == dict(words_in(described(kind.spec, kind.words), ""))
    assert [path for path, text in words_in(schema["properties"]["status"], "") if not text] == []


def words_in(schema: Any, path: str) -> Iterator[tuple[str, str]]:
    """The description of each field."""
    for entry in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(entry, dict):
            yield from words_in(entry, path)
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner.get("description", "")
        yield from words_in(inner, f"{path}.{name}")
