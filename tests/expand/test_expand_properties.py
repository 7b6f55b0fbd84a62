"""Over generated intents: the order does not matter, a second run changes nothing, and every object fits its schema."""

from __future__ import annotations

from typing import Any

from builders import PROFILE
from hypothesis import given, settings
from hypothesis import strategies as st

from keywave.expand import expand
from keywave.findings import has_errors
from keywave.intent.load import Loaded, load
from keywave.objects.manifest import Manifest
from keywave.objects.structural import check
from keywave.objects.vso_schemas import SPEC_SCHEMAS
from keywave.objects.yamlio import dump, parse
from keywave.validate.consumers import check_consumers

NAMES = st.sampled_from(["a", "b", "web", "db", "payments"])
KEYS = st.dictionaries(st.sampled_from(["A", "B", "tls.crt"]), st.sampled_from(["a", "b", 'q"uote', "é"]), min_size=1)
DURATIONS = st.sampled_from(["30s", "5m", "1h"])


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


KV = st.builds(lambda path, more: {"kv": path, **more}, NAMES, _optional(keys=KEYS, version=st.integers(1, 9)))
DYNAMIC = st.builds(
    lambda path, more: {"dynamic": f"creds/{path}", **more},
    NAMES,
    _optional(keys=KEYS, renewalPercent=st.integers(0, 90), revoke=st.booleans(), allowStaticCreds=st.booleans()),
)
PKI = st.builds(
    lambda role, more: {"pki": role, "commonName": "a.example.com", "ttl": "720h", **more},
    NAMES,
    _optional(services=st.lists(NAMES, unique=True), revoke=st.booleans(), format=st.sampled_from(["pem", "der"])),
)
DELIVERY = _optional(
    labels=st.just({"team": "x"}),
    overwrite=st.booleans(),
    restart=st.booleans(),
    serviceAccount=NAMES,
    excludeRaw=st.booleans(),
)
SPECS = st.one_of(
    st.builds(lambda source, more: {**source, **more}, st.one_of(KV, DYNAMIC, PKI), DELIVERY),
    st.builds(
        lambda one, two, more: {"sources": {"one": one, "two": two}, **more},
        KV.map(lambda s: {"kv": s["kv"]}),
        DYNAMIC,
        DELIVERY,
    ),
)
INTENTS = st.dictionaries(st.tuples(st.sampled_from(["shop", "back"]), NAMES), SPECS, min_size=1, max_size=5)


def _workload(namespace: str, secret: str) -> Manifest:
    pod = {
        "serviceAccountName": f"sa-{secret}",
        "containers": [{"name": "app", "envFrom": [{"secretRef": {"name": secret}}]}],
    }
    metadata = {"name": f"run-{secret}", "namespace": namespace}
    return Manifest(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": pod}}}
    )


def _load(intents: dict[tuple[str, str], dict[str, Any]]) -> Loaded:
    manifests = [Manifest(parse(PROFILE))]
    for (namespace, name), spec in intents.items():
        metadata = {"name": name, "namespace": namespace}
        body = {"apiVersion": "keywave.dev/v1alpha1", "kind": "SecretIntent", "metadata": metadata, "spec": spec}
        manifests += [Manifest(body), _workload(namespace, name)]
    loaded = load(manifests)
    assert not has_errors(loaded.findings), loaded.findings
    return loaded


@settings(max_examples=60, deadline=None)
@given(INTENTS, st.randoms(use_true_random=False))
def test_expansion_is_a_function_of_the_set_of_intents(
    intents: dict[tuple[str, str], dict[str, Any]], random: Any
) -> None:
    loaded = _load(intents)
    shuffled = list(loaded.intents)
    random.shuffle(shuffled)

    straight, turned = expand(loaded), expand(loaded._replace(intents=tuple(shuffled)))

    assert [dump(m.body) for m in turned.manifests] == [dump(m.body) for m in straight.manifests]
    assert turned.findings == straight.findings


@settings(max_examples=60, deadline=None)
@given(INTENTS)
def test_every_object_fits_its_schema(intents: dict[tuple[str, str], dict[str, Any]]) -> None:
    for manifest in expand(_load(intents)).manifests:
        if manifest.made_by and manifest.kind in SPEC_SCHEMAS:
            assert check(manifest.spec, SPEC_SCHEMAS[manifest.kind]) == [], manifest.body


@settings(max_examples=30, deadline=None)
@given(INTENTS)
def test_a_second_run_over_the_result_gives_the_same(intents: dict[tuple[str, str], dict[str, Any]]) -> None:
    loaded = _load(intents)
    once = expand(loaded).manifests
    again = expand(loaded._replace(rest=tuple(m for m in once if not m.made_by)))

    assert [m.body for m in again.manifests] == [m.body for m in once]


FIELDS = [
    "spec",
    "template",
    "containers",
    "initContainers",
    "volumes",
    "env",
    "envFrom",
    "secretRef",
    "name",
    "secret",
    "secretName",
    "items",
    "key",
    "valueFrom",
    "secretKeyRef",
    "volumeMounts",
    "mountPath",
    "projected",
    "sources",
    "tls",
    "listeners",
    "certificateRefs",
    "workloadRef",
    "imagePullSecrets",
    "destination",
    "target",
    "jobTemplate",
    "serviceAccountName",
    "secretObjects",
    "subPath",
]
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["payments", "app", "/x", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
BODIES = st.builds(
    lambda kind, spec: {
        "apiVersion": kind[0],
        "kind": kind[1],
        "metadata": {"name": "app", "namespace": "shop"},
        "spec": spec,
    },
    st.sampled_from(
        [
            ("apps/v1", "Deployment"),
            ("v1", "Pod"),
            ("v1", "ServiceAccount"),
            ("batch/v1", "CronJob"),
            ("argoproj.io/v1alpha1", "Rollout"),
            ("networking.k8s.io/v1", "Ingress"),
            ("gateway.networking.k8s.io/v1", "Gateway"),
            ("secrets.hashicorp.com/v1beta1", "VaultAuth"),
            ("external-secrets.io/v1", "ExternalSecret"),
        ]
    ),
    st.one_of(JUNK, JUNK.map(lambda junk: {"template": {"spec": {"containers": [junk], "volumes": [junk]}}})),
)
WIRED = {
    ("shop", "payments"): {
        "kv": "a",
        "serviceAccount": "s",
        "restart": False,
        "consumers": [{"workload": "app", "envFrom": True, "env": {"A": "a"}, "mountPath": "/x"}],
    }
}


@settings(max_examples=200, deadline=None)
@given(st.lists(BODIES, max_size=3))
def test_malformed_objects_of_the_user_never_stop_it(bodies: list[dict[str, Any]]) -> None:
    loaded = _load(WIRED)
    rest = tuple(Manifest(body) for body in bodies)

    result = expand(loaded._replace(rest=rest))

    assert len(result.manifests) >= len(rest)
    assert all(finding.where.keys for finding in check_consumers(result.manifests, loaded))
