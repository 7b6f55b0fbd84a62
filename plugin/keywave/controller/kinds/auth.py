"""VaultAuth: the login is really tried, so that Ready means something.

As from its own namespace, or from one that uses it: the ServiceAccount and the Secret of a login are those of the consumer's namespace.
"""

from __future__ import annotations

import hashlib
import json

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import hold, look_after_secrets
from keywave.controller.kinds.holding_credentials import Place
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.planning import plan_login
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import write_status
from keywave.controller.timing import backoff, refresh
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

FINALIZER = "vaultauth.secrets.hashicorp.com/finalizer"
_INTERVAL = 600.0


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return hold(resource, world, FINALIZER)
    again = look_after_secrets(resource, world, lambda place: _names(resource, world, place))
    if flow.suspended(resource):
        return Result(again, reason=reasons.SUSPENDED)
    try:
        plan, now = _plan(resource, world), world.now()
        tried = world.memory.recall(resource.key, "tried")
        if again is not None and tried is not None and tried[0] == (plan, resource.generation) and now < tried[1]:
            # Only its Secret was looked at: a secret id may be good for few logins.
            return Result(min(again, tried[1] - now))
        message = _try(resource, world, plan)
    except (PlanProblem, VaultFault, KubeError) as problem:
        what = flow.told(problem)
        _tell(resource, world, False, what.reason, what.message)
        world.memory.keep(resource.key, "tried", None)
        wait = backoff(failures, world.chance(), first=1.0, ceiling=20.0)
        return Result(max(wait, min(what.retry_after, 60.0)), failed=True, reason=what.reason)
    _tell(resource, world, True, reasons.ACCEPTED, message)
    wait = refresh(_INTERVAL, world.chance())
    world.memory.keep(resource.key, "tried", ((plan, resource.generation), now + wait))
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


def _try(resource: Resource, world: World, plan: LoginPlan) -> str:
    """What was seen. Raises VaultFault, KubeError."""
    own = resource.key.namespace
    users = {user.key.namespace for user in world.lookup.referrers(resource.key)}
    lacking = None
    for space in (own, *sorted(users - {own})):
        try:
            world.vault.log_in(plan._replace(consumer_namespace=space))
        except VaultFault as fault:
            if fault.reason != "login" or fault.status:
                raise
            lacking = lacking or fault  # no credentials in this namespace: it may be made for another
            continue
        where = "" if space == own else f" (as from {space})"
        return f"the {plan.method} login at auth/{plan.mount} works{where}"
    if lacking is not None and users:
        raise lacking
    return f"not tried: {lacking.summary if lacking else 'nobody uses it'}, and nothing refers to it yet"


def _tell(resource: Resource, world: World, ready: bool, reason: str, message: str) -> None:
    before = flow.condition_of(resource, "Ready")
    digest = hashlib.blake2b(json.dumps(resource.spec, sort_keys=True).encode(), digest_size=32).hexdigest()
    fields = {"valid": ready, "error": "" if ready else message, "specHash": digest}
    conditions = [Condition(type, ready, reason, message) for type in ("Healthy", "Ready")]
    write_status(resource, world, fields, conditions)
    if before.get("reason") != reason:
        world.events.tell(resource, reason, message, warning=not ready)
    if ready and before.get("status") != "True":
        for user in world.lookup.referrers(resource.key):
            world.enqueue(user.key)
