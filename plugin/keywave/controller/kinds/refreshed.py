"""What is read every `refreshAfter` and kept in a Secret: a VaultStaticSecret, a VaultCompositeSecret of KV secrets.

gather: the Secret as it is, what was done last, what the object asks. decide (pure): rest, or read. act: the Secret, the status, the
restarts; in this order, so that a crash between two steps loses no restart (status.restartedFor lags behind secretMAC). Where nothing was
written yet the Secret is looked at when Vault has answered: thousands of objects that Vault refuses cost the API server nothing.

An answer that is what it was last makes no new data, unless the Secret has to be written: so a template that makes another text each
time (`bcrypt`, `randInt`) rotates with Vault's secret and at the start of a process, not at each refresh.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from keywave.controller.content.transformation import Transformation, references
from keywave.controller.destination import Verdict, Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import refreshed_restarts as restarts
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.mac import same
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import Observed, World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import exact, write_status
from keywave.controller.timing import first_turn, is_due, next_turn, refresh_interval, shared_age

_KEY = os.urandom(32)
"""Of this process: what it makes is kept in memory only."""
_SHIFT = _KEY[0] / 256
"""Seconds: the turns of two processes do not come together."""


class Read(NamedTuple):
    """What Vault answered. `at`: when the oldest part was asked; `values`: all that the data is made of; `data` makes it, and raises
    PlanProblem; `fields`: of the status."""

    at: float
    values: Any
    data: Callable[[Transformation], dict[str, bytes]]
    fields: Mapping[str, Any]


Reader = Callable[[Resource, World, float], Read]
"""Of a kind: reads what the object names, answers of at most so many seconds. Raises PlanProblem, VaultFault."""


class Done(NamedTuple):
    """What was last done for the object: `mac` of the data, for which generation, when it is read again. `answer` (keyed hash of what
    Vault said) and `form` (what else went into the data): b"" and () where an earlier process did it. `version`: of the object when its
    status was found to say all this, "" where it had to be written."""

    generation: int
    mac: str
    due: float
    answer: bytes = b""
    form: tuple[Any, ...] = ()
    version: str = ""


class Seen(NamedTuple):
    """`known`: it was synced in this generation; `told`: the status says so; `intact`: the Secret is as it was written; `asked`: somebody
    wants it read now."""

    now: float
    due: float
    interval: float
    known: bool = True
    told: bool = True
    intact: bool = True
    asked: bool = False


class _View(NamedTuple):
    """`verdict`: on the Secret with the data of `done`; None where nothing was done for this generation. `observed` is None,
    too, as long as nothing was written for it: it has not been looked at."""

    resource: Resource
    destination: Body
    observed: Observed | None
    interval: float
    done: Done | None
    verdict: Verdict | None


def decide(seen: Seen) -> str:
    """ask, first, mend, refresh or rest; all but the last are a read."""
    if seen.asked:
        return "ask"
    if not seen.known:
        return "first"
    if not seen.told or not seen.intact:
        return "mend"
    return "refresh" if is_due(seen.now, seen.due, seen.interval) else "rest"


def reconcile(resource: Resource, world: World, source: Body, read: Reader) -> Result:
    """`source`: the fields that say what is read (first). Raises PlanProblem, VaultFault, KubeError."""
    view, now = _gather(resource, world, source), world.now()
    step = decide(_seen(view, now))
    if step == "rest" and view.done is not None:
        return restarts.after_restarts(resource, world, view.done.due - now)
    if step != "refresh":
        flow.check_names(resource, world)
    ages = {"ask": 0.0, "first": 1.0}
    found = read(resource, world, ages.get(step, shared_age(view.interval)))
    return _act(view, world, found, next_turn(found.at - _SHIFT, view.interval, _phase(resource, source)) + _SHIFT)


def _gather(resource: Resource, world: World, source: Body) -> _View:
    kept: _View | None = world.memory.recall(resource.key, "view")
    if kept is not None and kept.resource is not resource:
        kept = None
    destination = kept.destination if kept is not None else flow.destination_of(resource)
    done: Done | None = world.memory.recall(resource.key, "done")
    interval = kept.interval if kept is not None else refresh_interval(resource.spec.get("refreshAfter"))
    if not flow.exists_for_this_generation(resource):
        return _View(resource, destination, None, interval, done, None)
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    if kept is not None and kept.observed is observed and _alike(kept.done, done):
        return kept._replace(done=done)  # mostly nothing is new, and all of this is asked at each refresh
    if done is None:
        done = _after_start(resource, world, observed, first_turn(world.now(), interval, _phase(resource, source)))
    verdict = None
    if done is not None and done.generation == resource.generation:
        verdict = judge(resource, destination, Wanted(done.mac), observed)
    view = _View(resource, destination, observed, interval, done, verdict)
    world.memory.keep(resource.key, "view", view)
    return view


def _alike(one: Done | None, other: Done | None) -> bool:
    return one is not None and other is not None and (one.generation, one.mac) == (other.generation, other.mac)


def _phase(resource: Resource, source: Body) -> float:
    """Equal for those that read the same by the same login; another one in each process, so that clusters do not come together."""
    asked = [resource.spec.get("vaultAuthRef"), *map(source.get, ("namespace", "mount", "path", "version"))]
    return hash((resource.key.namespace, *map(str, asked))) % (1 << 20) / (1 << 20)


def _seen(view: _View, now: float) -> Seen:
    resource, verdict, asked = view.resource, view.verdict, flow.refresh_asked(view.resource) is not None
    if verdict is None or view.done is None:
        return Seen(now, 0.0, view.interval, known=False, asked=asked)
    told = view.done.version == resource.version or all(
        flow.condition_of(resource, type).get("status") in (None, "True") for type in ("Ready", "SecretSynced")
    )
    return Seen(now, view.done.due, view.interval, told=told, intact=verdict.action == "unchanged", asked=asked)


def _after_start(resource: Resource, world: World, observed: Observed | None, due: float) -> Done | None:
    """What the status says was done by an earlier process; None where it is not in sync."""
    mac = str(resource.status.get("secretMAC") or "")
    if not mac and not hashed(resource):
        mac = observed.mac if observed is not None else ""
    ready = flow.condition_of(resource, "Ready")
    told = world.status_fields is not None or (
        ready.get("status") == "True" and ready.get("observedGeneration") == resource.generation
    )
    if not mac or not told or not flow.exists_for_this_generation(resource):
        return None
    made = Done(resource.generation, mac, due)
    world.memory.keep(resource.key, "done", made)
    return made


def hashed(resource: Resource) -> bool:
    """Whether the status is to have the data's MAC. Restarts need it."""
    return resource.spec.get("hmacSecretData") is not False


def _act(view: _View, world: World, read: Read, due: float) -> Result:
    if not flow.exists_for_this_generation(view.resource):
        view = view._replace(observed=world.secrets.observe(view.resource.key.namespace, view.destination["name"]))
    resource, destination, done = view.resource, view.destination, view.done
    answer, form = _answer(read.values), _form(resource, world, destination)
    made = Done(resource.generation, "", due, answer, form)
    renewed = resource.status.get("lastGeneration") != resource.generation
    data: dict[str, bytes] | None = None
    if done is not None and done.answer and (done.answer, done.form) == (made.answer, made.form):
        made = made._replace(mac=done.mac)
    else:
        data, made = _data(view, world, read, made)
    verdict = view.verdict if data is None and not renewed else None
    verdict = verdict or judge(resource, destination, Wanted(made.mac, renewed=renewed), view.observed)
    if verdict.action == "refuse":
        raise PlanProblem(verdict.reason, verdict.message)
    if verdict.action != "unchanged":
        if data is None:
            data, made = _data(view, world, read, made)
        write(world, resource, verdict, data)
    elif data is None and done is not None and done.version == resource.version:
        world.memory.keep(resource.key, "done", made._replace(version=done.version))
        flow.synced(resource, world, wrote=False, rotated=False)
        return restarts.after_restarts(resource, world, max(made.due - world.now(), 0.5))
    if renewed:
        prune(world, resource, destination["name"])
    return _tell(view, world, made, verdict, read.fields)


def _data(view: _View, world: World, read: Read, made: Done) -> tuple[dict[str, bytes], Done]:
    data = read.data(flow.transformation_for(view.resource, world, view.destination))
    return data, made._replace(mac=world.secrets.mac(data))


def _answer(values: Any) -> bytes:
    """A hash of it. Pickled, since JSON does not tell a number from a text with digits; never unpickled. b"" for what is nested too deeply:
    it counts as new each time."""
    try:
        return hashlib.blake2b(pickle.dumps(values, 5), key=_KEY, digest_size=32).digest()
    except RecursionError:
        return b""


def _form(resource: Resource, world: World, destination: Body) -> tuple[Any, ...]:
    """What the data is made of beside the answer."""
    shared = map(world.lookup.find, references(resource, destination))
    known = tuple((found.uid, found.generation) if found is not None else None for found in shared)
    return resource.generation, resource.labels, resource.annotations, known


def _tell(view: _View, world: World, made: Done, verdict: Verdict, more: Mapping[str, Any]) -> Result:
    """The status, then the restarts. `more`: further fields of the status."""
    resource, name, mac = view.resource, view.destination["name"], made.mac
    before, restarted_for = (str(resource.status.get(field) or "") for field in ("secretMAC", "restartedFor"))
    rotated = bool(before) and before != mac and not _only_the_key_is_new(view, world, mac)
    restarting = restarts.begin(resource, world, mac, rotated=rotated)
    fields = {
        "lastGeneration": resource.generation,
        "secretMAC": mac if hashed(resource) else None,
        "secretName": name,
        "lastRefreshRequest": resource.annotations.get(flow.REFRESH),
        # It lags behind secretMAC until the restart was made, whatever happens to this process.
        "restartedFor": (restarted_for or before) if restarting else mac if hashed(resource) else None,
        **more,
    }
    if hashed(resource) and (rotated or not before):
        fields["lastChangeTime"] = exact(world.now())
    told = write_status(resource, world, fields, flow.success(f"the Secret {name} holds what Vault has"))
    flow.synced(resource, world, wrote=verdict.action != "unchanged", rotated=rotated)
    world.memory.keep(resource.key, "done", made if told else made._replace(version=resource.version))
    fresh = resource._replace(status={**resource.status, **fields})
    return restarts.after_restarts(fresh, world, max(made.due - world.now(), 0.5))


def _only_the_key_is_new(view: _View, world: World, mac: str) -> bool:
    """Whether status.secretMAC differs because the key of MACs was lost: the Secret held these very data before this process wrote anything
    (what it wrote itself before a failure is to be restarted for), and no restart was owed."""
    status, ours = view.resource.status, view.done is not None and view.done.answer != b""
    if not world.secrets.fresh_key or ours or view.observed is None or not same(view.observed.mac, mac):
        return False
    owed = status.get("restartedFor") not in (None, "", status.get("secretMAC"))
    return not owed and not restarts.begun(view.resource, world, mac)
