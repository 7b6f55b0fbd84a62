"""Exactness: a planned policy allows each request of its references and no other, as the evaluator of Vault's rules decides."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from policy.policy_sets import asks, kv

from keywave.policy.plan import plan_policies
from keywave.policy.rules import policy_text
from keywave.references.model import Reference
from keywave.references.needs import need_of
from keywave.references.resolve import resolve
from keywave.vault.acl.evaluate import Acl, Asked
from keywave.vault.acl.policy import CAPABILITIES, parse_policy
from keywave.vault.inventory import Inventory

NAME = st.sampled_from(["a", "b", "a*", "+", "a+", "data", "$", 'q"', "a b", "ä"])
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)
REFERENCE = st.one_of(
    st.builds(lambda path, engine: kv(path, engine=engine), PATH, st.sampled_from([1, 2])),
    st.builds(
        lambda path, params: asks("dynamic", "db", f"creds/{path}", params=params),
        NAME,
        st.sampled_from([{}, {"ttl": "1h"}]),
    ),
    st.builds(lambda role, revoke: asks("pki", "pki", role, spec={"revoke": revoke}), NAME, st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(REFERENCE, min_size=1, max_size=5), st.lists(PATH, max_size=5))
def test_needs_are_allowed_and_nothing_else(references: list[Reference], others: list[str]) -> None:
    plan = plan_policies(references)
    left_out = {skipped.label for skipped in plan.skipped}
    written = [
        r for r in references if r.manifest.subject not in left_out or r.place[1] not in skipped_paths(plan.skipped)
    ]
    needs = {(n.api_path, n.capability) for n in (need_of(r, resolve(r, Inventory())) for r in written)}
    own = {("pki/revoke", "update"), ("sys/leases/revoke", "update")}
    acl = Acl([parse_policy(p.name, policy_text(p)) for target in plan.targets for p in target.policies])

    assert all(acl.decide(Asked(path, capability)).allowed for path, capability in needs)
    asked = {
        f"{mount}{path}" for mount in ("kv/", "kv/data/", "kv/metadata/", "db/creds/", "pki/issue/") for path in others
    }
    asked |= {path for path, _ in needs} | {f"{path}/x" for path, _ in needs}
    beyond = {
        (path, capability)
        for path in asked
        for capability in CAPABILITIES
        if capability != "deny" and acl.decide(Asked(path, capability)).allowed
    }
    assert beyond - own == {(path, capability) for path, capability in needs if path in asked}


def skipped_paths(skipped: tuple[object, ...]) -> set[str]:
    return {path for each in skipped for path in each.paths}  # type: ignore[attr-defined]
