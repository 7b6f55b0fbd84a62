"""VaultPKISecret: a certificate, kept in a Secret, issued anew before it ends.

gather: the Secret, the certificate as the status has it. decide: issue, mend or rest. act: the finalizer, Vault, a note of the new serial
number, the Secret, the status, the restarts, and last the revocation of what was replaced: a crash anywhere leaves no certificate that
nobody will revoke. Sources: Vault's HTTP API (pki issue, revoke); data and body as Vault Secrets Operator 0.10.0 makes them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from keywave.controller import reasons
from keywave.controller.content.certificate import TLS, certificate_data
from keywave.controller.content.transformation import references
from keywave.controller.destination import Verdict, Wanted, judge
from keywave.controller.destination_write import empty, prune, write
from keywave.controller.kinds import leases, replaced, revoking
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import is_held, keep_while_revoking, moment, to_revoke
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import Observed, World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import exact, write_status
from keywave.controller.timing import seconds
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import sequence
from keywave.vault.values import LONGEST, Payload, ValueRequest, VaultFault, id_of, pki_issue, pki_revoke

FINALIZER = "vaultpkisecrets.secrets.hashicorp.com/finalizer"
_LISTS = {
    "alt_names": "altNames",
    "ip_sans": "ipSans",
    "uri_sans": "uriSans",
    "other_sans": "otherSans",
    "user_ids": "userIDs",
}
_TEXTS = {"common_name": "commonName", "ttl": "ttl", "not_after": "notAfter"}
_IF_SET = {"format": "format", "private_key_format": "privateKeyFormat"}
_WHERE = ("mount", "role", "issuerRef", "namespace", "vaultAuthRef")
_SELDOM = 600.0
"""Seconds at least until another try to get a certificate that ends later."""
ASKED = (*_WHERE, "excludeCNFromSans", *_LISTS.values(), *_TEXTS.values(), *_IF_SET.values())


class Certificate(NamedTuple):
    """`issued`, `ends`: seconds since 1970; `serial` "": none."""

    serial: str = ""
    issued: float = 0.0
    ends: float = 0.0


class _View(NamedTuple):
    """All that is known before anything is asked, and what follows: issue, renew (issue, where that brings a later end), metadata,
    settle or rest."""

    resource: Resource
    destination: Body
    observed: Observed | None
    verdict: Verdict
    hashed: str
    step: str
    due: float


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return revoking.end(
            resource,
            world,
            failures,
            finalizer=FINALIZER,
            ids=to_revoke(resource),
            request=_revocation(resource),
            last=lambda: _clear(resource, world),
        )
    return flow.guarded(resource, world, failures, _reconcile)


def _reconcile(resource: Resource, world: World) -> Result:
    view = None if flow.never_synced(resource) else _gather(resource, world)
    if view is None or view.step == "issue":
        flow.check_names(resource, world)
        request_of(resource.spec)
    if view is None or view.step != "rest":
        found = revoking.fresh(resource, world)
        if found is None or found.deleting:
            return Result()
        view = _gather(found, world)
    if view.verdict.action == "refuse":
        raise PlanProblem(view.verdict.reason, view.verdict.message)
    after = view.resource
    if view.step in ("issue", "renew"):
        after = _issue(view, world)
    elif view.step != "rest":
        if view.step == "metadata":
            revoking.mend_metadata(view.resource, world, view.verdict.target, view.verdict.uid)
        after = _settle(view, world)
    return _follow_up(after, world)


def body_of(spec: Body) -> dict[str, Any]:
    """What `issue` is asked for: lists with commas between, as Vault wants them. Pure."""
    body: dict[str, Any] = {name: str(spec.get(field) or "") for name, field in _TEXTS.items()}
    body |= {name: ",".join(map(str, sequence(spec.get(field)))) for name, field in _LISTS.items()}
    body |= {name: str(spec[field]) for name, field in _IF_SET.items() if spec.get(field)}
    return body | {"exclude_cn_from_sans": spec.get("excludeCNFromSans") is True, "remove_roots_from_chain": True}


def request_of(spec: Body) -> ValueRequest:
    """Raises VaultFault(invalid)."""
    mount, role, issuer, space = (str(spec.get(name) or "") for name in ("mount", "role", "issuerRef", "namespace"))
    return pki_issue(mount, role, issuer, body_of(spec), space)


def certificate_of(status: Body) -> Certificate:
    """Of a status, ours or the incumbent's."""
    issued, ends = (float(status.get(name) or 0) for name in ("lastRotation", "expiration"))
    return Certificate(str(status.get("serialNumber") or ""), issued, ends)


def renewal_due(certificate: Certificate, offset: float, chance: float) -> float:
    """When to issue anew: `offset` seconds (0: a tenth of the lifetime) and some jitter before the end. A certificate that lives shorter
    than that is replaced after half of its life: not at once, again and again. Pure."""
    life = max(certificate.ends - certificate.issued, 0.0)
    before = offset or life / 10
    return max(certificate.ends - before - 0.05 * life * chance, certificate.issued + max(life / 2, 5.0))


def _gather(resource: Resource, world: World) -> _View:
    """Raises PlanProblem where destination makes no sense."""
    destination = flow.destination_of(resource)
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    shared = {key: world.lookup.find(key) for key in references(resource, destination)}
    hashed = leases.request_hash(resource, ASKED, shared)
    verdict = judge(resource, destination, Wanted(str(resource.status.get("secretMAC") or "") or None), observed)
    due = _due(resource, world)
    step = _step(resource, verdict, hashed, world.now() >= due, _is_secured(resource, world))
    return _View(resource, destination, observed, verdict, hashed, step, due)


def _step(resource: Resource, verdict: Verdict, hashed: str, due: bool, secured: bool) -> str:
    status = resource.status
    written = bool(status.get("serialNumber") and status.get("lastGeneration") and status.get("secretMAC"))
    lost = verdict.action in ("create", "recreate") or "data" in verdict.drifted
    if not written or lost or flow.refresh_asked(resource) or not leases.same_request(resource, hashed):
        return "issue"
    if due:
        return "renew"
    if verdict.action == "repair":
        return "metadata"
    told = flow.exists_for_this_generation(resource) and status.get("requestHash") in (None, hashed or None)
    # It failed last, or the incumbent wrote it, which says nothing of the kind.
    synced = flow.condition_of(resource, "SecretSynced").get("status") == "True"
    return "rest" if told and synced and secured else "settle"


def _due(resource: Resource, world: World) -> float:
    """Drawn once for each certificate, so that it does not move at every look. Never where the object itself names the end."""
    certificate, offset = certificate_of(resource.status), seconds(resource.spec.get("expiryOffset"))
    last = moment(str(resource.spec.get("notAfter") or ""))
    if last and certificate.ends >= last - 1:
        return float("inf")
    kept = world.memory.recall(resource.key, "due")
    if kept is None or kept[0] != (certificate, offset):
        kept = ((certificate, offset), renewal_due(certificate, offset, world.chance()))
        world.memory.keep(resource.key, "due", kept)
    return float(kept[1])


def _is_secured(resource: Resource, world: World) -> bool:
    """Whether a removal in any order would find what the object is to do at its end."""
    revoke, clear = (resource.spec.get(name) is True for name in ("revoke", "clear"))
    return (not (revoke or clear) or FINALIZER in resource.finalizers) and (not revoke or is_held(resource, world))


def _secured(resource: Resource, world: World) -> Resource:
    """With the finalizers for that. Raises KubeError."""
    if resource.spec.get("revoke") is True:
        keep_while_revoking(resource, world)
    if resource.spec.get("revoke") is True or resource.spec.get("clear") is True:
        resource = revoking.with_finalizer(resource, world, FINALIZER)
    return resource


def _issue(view: _View, world: World) -> Resource:
    resource, destination = view.resource, view.destination
    revoking.spare(resource, world, view.hashed)
    transformation = flow.transformation_for(resource, world, destination)
    plan, request = flow.plan_of(resource, world), request_of(resource.spec)
    revoke, before = resource.spec.get("revoke") is True, certificate_of(resource.status)
    resource = _secured(resource, world)
    payload = world.vault.issue(plan, request)
    new = _issued(payload)
    if view.step == "renew" and new.ends <= before.ends + 1:
        serial = new.serial if revoke else ""
        resource = revoking.discard(resource, world, plan, serial, new.ends, _revocation(resource))
        return _no_later(resource, world, before)
    try:
        resource = _noted(resource, world, new) if revoke else resource
        secret_type = str(destination.get("type") or "") if destination.get("create") is True else _type(view)
        data = certificate_data(
            payload, transformation, resource, tls=secret_type == TLS, exclude_raw=world.exclude_raw
        )
        mac = world.secrets.mac(data)
        verdict = judge(resource, destination, Wanted(mac), view.observed)
        if verdict.action == "refuse":
            raise PlanProblem(verdict.reason, verdict.message)
        write(world, resource, verdict, data)
    except (PlanProblem, KubeError) as problem:
        revoking.not_formed(resource, world, view.hashed, problem)
        revoking.discard(resource, world, plan, new.serial if revoke else "", new.ends, _revocation(resource))
        raise
    after = _written(view._replace(resource=resource), world, new, mac)
    flow.synced(resource, world, wrote=True, rotated=bool(before.serial))
    # After the status, so that a refusal issues nothing anew.
    prune(world, after, destination["name"])
    return _write(after, world, {"secretName": destination["name"]}, "")


def _no_later(resource: Resource, world: World, before: Certificate) -> Resource:
    """A renewal that would end no later than what is there is none: told once, tried again seldom, for the CA may have got another end."""
    ends = leases.stamp(before.ends)
    told = f"the certificate ends at {ends}, and Vault issues none that ends later: see notAfter, the role and the CA's own end"
    world.events.tell(resource, reasons.INVALID, told, warning=True)
    wait = max(_SELDOM, (before.ends - world.now()) / 4)
    kept = world.memory.recall(resource.key, "due")
    if kept is not None:
        world.memory.keep(resource.key, "due", (kept[0], world.now() + wait))
    return resource


def _type(view: _View) -> str:
    return view.observed.type if view.observed else ""


def _issued(payload: Payload) -> Certificate:
    """Raises VaultFault where the answer is no certificate's."""
    serial, ends = id_of(payload.data, "serial_number"), str(payload.data.get("expiration") or "")
    if not serial or not ends.isdecimal():
        raise VaultFault("refused", "the answer has no serial number or no expiration: is `mount` a PKI engine?")
    return Certificate(serial, payload.at, min(float(ends), payload.at + LONGEST))


def _noted(resource: Resource, world: World, new: Certificate) -> Resource:
    """The new one is to be revoked, as long as the status does not say that it is in use: a crash in between loses none."""
    entries = revoking.with_pending(revoking.pending(resource), {new.serial: new.ends}, "", world.now(), "")
    return _write(resource, world, {"pendingRevocations": entries}, "")


def _written(view: _View, world: World, new: Certificate, mac: str) -> Resource:
    resource, before = view.resource, certificate_of(view.resource.status)
    lives = resource.spec.get("revoke") is True and before.ends > world.now()
    old = {before.serial: before.ends} if before.serial and lives else {}
    fields = {
        "lastGeneration": resource.generation,
        "secretMAC": mac,
        # Until the one that it names is deleted.
        "secretName": resource.status.get("secretName") or view.destination["name"],
        "requestHash": view.hashed or None,
        "lastRefreshRequest": resource.annotations.get(flow.REFRESH),
        "restartedFor": revoking.restarted_for(resource, new.serial, before.serial),
        "lastChangeTime": exact(world.now()),
        "serialNumber": new.serial,
        "expiration": int(new.ends),
        "lastRotation": int(new.issued),
        "pendingRevocations": revoking.with_pending(revoking.pending(resource), old, "", world.now(), new.serial),
    }
    replaced.wrote(resource, world, new.serial)
    return _write(resource, world, fields, _told(view))


def _settle(view: _View, world: World) -> Resource:
    """The new generation asks for nothing new, or a failure is over."""
    resource = _secured(view.resource, world)
    prune(world, resource, view.destination["name"])
    fields = {
        "lastGeneration": resource.generation,
        "requestHash": view.hashed or resource.status.get("requestHash"),
        "secretName": view.destination["name"],
    }
    return _write(resource, world, fields, _told(view))


def _told(view: _View) -> str:
    return f"the Secret {view.destination['name']} holds the certificate that Vault has issued"


def _write(resource: Resource, world: World, fields: dict[str, Any], message: str) -> Resource:
    """The object with its new status. Without a message nothing is said of the Secret."""
    made = {**fields, "valid": True, "error": ""} if message else fields
    write_status(resource, world, made, flow.success(message) if message else ())
    return revoking.with_status(resource, made)


def _follow_up(resource: Resource, world: World) -> Result:
    serial = certificate_of(resource.status).serial
    after = max(_due(resource, world) - world.now(), 0.1)
    return replaced.follow_up(resource, world, serial, _revocation(resource), after)


def _clear(resource: Resource, world: World) -> None:
    """`clear`: a Secret that is not ours to delete loses the certificate with the object. Raises KubeError."""
    try:
        destination = flow.destination_of(resource)
    except PlanProblem:
        return  # it names no Secret, so nothing was ever written
    if resource.spec.get("clear") is not True or destination.get("create") is True:
        return
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    if observed is not None and observed.mac == resource.status.get("secretMAC"):
        empty(world, resource, destination["name"], observed)


def _revocation(resource: Resource) -> revoking.Request:
    mount, space = (str(resource.spec.get(name) or "") for name in ("mount", "namespace"))
    return lambda serial: pki_revoke(mount, serial, space)
