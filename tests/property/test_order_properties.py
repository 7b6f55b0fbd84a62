"""What holds for every set: the order does not depend on how objects come, edges are respected, a second run changes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from order.sets import VSO, account, auth, connection, deployment, job, own, static

from keywave.intent.model import Operator
from keywave.objects.manifest import Manifest
from keywave.order import TARGETS, OrderOptions, order
from keywave.order.plan import APPS, plan
from keywave.order.waves import WAVE

NAMES = st.sampled_from(["a", "b", "c"])
SPACES = st.sampled_from(["", "app", "other"])
REFS = st.one_of(NAMES, st.builds("{}/{}".format, SPACES.filter(bool), NAMES), st.just(""))
OPERATOR = Operator(namespace="other", service_account="a")


def login(name: str, ns: str, ref: str, secret: str) -> Manifest:
    method = {"appRole": {"secretRef": secret}} if secret else {"kubernetes": {"serviceAccount": name}}
    return auth(name, ns=ns, spec={"kubernetes": None, "vaultConnectionRef": ref, **method})


def secret(name: str, ns: str, ref: str, create: bool) -> Manifest:
    return static(name, ns=ns, spec={"vaultAuthRef": ref, "destination": {"name": name, "create": create}})


def operator_binding(ns: str) -> Manifest:
    return Manifest(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "operator", "namespace": ns or "app"},
            "roleRef": {"kind": "Role", "name": "a"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "other", "name": "a"}],
        }
    )


OBJECTS = st.one_of(
    st.builds(lambda n, s: connection(n, ns=s), NAMES, SPACES),
    st.builds(login, NAMES, SPACES, REFS, st.sampled_from(["", "", "a", "b"])),
    st.builds(secret, NAMES, SPACES, REFS, st.booleans()),
    st.builds(lambda n, s: account(n, ns=s), NAMES, SPACES),
    st.builds(lambda n, s: own("v1", "Secret", n, ns=s), NAMES, SPACES),
    st.builds(lambda n: own("v1", "Namespace", n, ns=""), SPACES.filter(bool)),
    st.builds(lambda n, s, r: deployment(n, r, ns=s), NAMES, SPACES, NAMES),
    st.builds(lambda n, s, r: job(n, r, ns=s), NAMES, SPACES, NAMES),
    st.builds(lambda n, s: own(VSO, "SecretTransformation", n, {}, ns=s), NAMES, SPACES),
    st.builds(operator_binding, SPACES),
)
WAVES = st.one_of(st.none(), st.none(), st.integers(-4, 4))


def unique(manifests: list[Manifest]) -> list[Manifest]:
    return list({(m.kind, m.namespace or "app", m.name): m for m in manifests}.values())


SETS = st.lists(OBJECTS, max_size=14).map(unique)


def options(target: str) -> OrderOptions:
    return OrderOptions(target, namespace="app", operator=OPERATOR, name="x")


def ours(manifests: list[Manifest]) -> bool:
    return plan(manifests, "app", OPERATOR).ours


@given(manifests=SETS.filter(ours), target=st.sampled_from(sorted(TARGETS)), data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_order_does_not_depend_on_how_objects_come(
    manifests: list[Manifest], target: str, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(manifests))

    first, second = order(manifests, options(target)), order(shuffled, options(target))

    assert [m.body for m in second.manifests] == [m.body for m in first.manifests]
    assert [m.body for m in second.extra] == [m.body for m in first.extra]
    assert {f.message for f in second.findings} == {f.message for f in first.findings}


@given(manifests=SETS, target=st.sampled_from(sorted(TARGETS)))
@settings(max_examples=150, deadline=None)
def test_every_edge_is_respected(manifests: list[Manifest], target: str) -> None:
    made = plan(manifests, "app", OPERATOR)
    ordered = order(manifests, options(target))
    place = {(m.kind, m.namespace, m.name): number for number, m in enumerate(ordered.manifests)}
    layer = {(m.kind, m.namespace, m.name): each.number for each in ordered.layers for m in each.manifests}
    keys = [(m.kind, m.namespace, m.name) for m in manifests]

    assert len(place) == len(manifests)
    assert sum(f.code == "KW4001" for f in ordered.findings) == len(made.cycles)
    if made.cycles:
        return
    for edge in made.edges:
        before, after = keys[edge.before], keys[edge.after]
        assert place[before] < place[after]
        assert layer[before] < layer[after] if edge.gate else layer[before] <= layer[after]


@given(manifests=SETS)
@settings(max_examples=150, deadline=None)
def test_waves_respect_every_edge(manifests: list[Manifest]) -> None:
    """A workload stands at 0 without an annotation; an edge to it holds because everything else is below."""
    made = plan(manifests, "app", OPERATOR)
    if made.cycles:
        return
    ordered = order(manifests, options("argocd"))
    number = {(m.kind, m.namespace, m.name): int(m.annotations.get(WAVE, 0)) for m in ordered.manifests}
    keys = [(m.kind, m.namespace, m.name) for m in manifests]

    for edge in made.edges:
        before, after = number[keys[edge.before]], number[keys[edge.after]]
        assert before < after if edge.gate else before <= after


@given(
    manifests=SETS.filter(ours),
    numbers=st.lists(WAVES, min_size=14, max_size=14),
)
@settings(max_examples=200, deadline=None)
def test_explicit_waves_are_kept_and_what_they_break_is_told(
    manifests: list[Manifest], numbers: list[int | None]
) -> None:
    """Without an error every gate and every need holds in the numbers that come out."""
    marked = [m if n is None else m.with_annotations({WAVE: str(n)}) for m, n in zip(manifests, numbers, strict=False)]
    ordered = order(marked, options("argocd"))
    number = {(m.kind, m.namespace, m.name): int(m.annotations.get(WAVE, 0)) for m in ordered.manifests}
    keys = [(m.kind, m.namespace, m.name) for m in marked]
    made = plan(marked, "app", OPERATOR)
    numbered = [(e, number[keys[e.before]], number[keys[e.after]]) for e in made.edges]
    gates = any(e.gate and before >= after for e, before, after in numbered)
    needs = any(made.stages[e.after] != APPS and before > after for e, before, after in numbered)
    codes = {f.code for f in ordered.findings}

    assert all(number[k] == n for k, n in zip(keys, numbers, strict=False) if n is not None)
    if not made.cycles:
        assert ("KW4003" in codes) == gates
        assert not needs or codes & {"KW4003", "KW4005", "KW4007"}


@given(manifests=SETS, target=st.sampled_from(sorted(TARGETS)))
@settings(max_examples=150, deadline=None)
def test_ordering_again_changes_nothing(manifests: list[Manifest], target: str) -> None:
    once = order(manifests, options(target))

    again = order(once.manifests, options(target))

    assert all(second is first for first, second in zip(once.manifests, again.manifests, strict=True))
    assert again.findings == once.findings
