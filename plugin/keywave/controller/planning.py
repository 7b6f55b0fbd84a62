"""From an object to how it logs in: references, allowed namespaces, the merge with VaultAuthGlobal, the connection.

Pure but for the lookup. Rules: those of Vault Secrets Operator 0.10.0; what it finds one at a time is told at once here.
"""

from __future__ import annotations

from typing import Any

from keywave.controller import reasons
from keywave.controller.auth_methods.catalogue import AUTH_METHODS
from keywave.controller.login_plan import ConnectionPlan, LoginPlan, Pairs
from keywave.controller.model import Body, Key, Resource
from keywave.controller.planning_globals import allowed, merged_with_global
from keywave.controller.ports import Lookup
from keywave.controller.problems import PlanProblem
from keywave.controller.timing import seconds
from keywave.objects.ids import CLIENT_CERTIFICATE
from keywave.objects.manifest import mapping

DEFAULT = "default"
_OURS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "expect", "host", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "x-vault-namespace", "x-vault-request", "x-vault-token"}
)
"""Headers that the requests themselves have: the frame of HTTP, the token, Vault's namespace (which is a field of VaultAuth)."""


def plan_login(
    consumer: Resource, lookup: Lookup, *, operator_namespace: str, default_globals: bool = True, as_if_in: str = ""
) -> LoginPlan:
    """For a secret object, or for a VaultAuth itself (`as_if_in`: the namespace of who would use it). Raises PlanProblem."""
    if consumer.key.kind == "VaultAuth":
        auth = consumer
    else:
        reference = consumer.spec.get("vaultAuthRef")
        auth = _found("VaultAuth", reference, consumer.key.namespace, lookup, operator_namespace, "spec.vaultAuthRef")
    space = as_if_in or consumer.key.namespace
    if not allowed(auth, space, operator_namespace):
        hint = f"add {space} to its allowedNamespaces"
        raise PlanProblem(reasons.INVALID_REFERENCE, f"{auth.key} is not for the namespace {space}: {hint}", auth.key)
    spec = merged_with_global(auth, lookup, operator_namespace, default_globals)
    method = str(spec.get("method") or "")
    if method not in AUTH_METHODS:
        known = ", ".join(AUTH_METHODS)
        said = f"has the method {method!r}, which is not offered" if method else "has no method"
        raise PlanProblem(reasons.INVALID, f"{auth.key} {said}: one of {known}", auth.key)
    settings = settings_of(mapping(spec.get(method)))
    absent = [f"{method}.{name}" for name in AUTH_METHODS[method].missing(settings)]
    absent += [] if spec.get("mount") else ["mount"]
    if absent:
        raise PlanProblem(reasons.INVALID, f"{auth.key} lacks {', '.join(absent)}", auth.key)
    connection = _found(
        *("VaultConnection", spec.get("vaultConnectionRef"), auth.key.namespace, lookup, operator_namespace),
        f"vaultConnectionRef of {auth.key}",
    )
    # What is being deleted may be used as long as it is there: it is held for a while, and may only be about to be made anew.
    return LoginPlan(
        plan_connection(connection),
        f"{auth.key.namespace}/{auth.key.name}",
        method,
        str(spec["mount"]).strip("/"),
        str(spec.get("namespace") or "").strip("/"),
        space,
        tuple(sorted(settings.items())),
        pairs(spec.get("params")),
        _headers(spec.get("headers"), auth.key),
    )


def plan_connection(connection: Resource) -> ConnectionPlan:
    """Raises PlanProblem for fields that exclude each other or hold no header."""
    spec, key = connection.spec, connection.key
    if spec.get("caCertSecretRef") and spec.get("caCertPath"):
        raise PlanProblem(reasons.INVALID, f"{key} has both caCertSecretRef and caCertPath: leave one out", key)
    return ConnectionPlan(
        f"{key.namespace}/{key.name}",
        key.namespace,
        str(spec.get("address") or ""),
        _headers(spec.get("headers"), key),
        str(spec.get("tlsServerName") or ""),
        str(spec.get("caCertSecretRef") or ""),
        str(spec.get("caCertPath") or ""),
        spec.get("skipTLSVerify") is True,
        seconds(spec.get("timeout"), 60.0),
        connection.annotations.get(CLIENT_CERTIFICATE, ""),
    )


def settings_of(block: Body) -> dict[str, str]:
    """The fields of a method's block as texts; lists joined by a comma."""
    texts = {}
    for name, value in block.items():
        if isinstance(value, list):
            texts[name] = ",".join(str(entry) for entry in value)
        elif value not in (None, ""):
            texts[name] = str(value)
    return texts


def pairs(values: Any) -> Pairs:
    return tuple(sorted((str(name), str(value)) for name, value in mapping(values).items()))


def key_of(kind: str, reference: object, namespace: str, operator_namespace: str) -> Key:
    """The name of what a reference means, if it is one."""
    space, _, name = str(reference or "").rpartition("/")
    return Key(kind, space or namespace, name) if name or space else Key(kind, operator_namespace, DEFAULT)


def _found(
    kind: str, reference: object, namespace: str, lookup: Lookup, operator_namespace: str, where: str
) -> Resource:
    """The object that a reference names: "name", "namespace/name", "" for the operator's own `default`."""
    text = str(reference or "")
    space, slash, name = text.rpartition("/")
    if "/" in space or (slash and not (space and name)):
        raise PlanProblem(reasons.INVALID, f"{where} is {text[:300]!r}: write name or namespace/name")
    key = key_of(kind, reference, namespace, operator_namespace)
    found = lookup.find(key)
    if found is None:
        told = (
            f"{where} names {key.namespace}/{key.name}"
            if text
            else f"{where} is empty, which means {key.namespace}/default"
        )
        raise PlanProblem(reasons.INVALID_REFERENCE, f"there is no {kind} {key.namespace}/{key.name} ({told})", key)
    return found


def _headers(values: Any, key: Key) -> Pairs:
    """Raises PlanProblem for what cannot be sent, or is not the object's to say."""
    headers = pairs(values)
    for name, value in headers:
        if name.lower() in _OURS or not _is_header(name, value):
            raise PlanProblem(reasons.INVALID, f"{key}: {name[:60]!r} is no header that can be sent", key)
    return headers


def _is_header(name: str, value: str) -> bool:
    plain = name.replace("-", "").replace("_", "")
    return name.isascii() and plain.isalnum() and value.isascii() and value.isprintable()
