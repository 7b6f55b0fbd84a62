"""The sources of a VaultCompositeSecret: what each asks for, what the status knows of it, when each is due. Pure, but for what is drawn
once and remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.controller import reasons
from keywave.controller.kinds import leases
from keywave.controller.kinds.leases import Seen
from keywave.controller.model import Body, Resource
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.objects.manifest import mapping, sequence


class Part(NamedTuple):
    """One source. `kv` or `dynamic` is {}; `keys`: key of the Secret -> key in Vault, {} = all; `entry`: of status.sources; `hashed`: of
    what is asked."""

    name: str
    kv: Body
    dynamic: Body
    keys: Body
    entry: Body
    hashed: str

    @property
    def revoked(self) -> bool:
        return self.dynamic.get("revoke") is not False

    @property
    def rotates(self) -> bool:
        """Whether it may be a static role, which answers the same to everybody."""
        return self.dynamic.get("allowStaticCreds") is True


def parts_of(resource: Resource) -> list[Part]:
    known = {mapping(entry).get("name"): mapping(entry) for entry in sequence(resource.status.get("sources"))}
    who = [resource.spec.get("vaultAuthRef"), resource.spec.get("namespace")]
    made = []
    for source in map(mapping, sequence(resource.spec.get("sources"))):
        name, kv, dynamic = str(source.get("name") or ""), mapping(source.get("kv")), mapping(source.get("dynamic"))
        asked = json.dumps([who, kv, {**dynamic, "renewalPercent": None, "revoke": None}], sort_keys=True, default=str)
        hashed = hashlib.sha256(asked.encode()).hexdigest()[:32]
        made.append(Part(name, kv, dynamic, mapping(source.get("keys")), known.get(name, {}), hashed))
    return made


def seen(resource: Resource, world: World, part: Part, *, drift: bool, asked: bool) -> Seen:
    """Of a source with `dynamic`, for `leases.decide`. `drift`: its values are lost with the Secret's data."""
    entry, lease, now = part.entry, leases.lease_of(part.entry), world.now()
    accessor = str(mapping(entry.get("token")).get("accessor") or "")
    lost = bool(accessor) and world.memory.recall(resource.key, "lost token") == accessor
    return Seen(
        now,
        synced=bool(entry.get("lastRenewalTime")),
        same=entry.get("requestHash") == part.hashed,
        asked=asked,
        drift="data" if drift else "",
        leased=bool(lease.id),
        renewable=lease.renewable,
        end=lease.end,
        due=_due(resource, world, part, lost=lost),
        token_due=_token_due(resource, world, part) if accessor else None,
        lost=lost,
    )


def merge(sources: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any]:
    """The keys of all sources. `sources`: name -> (what Vault has, key of the Secret -> key in Vault; {} = all). Raises PlanProblem."""
    made: dict[str, Any] = {}
    owner: dict[str, str] = {}
    problems = []
    for name, (secrets, keys) in sources.items():
        wanted = {str(key): str(theirs) for key, theirs in keys.items()} or {key: key for key in secrets}
        for key, theirs in wanted.items():
            if theirs not in secrets:
                problems.append(f"source {name} has no key {theirs!r}")
            elif key in owner:
                problems.append(f"the key {key!r} comes from the sources {owner[key]} and {name}")
            else:
                made[key], owner[key] = secrets[theirs], name
    if problems:
        raise PlanProblem(reasons.INVALID, "; ".join(problems))
    return made


def _due(resource: Resource, world: World, part: Part, *, lost: bool) -> float | None:
    """Drawn once for what the status says, so that it does not move at every look."""
    entry, lease = part.entry, leases.lease_of(part.entry)
    rotation = mapping(entry.get("staticCredsMetaData"))
    mark = (lease.drawn, lost, rotation.get("ttl"), entry.get("lastRenewalTime"), part.dynamic.get("renewalPercent"))
    name = f"due {part.name}"
    kept = world.memory.recall(resource.key, name)
    if kept is not None and kept[0] == mark:
        return float(kept[1]) if kept[1] is not None else None
    due: float | None
    if lease.id:
        due = leases.renewal_due(lease, part.dynamic.get("renewalPercent"), world.chance())
        if lost:
            due = leases.replacement_due(lease.end, leases.token_ends(entry), world.now(), world.chance())
    elif rotation:
        due = leases.rotation_due(lease.since, int(rotation.get("ttl") or 0), world.chance())
    else:
        due = leases.refresh_due(lease.since, part.dynamic.get("refreshAfter"), world.chance())
    world.memory.keep(resource.key, name, (mark, due))
    return due


def _token_due(resource: Resource, world: World, part: Part) -> float | None:
    name, token = f"token due {part.name}", mapping(part.entry.get("token"))
    mark = tuple(token.get(field) for field in ("accessor", "expireTime", "renewable"))
    kept = world.memory.recall(resource.key, name)
    if kept is None or kept[0] != mark:
        kept = (mark, leases.token_due(world.now(), token, world.chance()))
        world.memory.keep(resource.key, name, kept)
    return float(kept[1]) if kept[1] is not None else None
