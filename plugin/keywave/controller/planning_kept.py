"""How an object logs in, worked out again only when something that the answer came from has changed: it is asked at each refresh."""

from __future__ import annotations

from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Key, Resource
from keywave.controller.planning import key_of, plan_login
from keywave.controller.ports import Lookup, World


class _Noting:
    """A lookup that notes what was found."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup, self.found = lookup, dict[Key, Resource | None]()

    def find(self, key: Key) -> Resource | None:
        found = self.found[key] = self._lookup.find(key)
        return found

    def referrers(self, key: Key) -> tuple[Resource, ...]:
        return self._lookup.referrers(key)


def plan_of(consumer: Resource, world: World) -> LoginPlan:
    """Of a secret object. Raises PlanProblem."""
    space, find = consumer.key.namespace, world.lookup.find
    auth, name = (
        key_of("VaultAuth", consumer.spec.get("vaultAuthRef"), space, world.operator_namespace),
        f"plan {space}",
    )
    kept: tuple[LoginPlan, tuple[tuple[Key, Resource | None], ...]] | None = world.memory.recall(auth, name)
    if kept is not None and all(find(key) is found for key, found in kept[1]):
        return kept[0]
    lookup = _Noting(world.lookup)
    plan = plan_login(
        consumer, lookup, operator_namespace=world.operator_namespace, default_globals=world.default_globals
    )
    world.memory.keep(auth, name, (plan, tuple(lookup.found.items())))
    return plan
