"""What all kinds that write a Secret share: why something failed and when to come back, what a success says, the annotations for people.

The rule of `Ready`: the Secret exists for this generation of the object. As long as that is so, a failure leaves it True and tells of
itself in the message and in `SecretSynced`: an outage of Vault must not hold a rollout back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from keywave.controller import planning_kept, reasons
from keywave.controller.content.transformation import Transformation, references, transformation_of
from keywave.controller.kinds.holding_credentials import held_by
from keywave.controller.model import Body, Condition, Key, Resource, Result
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import latest, write_status
from keywave.controller.timing import LONGEST_WAIT, backoff
from keywave.controller.types import SECRET_KINDS, TYPES
from keywave.kube.api_server import KubeError
from keywave.kube.resources import is_name
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import VaultFault

REFRESH = "reconcile.keywave.dev/refresh"
SUSPEND = "reconcile.keywave.dev/suspend"

_OF_VAULT = {
    "forbidden": reasons.FORBIDDEN,
    "absent": reasons.NOT_FOUND,
    "deleted": reasons.DELETED,
    "refused": reasons.REFUSED,
    "login": reasons.LOGIN,
    "sealed": reasons.SEALED,
    "rate-limited": reasons.RATE_LIMITED,
    "unreachable": reasons.UNREACHABLE,
    "invalid": reasons.INVALID,
}
_SHORT = frozenset(
    {reasons.SEALED, reasons.UNREACHABLE, reasons.RATE_LIMITED, reasons.LOGIN, reasons.INVALID_REFERENCE}
)
"""These mend themselves outside the object, often soon: the first tries come sooner."""

Problem = PlanProblem | VaultFault | KubeError
plan_of = planning_kept.plan_of  # of a secret object


class Told(NamedTuple):
    """A problem in the words of conditions."""

    reason: str
    message: str
    retry_after: float = 0.0


def told(problem: Problem) -> Told:
    if isinstance(problem, VaultFault):
        return Told(_OF_VAULT.get(problem.reason, reasons.UNREACHABLE), problem.summary, problem.retry_after)
    if isinstance(problem, KubeError):
        return Told(reasons.KUBERNETES, str(problem), problem.retry_after)
    return Told(problem.reason, problem.message)


def transformation_for(resource: Resource, world: World, destination: Body) -> Transformation:
    """Raises PlanProblem."""
    shared = {key: world.lookup.find(key) for key in references(resource, destination)}
    return transformation_of(resource, destination, shared)


def check_names(resource: Resource, world: World) -> None:
    """What the object itself and those that it names tell, before the API server or Vault is asked for anything: thousands of objects that
    can never work cost nothing at a retry. Raises PlanProblem."""
    transformation_for(resource, world, destination_of(resource))
    plan_of(resource, world)


def never_synced(resource: Resource) -> bool:
    """Whether its status tells of no Secret that was written for it."""
    return not resource.status.get("lastGeneration")


def suspended(resource: Resource) -> bool:
    return resource.annotations.get(SUSPEND) == "true"


def refresh_asked(resource: Resource) -> str | None:
    """The annotation's value, where it has not been answered yet."""
    value = resource.annotations.get(REFRESH)
    return value if value and value != resource.status.get("lastRefreshRequest") else None


def guarded(resource: Resource, world: World, failures: int, work: Callable[[Resource, World], Result]) -> Result:
    """`work`, unless the object is suspended; what it raises becomes conditions. Raises KubeError as `failed` does."""
    resource = latest(resource, world)
    if suspended(resource):
        return suspend(resource, world)
    try:
        return work(resource, world)
    except (PlanProblem, VaultFault, KubeError) as problem:
        return failed(resource, world, problem, failures)


def suspend(resource: Resource, world: World) -> Result:
    """Nothing is read or written; whoever looks sees why."""
    condition = Condition("SecretSynced", None, reasons.SUSPENDED, f"the annotation {SUSPEND} is set")
    write_status(resource, world, {}, [_ready(resource, world, condition), condition])
    return Result(reason=reasons.SUSPENDED)


def failed(resource: Resource, world: World, problem: Problem, failures: int) -> Result:
    """Conditions, one event where it is news, and when to come back. Raises KubeError where the status cannot be written."""
    what = told(problem)
    if isinstance(problem, KubeError) and problem.reason == "conflict":
        return Result(0.2 * (1 + failures), failed=True, reason=what.reason)
    condition = Condition("SecretSynced", False, what.reason, what.message)
    before = condition_of(resource, "SecretSynced")
    fields = {} if "error" not in _fields(resource) else {"valid": False, "error": what.message}
    write_status(resource, world, fields, [_ready(resource, world, condition), condition])
    if before.get("reason") != what.reason or before.get("status") != "False":
        world.events.tell(resource, what.reason, what.message, warning=True)
    world.counting.count("vso_secret_sync_error_total", resource.key.kind, resource.key.namespace, what.reason)
    first = 1.0 if what.reason in _SHORT else 5.0
    wait = max(backoff(failures, world.chance(), first=first), min(what.retry_after, LONGEST_WAIT))
    return Result(wait, failed=True, reason=what.reason)


def success(message: str) -> tuple[Condition, Condition]:
    return Condition("Ready", True, reasons.SYNCED, message), Condition("SecretSynced", True, reasons.SYNCED, message)


def condition_of(resource: Resource, type: str) -> Body:
    """{} where there is none."""
    found = [mapping(entry) for entry in sequence(resource.status.get("conditions"))]
    return next((entry for entry in found if entry.get("type") == type), {})


def exists_for_this_generation(resource: Resource) -> bool:
    """Whether the Secret has been written for the object as it is now, by us or by the incumbent."""
    return resource.status.get("lastGeneration") == resource.generation and bool(resource.generation)


def let_go(resource: Resource, world: World, *finalizers: str) -> Result:
    """Takes finalizers off an object that is being deleted. Raises KubeError."""
    world.memory.forget(resource.key)
    left = [name for name in resource.finalizers if name not in finalizers]
    if len(left) != len(resource.finalizers):
        set_finalizers(resource, world, left)
        _tell_login(resource, world)
    return Result()


def _tell_login(resource: Resource, world: World) -> None:
    """It may be the last one for which the Secret of the login was kept."""
    if resource.key.kind not in SECRET_KINDS:
        return
    with contextlib.suppress(PlanProblem):
        plan = plan_of(resource, world)
        for kind, ref in (("VaultAuth", plan.auth_ref), ("VaultConnection", plan.connection.ref)):
            namespace, _, name = ref.partition("/")
            found = world.lookup.find(Key(kind, namespace, name))
            if found is not None and held_by(found):
                world.enqueue(found.key)


def set_finalizers(resource: Resource, world: World, names: Sequence[str]) -> None:
    """Raises KubeError(conflict) when somebody else changed the object."""
    metadata = {"finalizers": list(names), "resourceVersion": resource.version}
    namespace, name = resource.key.namespace, resource.key.name
    world.kube.patch(TYPES[resource.key.kind], namespace, name, {"metadata": metadata})


def synced(resource: Resource, world: World, *, wrote: bool, rotated: bool) -> None:
    """Counts a success."""
    key = resource.key
    world.counting.count("vso_secret_sync_total", key.kind, key.namespace)
    world.counting.set("keywave_last_success_seconds", world.now(), key.kind, key.namespace, key.name)
    if rotated:
        world.counting.count("vso_secret_rotation_total", key.kind, key.namespace)
    if wrote:
        reason = reasons.ROTATED if rotated else reasons.SYNCED
        name = mapping(resource.spec.get("destination")).get("name")
        world.events.tell(resource, reason, f"wrote the Secret {name}")


def _ready(resource: Resource, world: World, condition: Condition) -> Condition:
    """Where Kubernetes does not say whether the Secret is there, what was written last counts."""
    exists = exists_for_this_generation(resource)
    try:
        name = destination_of(resource)["name"]
        exists = exists and world.secrets.observe(resource.key.namespace, name) is not None
    except PlanProblem:
        exists = False
    except KubeError:
        pass
    return condition._replace(type="Ready", status=exists)


def _fields(resource: Resource) -> Mapping[str, Any]:
    """PKI objects have a verdict beside the conditions."""
    return {"error": None} if resource.key.kind == "VaultPKISecret" else {}


def destination_of(resource: Resource) -> Body:
    """Raises PlanProblem where it names no Secret."""
    destination = mapping(resource.spec.get("destination"))
    name = str(destination.get("name") or "")
    if not is_name(name):
        raise PlanProblem(reasons.INVALID, f"destination.name {name[:100]!r} is no name that a Secret can have")
    return destination
