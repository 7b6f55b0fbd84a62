"""The values of a VaultCompositeSecret's sources: read, issued, or taken out of the Secret again; local to one write, kept nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.controller.content.data import build_data
from keywave.controller.content.transformation import Transformation
from keywave.controller.destination import Verdict
from keywave.controller.kinds import leases, static
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.composite_parts import Part, merge
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Body, Resource
from keywave.controller.ports import Observed, World
from keywave.controller.timing import is_due, refresh_interval, shared_age
from keywave.kube.resources import SECRET
from keywave.objects.manifest import mapping
from keywave.vault.values import Payload, ValueRequest, VaultFault, dynamic


class View(NamedTuple):
    """`steps`: source -> issue, renew, token or rest; `due`: when the other sources are read again; `form`: hash of how
    the Secret is made."""

    resource: Resource
    destination: Body
    observed: Observed | None
    verdict: Verdict
    parts: tuple[Part, ...]
    steps: Mapping[str, str]
    due: float
    form: str

    @property
    def lost(self) -> bool:
        """Whether the Secret does not hold our data any more."""
        return self.verdict.action in ("create", "recreate") or "data" in self.verdict.drifted

    def writing(self, now: float) -> bool:
        status, synced = self.resource.status, flow.condition_of(self.resource, "SecretSynced").get("status")
        told = flow.exists_for_this_generation(self.resource) and synced in (None, "True")
        rewritten = self.verdict.action != "unchanged" or status.get("requestHash") != self.form
        return not told or rewritten or "issue" in self.steps.values() or self._due(now)

    def _due(self, now: float) -> bool:
        return is_due(now, self.due, interval_of(self.resource))


def read_all(view: View, world: World, plan: LoginPlan) -> dict[str, Payload]:
    """What the KV sources have. Raises VaultFault with the source's name."""
    resource, interval = view.resource, interval_of(view.resource)
    first = not flow.exists_for_this_generation(resource)
    max_age = 0.0 if flow.refresh_asked(resource) else 1.0 if first else shared_age(interval)
    found = {}
    for part in view.parts:
        if part.kv:
            request = request_of(part, resource)
            try:
                found[part.name] = world.vault.read(plan, request, max_age=max_age)
            except VaultFault as fault:
                raise named(part.name, fault) from None
    return found


def request_of(part: Part, resource: Resource) -> ValueRequest:
    """What Vault is asked for. Raises VaultFault(invalid) with the source's name."""
    spec, space = part.dynamic, str(resource.spec.get("namespace") or "")
    params = {str(name): str(value) for name, value in mapping(spec.get("params")).items()}
    method = str(spec.get("requestHTTPMethod") or "GET")
    try:
        if part.kv:
            return static.request_of({**part.kv, "namespace": space})
        return dynamic(str(spec.get("mount") or ""), str(spec.get("path") or ""), method, params, space)
    except VaultFault as fault:
        raise named(part.name, fault) from None


def named(source: str, fault: VaultFault) -> VaultFault:
    """The same with the source's name."""
    summary = f"source {source}: {fault.summary}"
    return VaultFault(fault.reason, summary, status=fault.status, retry_after=fault.retry_after)


def kept_values(view: View, world: World, transformation: Transformation) -> dict[str, dict[str, str]]:
    """Source -> its values, out of the Secret: of those that are not issued anew and that can be told apart. Values: for one write only."""
    able = [part for part in view.parts if part.dynamic and view.steps[part.name] != "issue" and part.keys]
    if not able or transformation.templates or view.lost or view.observed is None:
        return {}
    body = world.kube.get(SECRET, view.resource.key.namespace, view.destination["name"])
    held = mapping(body.get("data")) if body is not None else {}
    raw = {str(key): base64.b64decode(str(value)) for key, value in held.items()}
    if world.secrets.mac(raw) != view.resource.status.get("secretMAC"):
        return {}
    found = {}
    for part in able:
        if all(key in raw for key in part.keys):
            texts = {str(name): raw[key].decode("utf-8", "surrogateescape") for key, name in part.keys.items()}
            found[part.name] = texts
    return found


def issued(part: Part, resource: Resource, world: World, plan: LoginPlan) -> Payload:
    request, rotating = request_of(part, resource), part.rotates and bool(part.entry.get("staticCredsMetaData"))
    try:
        return world.vault.read(plan, request, max_age=0.0) if rotating else world.vault.issue(plan, request)
    except VaultFault as fault:
        raise named(part.name, fault) from None


def formed(
    view: View,
    transformation: Transformation,
    read: Mapping[str, Payload],
    kept: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Payload],
    world: World,
) -> dict[str, bytes]:
    values: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    for part in view.parts:
        if part.name in kept:
            values[part.name] = kept[part.name], part.keys
            continue
        data = read[part.name].data if part.kv else new[part.name].data
        if part.rotates and not part.keys:
            # What changes at every read would restart the workloads each time.
            data = {key: value for key, value in data.items() if key not in leases.UNSTABLE}
        values[part.name] = data, part.keys
    return build_data(merge(values), {}, transformation, view.resource, exclude_raw=True)


def mac_of(world: World, payload: Payload) -> str:
    text = json.dumps(payload.data, sort_keys=True, default=str)
    return world.secrets.mac({"source": text.encode("utf-8", "surrogatepass")})


def entry_of(
    part: Part, read: Mapping[str, Payload], new: Mapping[str, Payload], world: World, plan: LoginPlan
) -> dict[str, Any]:
    """status.sources of one."""
    known: dict[str, Any] = {"name": part.name, "requestHash": part.hashed}
    if part.kv:
        payload = read[part.name]
        return known | {"secretMAC": mac_of(world, payload)} | ({"version": payload.version} if payload.version else {})
    if part.name not in new:
        return {**part.entry, **known}
    payload = new[part.name]
    rotation = leases.rotation_of(payload.data) if part.rotates else None
    token = leases.token_from(payload, plan.auth_ref)
    made = leases.lease_fields(leases.lease_from(payload), token) | {"staticCredsMetaData": rotation}
    return known | {name: value for name, value in made.items() if value is not None and name != "vaultClientMeta"}


def interval_of(resource: Resource) -> float:
    return refresh_interval(resource.spec.get("refreshAfter"))
