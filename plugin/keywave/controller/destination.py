"""Whether the Secret in the cluster is as an object wants it, and what is to be done. Pure; `destination_write` does it.

Rules: those of Vault Secrets Operator (helpers/secrets.go of 0.10.0), so that either takes the other's Secrets. Beyond it: labels,
annotations, type and owner are repaired as well as data; what others add to labels and annotations stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from keywave.controller import reasons
from keywave.controller.mac import same
from keywave.controller.model import Body, Resource
from keywave.controller.ports import Observed
from keywave.objects.manifest import mapping

OWNER_LABELS = {
    "app.kubernetes.io/managed-by": "hashicorp-vso",
    "app.kubernetes.io/name": "vault-secrets-operator",
    "app.kubernetes.io/component": "secret-sync",
}
OWNER_UID = "secrets.hashicorp.com/vso-ownerRefUID"
OPAQUE = "Opaque"
NOTHING: Mapping[str, str] = {}

Action = Literal["unchanged", "create", "repair", "recreate", "refuse"]


class Wanted(NamedTuple):
    """`mac` of the data that the Secret is to hold; None: its data is not judged. `annotations`: beside those of the destination.
    `renewed`: the object says something new: the Secret is written even where nothing has drifted."""

    mac: str | None
    annotations: Mapping[str, str] = NOTHING
    renewed: bool = False


class Target(NamedTuple):
    """The Secret as the object describes it, but for the data."""

    name: str
    create: bool
    type: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class Verdict(NamedTuple):
    """`drifted`: of data, labels, annotations, type, owner. `reason` and `message` where it is refused. `uid`: of the Secret that was
    judged."""

    action: Action
    target: Target
    drifted: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""
    uid: str = ""


def target_of(resource: Resource, destination: Body, annotations: Mapping[str, str] = NOTHING) -> Target:
    """The owner's labels win over those of the destination."""
    labels = {**_texts(destination.get("labels")), **OWNER_LABELS, OWNER_UID: resource.uid}
    return Target(
        str(destination.get("name") or ""),
        destination.get("create") is True,
        str(destination.get("type") or OPAQUE),
        labels,
        {**_texts(destination.get("annotations")), **annotations},
    )


def judge(resource: Resource, destination: Body, wanted: Wanted, observed: Observed | None) -> Verdict:
    """What is to be done. `observed` None: there is no such Secret."""
    target = target_of(resource, destination, wanted.annotations)
    if observed is None:
        if target.create:
            return Verdict("create", target)
        told = f"there is no Secret {target.name}, and destination.create is false"
        return Verdict("refuse", target, reason=reasons.NO_DESTINATION, message=told)
    refusal = _refusal(resource, destination, target, observed)
    if refusal:
        return Verdict("refuse", target, reason=reasons.NOT_OWNER, message=refusal, uid=observed.uid)
    drifted = _drifted(resource, target, wanted, observed)
    if not drifted and not wanted.renewed:
        return Verdict("unchanged", target, uid=observed.uid)
    if "data" in drifted and observed.immutable and not target.create:
        told = f"the Secret {target.name} is immutable, and destination.create is false"
        return Verdict("refuse", target, reason=reasons.INVALID, message=told, uid=observed.uid)
    anew = "type" in drifted or ("data" in drifted and observed.immutable)
    return Verdict("recreate" if anew else "repair", target, drifted, uid=observed.uid)


def _drifted(resource: Resource, target: Target, wanted: Wanted, observed: Observed) -> tuple[str, ...]:
    found = {"data": wanted.mac is not None and not same(wanted.mac, observed.mac)}
    if target.create:
        found |= {
            "labels": not target.labels.items() <= observed.labels.items(),
            "annotations": not target.annotations.items() <= observed.annotations.items(),
            "type": target.type != observed.type,
            "owner": [dict(owner) for owner in observed.owners] != [resource.owner_reference],
        }
    return tuple(name for name, there in found.items() if there)


def _refusal(resource: Resource, destination: Body, target: Target, observed: Observed) -> str:
    """Who has it, "" where we may write."""
    uid = observed.labels.get(OWNER_UID, "")
    labelled = OWNER_LABELS.items() <= observed.labels.items()
    if not target.create:
        taken = labelled and uid not in ("", resource.uid) and not _predecessor(resource, observed)
        return _taken(target, observed) if taken else ""
    owned = any(owner.get("uid") == resource.uid for owner in observed.owners)
    if uid == resource.uid or (not uid and owned) or _predecessor(resource, observed):
        return ""
    if destination.get("overwrite") is True and not labelled:
        return ""
    return _taken(target, observed)


def _predecessor(resource: Resource, observed: Observed) -> bool:
    """Owned by an object of our kind and name that is no more: two of one name cannot live at once."""
    mine = resource.owner_reference
    named = [o for o in observed.owners if all(o.get(f) == mine[f] for f in ("apiVersion", "kind", "name"))]
    return any(observed.labels.get(OWNER_UID, owner.get("uid")) == owner.get("uid") for owner in named)


def _taken(target: Target, observed: Observed) -> str:
    owners = ", ".join(f"{owner.get('kind')} {owner.get('name')}" for owner in observed.owners)
    hint = "" if OWNER_LABELS.items() <= observed.labels.items() else "; destination.overwrite takes it over"
    return f"the Secret {target.name} belongs to {owners or 'somebody else'}{hint}"


def _texts(value: Any) -> dict[str, str]:
    return {str(name): str(text) for name, text in mapping(value).items()}
