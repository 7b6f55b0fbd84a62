"""VaultAuth: the login is really tried, so that Ready means something.

As from its own namespace and from those that use it and may: the ServiceAccount and the Secret of a login are those of the consumer's
namespace. Ready means that one of these logins works; the others are named in the message and in an event. It is False where none does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import hold, look_after_secrets
from keywave.controller.kinds.holding_credentials import Place
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.planning import plan_login
from keywave.controller.planning_globals import allowed
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import latest, write_status
from keywave.controller.timing import backoff, is_due, refresh
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

FINALIZER = "vaultauth.secrets.hashicorp.com/finalizer"
_INTERVAL = 600.0
_MOST = 16
"""Namespaces from which a login is tried in one go, beside its own."""
_OF_ALL = frozenset({"sealed", "unreachable", "rate-limited"})
"""What befalls every login to that Vault."""


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return hold(resource, world, FINALIZER)
    resource = latest(resource, world)
    again = look_after_secrets(resource, world, lambda place: _names(resource, world, place))
    if flow.suspended(resource):
        return Result(again, reason=reasons.SUSPENDED)
    try:
        plan, now = _plan(resource, world), world.now()
        spaces = _spaces(resource, world, failures)
        asked = (plan, resource.generation, frozenset(spaces))
        tried = world.memory.recall(resource.key, "tried")
        if again is not None and tried is not None and tried[0] == asked and not is_due(now, tried[1], _INTERVAL):
            # Only its Secret was looked at: a secret id may be good for few logins.
            return Result(min(again, tried[1] - now))
        message, lacking = _try(resource, world, plan, spaces)
    except (PlanProblem, VaultFault, KubeError) as problem:
        what = flow.told(problem)
        _tell(resource, world, False, what.reason, what.message)
        world.memory.keep(resource.key, "tried", None)
        wait = backoff(failures, world.chance(), first=1.0, ceiling=20.0)
        return Result(max(wait, min(what.retry_after, 60.0)), failed=True, reason=what.reason)
    _tell(resource, world, True, reasons.ACCEPTED, message, lacking)
    wait = refresh(_INTERVAL, world.chance())
    world.memory.keep(resource.key, "tried", (asked, now + wait))
    return Result(min(wait, again or wait))


def _plan(resource: Resource, world: World) -> LoginPlan:
    """Raises PlanProblem."""
    return plan_login(
        resource, world.lookup, operator_namespace=world.operator_namespace, default_globals=world.default_globals
    )


def _names(resource: Resource, world: World, place: Place) -> bool:
    """Whether the login still takes its credentials from that Secret; where nobody can tell, it does."""
    try:
        return dict(_plan(resource, world).settings).get("secretRef") == place.name
    except PlanProblem:
        return True


def _spaces(resource: Resource, world: World, failures: int) -> list[str]:
    """Whence the login is tried: its own namespace, the one where it worked last, others that use it and may. Not more than a few; after a
    failure it is the turn of the next ones."""
    own, last = resource.key.namespace, world.memory.recall(resource.key, "worked")
    named = {user.key.namespace for user in world.lookup.referrers(resource.key)}
    users = sorted(space for space in named - {own} if allowed(resource, space, world.operator_namespace))
    start = failures * _MOST % len(users) if len(users) > _MOST else 0
    turns = [*([last] if last in users else ()), *users[start:], *users[:start]]
    return [own, *dict.fromkeys(turns)][: _MOST + 1]


def _try(resource: Resource, world: World, plan: LoginPlan, spaces: Sequence[str]) -> tuple[str, bool]:
    """What was seen, and whether somebody who uses it cannot log in. Raises VaultFault where nobody can, KubeError."""
    own = resource.key.namespace
    used = {user.key.namespace for user in world.lookup.referrers(resource.key)}
    works: list[str] = []
    fails: dict[str, VaultFault] = {}
    for space in spaces:
        try:
            world.vault.log_in(plan._replace(consumer_namespace=space))
            works.append(space)
        except VaultFault as fault:
            if fault.reason in _OF_ALL and not works:
                raise
            if fault.reason in _OF_ALL:
                break
            fails[space] = fault
    mine = fails.get(own)
    if mine is not None and own not in used and (len(spaces) > 1 or not mine.status):
        del fails[own]  # it is made for others
    if not works and fails:
        raise next(iter(fails.values()))
    if not works:
        return f"not tried: {mine.summary if mine else 'nobody uses it'}, and nothing refers to it yet", False
    if own not in works:
        world.memory.keep(resource.key, "worked", works[0])
    account = dict(plan.settings).get("serviceAccount")
    names = ", ".join(f"{space}/{account}" if account else space for space in fails)
    where = "" if own in works else f" (as from {works[0]})"
    rest = f"; not as from {names}" if fails else ""
    return f"the {plan.method} login at auth/{plan.mount} works{where}{rest}", bool(fails)


def _tell(resource: Resource, world: World, ready: bool, reason: str, message: str, lacking: bool = False) -> None:
    before = flow.condition_of(resource, "Ready")
    digest = hashlib.blake2b(json.dumps(resource.spec, sort_keys=True).encode(), digest_size=32).hexdigest()
    fields = {"valid": ready, "error": "" if ready else message, "specHash": digest}
    conditions = [Condition(type, ready, reason, message) for type in ("Healthy", "Ready")]
    write_status(resource, world, fields, conditions)
    if lacking and before.get("message") != message:
        world.events.tell(resource, reasons.LOGIN, message, warning=True)
    elif before.get("reason") != reason:
        world.events.tell(resource, reason, message, warning=not ready)
    if ready and before.get("status") != "True":
        for user in world.lookup.referrers(resource.key):
            world.enqueue(user.key)
