"""Leases and rotations: what the status tells of them, when they are due, what a request is known by. Pure; seconds everywhere.

Rules: renewal between renewalPercent and ten percent more, as Vault Secrets Operator; a lease dies with the token that made it (Vault).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.controller.kinds.holding import moment
from keywave.controller.model import Body, Key, Resource
from keywave.controller.status import rfc3339
from keywave.controller.timing import refresh, refresh_interval, seconds
from keywave.objects.manifest import mapping
from keywave.vault.values import LONGEST, Payload

LEASE = "reconcile.keywave.dev/lease"
"""On a Secret: the lease of its data, written with them, so that a crash before the status loses none."""
DATA = "reconcile.keywave.dev/data"
"""On a Secret: the keyed hash of the data that we wrote."""
ISSUED = "reconcile.keywave.dev/issued"
"""On a Secret, beside the lease: the token that made it, by its accessor, and what it was asked for (`note_of`)."""
CLIENT = "keywave"
"""First word of status.vaultClientMeta.cacheKey where the lease is ours."""
DEFAULT_PERCENT, HIGHEST_PERCENT = 67, 90
_BRIEF = 5.0
"""Seconds: leases that live shorter are replaced this often, and not each time that they end."""
_SCHEDULE = 256
"""Characters that a status has of it: it is read by people only."""
_ROTATES = ("ttl", "rotation_period", "rotation_schedule", "last_vault_rotation")
UNSTABLE = frozenset({*_ROTATES, "_raw"})


class Lease(NamedTuple):
    """`since`: when it was issued or last renewed; `id` "": none; `last`: its end where a renewal came to its longest time, else 0."""

    id: str = ""
    duration: int = 0
    renewable: bool = False
    since: float = 0.0
    request_id: str = ""
    last: float = 0.0

    @property
    def end(self) -> float:
        return max(self.since + self.duration, self.last)

    def may_end(self, now: float) -> float:
        """The latest that it can end: Vault may have renewed it until just now, and the answer or the note of it was lost. To revoke what
        has ended costs one request, which Vault answers with 204."""
        longest = self.last > self.since + self.duration
        return max(self.end, now + self.duration) if self.renewable and not longest else self.end

    @property
    def drawn(self) -> tuple[object, ...]:
        """What a due time was drawn for: a renewal that was cut short draws none anew."""
        return self._replace(last=0.0)

    def status(self) -> dict[str, Any]:
        known = {"id": self.id, "duration": self.duration, "renewable": self.renewable}
        return {**known, "requestID": self.request_id}


def lease_of(status: Body) -> Lease:
    """Of a status, ours or the incumbent's."""
    known = mapping(status.get("secretLease"))
    duration, since = min(int(known.get("duration") or 0), LONGEST), float(status.get("lastRenewalTime") or 0)
    return Lease(
        str(known.get("id") or ""),
        duration,
        known.get("renewable") is True,
        since,
        str(known.get("requestID") or ""),
        min(moment(str(status.get("leaseExpireTime") or "")), since + 2 * duration),
    )


def lease_from(payload: Payload) -> Lease:
    return Lease(
        payload.lease_id, min(payload.lease_duration, LONGEST), payload.renewable, payload.at, payload.request_id
    )


def renewal_due(lease: Lease, percent: object, chance: float) -> float:
    """When to renew, or to issue anew what cannot be renewed."""
    wanted = percent if isinstance(percent, int) and not isinstance(percent, bool) else DEFAULT_PERCENT
    share = min(max(wanted, 0), HIGHEST_PERCENT) + 10 * chance
    least = min(_BRIEF, lease.duration / 2) if lease.duration >= _BRIEF else _BRIEF
    return lease.since + max(lease.duration * min(share, 95) / 100, least)


def truncated(before: Lease, renewed: Payload) -> bool:
    """Whether a renewal gave less than there was: the lease nears its longest time, and only new credentials help."""
    return renewed.lease_duration < before.duration


def extended(before: Lease, renewed: Payload) -> dict[str, Any]:
    """What a status says of a lease after such a renewal, which may have put off its end all the same; until then it is to be revoked with
    the object, or after what replaces it. {} where that is known."""
    end = renewed.at + renewed.lease_duration
    return {"leaseExpireTime": stamp(end)} if before.id and end > before.end + 1 else {}


def token_due(now: float, token: Body, chance: float) -> float | None:
    """When to renew a token (as `token_of` has it) by its accessor: at 60 to 70 percent of what is left; at once where it is not known when
    it ends; None for one that never does."""
    ends = moment(str(token.get("expireTime") or ""))
    if not ends:
        return None if token.get("renewable") is False else now
    return now + (ends - now) * (0.6 + 0.1 * chance)


def take_over_due(now: float, end: float, chance: float) -> float:
    """When to issue anew what hangs on a token of the incumbent's: within a minute, so that thousands do not come together, and in the
    first quarter of what is left."""
    return now + min(60.0, max(end - now, 0.0) / 4) * chance


def replacement_due(lease_end: float, token_end: float, now: float, chance: float) -> float:
    """When to issue anew what hangs on a token that nobody can renew: at 80 to 90 percent of what is left."""
    end = min(lease_end, token_end) if token_end else lease_end
    return now + max(end - now, 0.0) * (0.8 + 0.1 * chance)


def token_ends(status: Body) -> float:
    """0 = never, or not known."""
    return moment(str(token_of(status).get("expireTime") or ""))


def token_of(status: Body) -> dict[str, Any]:
    """The token that the lease hangs on, as status.token has it; {} where it is not ours."""
    known = mapping(status.get("token"))
    if known:
        return dict(known)
    client = str(mapping(status.get("vaultClientMeta")).get("cacheKey") or "")
    owner, _, rest = client.partition(" ")
    parts = rest.split(" ")
    if owner != CLIENT or len(parts) != 4:
        return {}
    accessor, expires, renewable, auth = parts
    made: dict[str, Any] = {"accessor": accessor, "vaultAuthRef": auth, "renewable": renewable == "renewable"}
    return made | ({"expireTime": expires} if expires != "-" else {})


def token_from(payload: Payload, auth: str) -> dict[str, Any]:
    """The token that issued it, in the form of status.token. `auth`: namespace/name of its VaultAuth."""
    known = {"accessor": payload.accessor, "renewable": payload.token_renewable, "vaultAuthRef": auth}
    return known | ({"expireTime": stamp(payload.token_expires)} if payload.token_expires else {})


def lease_fields(lease: Lease, token: Body) -> dict[str, Any]:
    """What a status says of credentials; None takes a field away."""
    fields: dict[str, Any] = {"secretLease": lease.status(), "lastRenewalTime": int(lease.since)}
    if not lease.id:
        return fields | {"leaseExpireTime": None, "token": None, "vaultClientMeta": None}
    return fields | {"leaseExpireTime": stamp(lease.end), "token": dict(token), "vaultClientMeta": client_of(token)}


def stamp(moment: float) -> str:
    """As RFC 3339; what is beyond the year 9999 is its last second."""
    return rfc3339(min(moment, 253_402_300_799.0))


def note_of(token: Body, hashed: str, seal: str) -> str:
    """`seal`: a keyed hash of the lease's id, so that nobody can have us end another lease by its name."""
    return json.dumps({"token": dict(token), "requestHash": hashed, "seal": seal}, sort_keys=True)


def noted(annotations: Mapping[str, str]) -> tuple[Body, str, str]:
    """The token, the hash and the seal that a Secret names; ({}, "", "") where it names none."""
    try:
        known = mapping(json.loads(annotations.get(ISSUED, "")))
    except (ValueError, RecursionError):
        return {}, "", ""
    token, (hashed, seal) = (
        mapping(known.get("token")),
        (str(known.get(name) or "") for name in ("requestHash", "seal")),
    )
    return (token, hashed, seal) if token.get("accessor") else ({}, "", "")


def client_of(token: Mapping[str, Any]) -> dict[str, str | None]:
    """status.vaultClientMeta of credentials that hang on our token: the definitions of Vault Secrets Operator have no other place for it.

    That operator issues anew at once where these are not of its own client. Otherwise it would rest until the lease is due, and the
    credentials would die with our token, which nobody renews any more."""
    texts = (token.get("accessor"), token.get("expireTime") or "-", token.get("vaultAuthRef"))
    accessor, expires, auth = (str(text or "") for text in texts)
    renewable = "renewable" if token.get("renewable") else "final"
    known = f"{CLIENT} {accessor} {expires} {renewable} {auth}"
    return {"cacheKey": known, "id": hashlib.blake2b(accessor.encode(), digest_size=32).hexdigest()}


# Static roles


def rotation_of(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """status.staticCredsMetaData out of what a static role answers; None for any other answer."""
    rotated = moment(str(data.get("last_vault_rotation") or ""))
    period, schedule = _whole(data.get("rotation_period")), str(data.get("rotation_schedule") or "")[:_SCHEDULE]
    if not rotated or not (period or schedule):
        return None
    made: dict[str, Any] = {"lastVaultRotation": int(rotated), "rotationPeriod": period, "ttl": _whole(data.get("ttl"))}
    return made | ({"rotationSchedule": schedule} if schedule else {})


def rotation_due(read_at: float, ttl: int, chance: float, misses: int = 0) -> float:
    """Shortly after Vault rotates; Vault counts whole seconds. `misses`: how often in a row it had not rotated by then."""
    return read_at + max(min(max(ttl, 0), LONGEST) + 0.5 + chance, min(2.0 ** min(misses, 9), 300.0) if misses else 0.0)


def stable(data: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without what changes at every read of a static role."""
    return {key: value for key, value in data.items() if key not in UNSTABLE}


def refresh_due(since: float, refresh_after: object, chance: float) -> float | None:
    """Of credentials without a lease; None: never again."""
    return since + refresh(refresh_interval(refresh_after), chance) if seconds(refresh_after) else None


# Requests


def request_hash(resource: Resource, asked: tuple[str, ...], shared: Mapping[Key, Resource | None]) -> str:
    """What the credentials were asked for and how their data are formed: another hash means that they are issued anew. `asked`: fields
    of spec; `shared`: the SecretTransformations. "" where one of these is not there: not known."""
    if any(found is None for found in shared.values()):
        return ""
    destination = mapping(resource.spec.get("destination"))
    known = {name: resource.spec.get(name) for name in asked}
    known["destination"] = {name: destination.get(name) for name in ("name", "type", "transformation")}
    known["shared"] = {str(key): found.spec for key, found in shared.items() if found is not None}
    text = json.dumps(known, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def same_request(resource: Resource, hashed: str) -> bool:
    """Without a stored hash (of the incumbent's time) by the generation."""
    stored = str(resource.status.get("requestHash") or "")
    if not stored or not hashed:
        return resource.status.get("lastGeneration") == resource.generation
    return stored == hashed


# What to do


class Seen(NamedTuple):
    """`leased`: what it holds has a lease; `drift`: "", metadata or data; `found`: a lease that the Secret names and the status does not;
    `due`: when it is to be renewed or read again (None: never); `lost`: the token cannot be renewed any more, or is the incumbent's."""

    now: float
    synced: bool = True
    same: bool = True
    settled: bool = True
    asked: bool = False
    drift: str = ""
    found: str = ""
    leased: bool = True
    renewable: bool = True
    end: float = 0.0
    due: float | None = None
    token_due: float | None = None
    lost: bool = False


def decide(seen: Seen) -> str:
    """adopt, issue, renew, metadata, token, settle or rest."""
    if seen.found:
        return "adopt"
    if not seen.synced or not seen.same or seen.asked or seen.drift == "data":
        return "issue"
    if seen.due is not None and seen.now >= seen.due:
        alive = seen.leased and seen.renewable and seen.now < seen.end and not seen.lost
        return "renew" if alive else "issue"
    if seen.drift:
        return "metadata"
    if seen.leased and not seen.lost and seen.token_due is not None and seen.now >= seen.token_due:
        return "token"
    return "rest" if seen.settled else "settle"


def _whole(value: object) -> int:
    """Seconds, within what a status and a sum of times can hold."""
    try:
        return max(0, min(int(float(str(value))), LONGEST))
    except (ValueError, OverflowError):
        return 0
