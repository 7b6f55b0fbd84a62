"""Restarts the workloads that use a Secret: once per change and workload, several changes at once by one restart.

Nothing waits in here: who comes too early is told when to come again. What is remembered of a workload spares restarts; without it
(after a crash) the workload's own annotation tells whether it was restarted after the Secret's write.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from keywave.controller import reasons
from keywave.controller.model import Body, Key, Resource
from keywave.controller.ports import World
from keywave.controller.status import exact, rfc3339
from keywave.kube.api_server import KubeError
from keywave.kube.client import FIELD_MANAGER
from keywave.kube.resources import SECRET, WORKLOADS
from keywave.objects.manifest import mapping, sequence

ANNOTATION = "vso.secrets.hashicorp.com/restartedAt"
WINDOW = 2.0
RETRY = 5.0
_LOOKS = 3
SKEW = 1.0
"""Seconds by which a moment that another clock has told in whole seconds may lie before the true one."""
_APART = 0.25
"""Seconds by which the clocks of two replicas may differ: too little would miss a restart, too much make one twice after a crash."""
_LASTING = ("forbidden", "invalid", "absent", "unauthorized")
_LOCK = threading.Lock()
_NAME = "restart"


class RestartOutcome(NamedTuple):
    """`done`: store the token in status.restartedFor. Else come again in `after` seconds with the same token."""

    done: bool
    after: float | None = None
    restarted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class _State(NamedTuple):
    """Of a workload: when its next restart is due (0: none is), when the last one began, and the time of one whose answer was lost: it
    may have been made, so the next try says the same time, which then changes nothing."""

    due: float = 0.0
    last: float = 0.0
    unsure: float = 0.0


def restart(
    world: World, resource: Resource, targets: Sequence[Body], token: str, *, written: float = 0.0
) -> RestartOutcome:
    """To be called after the Secret's write with what names the change; never at a first sync. `written`: a restart later than this has the
    data (`changed_at`), 0 where this process wrote them itself. Never raises KubeError: a failure is an event."""
    if not targets or resource.status.get("restartedFor") == token:
        return RestartOutcome(True)
    asked = _asked(world, resource, token, written)
    waits: list[float] = []
    restarted: list[str] = []
    failed: list[str] = []
    for kind, name in dict.fromkeys((str(t.get("kind") or ""), str(t.get("name") or "")) for t in targets):
        title = f"{kind} {name}"
        workload = Key(kind, resource.key.namespace, name)
        turn = _turn(world, workload, asked)
        if turn is None:
            continue  # restarted after our write already
        if turn.wait > 0:
            waits.append(turn.wait)
            continue
        try:
            problem = _restart_one(world, resource, workload, turn.moment, written)
        except KubeError as refused:
            if refused.reason not in _LASTING:
                _undo(world, workload, turn.moment)
                waits.append(RETRY)
                continue
            problem = f"Kubernetes refuses it ({refused.reason})"
        if problem:
            failed.append(title)
            world.events.tell(resource, reasons.RESTART_FAILED, f"{title} is not restarted: {problem}", warning=True)
        else:
            restarted.append(title)
    return RestartOutcome(not waits, max(waits, default=None), tuple(restarted), tuple(failed))


def changed_at(resource: Resource, world: World) -> float:
    """A restart later than this has the data of its Secret (seconds since 1970), 0 where that is not known: for a process that comes after
    one that ended between a restart and its note in the status. Raises nothing: without it the workload is restarted once more.

    By the status; where it does not say so by the Secret, whose write may as well have been a repair that came after the restart."""
    told = moment_of(resource.status.get("lastChangeTime"))
    if told > 0:
        return told + _APART
    name = str(resource.status.get("secretName") or mapping(resource.spec.get("destination")).get("name") or "")
    at = written_at(world, resource.key.namespace, name)
    return at + SKEW if at else 0.0


def written_at(world: World, namespace: str, name: str) -> float:
    """When we last changed a Secret, by the API server's clock, in whole seconds; 0 where that is not known. Raises nothing."""
    try:
        metadata = mapping((world.kube.get(SECRET, namespace, name) or {}).get("metadata"))
    except KubeError:
        return 0.0
    entries = [mapping(entry) for entry in sequence(metadata.get("managedFields"))]
    return max(
        [moment_of(entry.get("time")) for entry in entries if entry.get("manager") == FIELD_MANAGER], default=0.0
    )


def _asked(world: World, resource: Resource, token: str, written: float) -> float:
    known = world.memory.recall(resource.key, _NAME)
    if known is not None and known[0] == token and known[1] <= world.now():
        return float(known[1])
    asked = min(written, world.now()) if written else world.now()
    world.memory.keep(resource.key, _NAME, (token, asked))
    return asked


class _Turn(NamedTuple):
    """Seconds to wait; 0 = restart it now, as of `moment`: nobody else will."""

    wait: float
    moment: float = 0.0


def _turn(world: World, workload: Key, asked: float) -> _Turn | None:
    """None: that has been done since `asked`."""
    now = world.now()
    with _LOCK:
        state = world.memory.recall(workload, _NAME) or _State()
        if state.last > now or state.due > now + max(WINDOW, RETRY):
            state = _State()  # the clock was set back since
        if state.last >= asked and state.last:
            return None
        if not state.due:
            world.memory.keep(workload, _NAME, state._replace(due=now + WINDOW))
            return _Turn(WINDOW)
        if now < state.due:
            return _Turn(float(state.due - now))
        # Not for a change that came after it.
        moment = state.unsure if asked <= state.unsure <= now else now
        world.memory.keep(workload, _NAME, _State(0.0, moment))
        return _Turn(0.0, moment)


def _undo(world: World, workload: Key, moment: float) -> None:
    with _LOCK:
        world.memory.keep(workload, _NAME, _State(world.now() + RETRY, 0.0, moment))


def _restart_one(world: World, resource: Resource, workload: Key, moment: float, written: float) -> str:
    """What is in the way, "" for done. Looks again where the workload has changed meanwhile: another replica, which had these objects
    before or has them now, may have restarted it. Raises KubeError."""
    for _ in range(_LOOKS):
        with contextlib.suppress(_Changed):
            return _restart_as_seen(world, resource, workload, moment, written)
    raise KubeError("conflict", f"{workload.kind} {workload.name} changes all the time")


class _Changed(Exception):
    """The workload is another one than was looked at."""


def _restart_as_seen(world: World, resource: Resource, workload: Key, moment: float, written: float) -> str:
    """Raises _Changed, KubeError."""
    kind, namespace, name = workload
    type = WORKLOADS.get(kind)
    if type is None:
        return "that kind cannot be restarted"
    found = world.kube.get(type, namespace, name)
    if found is None:
        return "there is no such workload"
    spec = mapping(found.get("spec"))
    if kind == "Deployment" and spec.get("paused") is True:
        return "it is paused"
    last = restarted_at(kind, spec)
    if (written and last > written) or last > moment + 1e-3:  # or by another replica, since this one began
        return ""
    version = mapping(found.get("metadata")).get("resourceVersion")
    try:
        change = {**_change(kind, moment), "metadata": {"resourceVersion": version}}
        if world.kube.patch(type, namespace, name, change) is None:
            return "there is no such workload"
    except KubeError as refused:
        if refused.reason == "conflict":
            raise _Changed from None
        raise
    world.counting.count("keywave_rollout_restarts_total", kind, namespace)
    by_hand = mapping(spec.get("updateStrategy")).get("type") == "OnDelete"
    more = "; its pods are replaced when somebody deletes them (OnDelete)" if by_hand else ""
    world.events.tell(resource, reasons.RESTARTED, f"{kind} {name} is restarted{more}")
    return ""


def _change(kind: str, moment: float) -> Mapping[str, Any]:
    if kind == "argo.Rollout":
        return {"spec": {"restartAt": rfc3339(moment)}}
    return {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: exact(moment)}}}}}


def restarted_at(kind: str, spec: Body) -> float:
    """When we restarted a workload last, by its spec (seconds since 1970); 0: never. Pure."""
    annotations = mapping(mapping(mapping(spec.get("template")).get("metadata")).get("annotations"))
    text = spec.get("restartAt") if kind == "argo.Rollout" else annotations.get(ANNOTATION)
    return moment_of(text)


def moment_of(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
