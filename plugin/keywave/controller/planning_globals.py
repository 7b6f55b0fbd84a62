"""VaultAuthGlobal under a VaultAuth: each field from the VaultAuth, else from the global's block of the method, else from its defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keywave.controller import reasons
from keywave.controller.model import Body, Key, Resource
from keywave.controller.ports import Lookup
from keywave.controller.problems import PlanProblem
from keywave.objects.manifest import mapping, sequence

_OWN = ("namespace", "mount", "params", "headers")
"""Fields of a global's method block that are not of the method."""
Merge = Callable[[Sequence[Body]], Body]


def merged_with_global(auth: Resource, lookup: Lookup, operator_namespace: str, default_globals: bool) -> Body:
    """The spec of the VaultAuth as if it stood alone. Raises PlanProblem."""
    reference = auth.spec.get("vaultAuthGlobalRef")
    shared = global_of(auth, lookup, operator_namespace, default_globals)
    if shared is None:
        return auth.spec
    spec: dict[str, Any] = dict(auth.spec)
    method = spec["method"] = str(spec.get("method") or shared.spec.get("defaultAuthMethod") or "")
    if not method:
        raise PlanProblem(reasons.INVALID, f"neither {auth.key} nor {shared.key} names a method", shared.key)
    own, block = spec.get(method), shared.spec.get(method)
    if own is None and block is None:
        raise PlanProblem(reasons.INVALID, f"{shared.key} does not configure the method {method}", shared.key)
    block = mapping(block)
    spec[method] = {
        **{name: value for name, value in block.items() if name not in _OWN},
        **{name: value for name, value in mapping(own).items() if value not in ("", None, [])},
    }
    defaults = shared.spec
    spec["mount"] = spec.get("mount") or block.get("mount") or defaults.get("defaultMount")
    spec["namespace"] = spec.get("namespace") or block.get("namespace") or defaults.get("defaultVaultNamespace")
    spec["vaultConnectionRef"] = spec.get("vaultConnectionRef") or defaults.get("vaultConnectionRef")
    strategy = mapping(mapping(reference).get("mergeStrategy"))
    for field in ("params", "headers"):
        levels = [mapping(spec.get(field)), mapping(block.get(field)), mapping(defaults.get(field))]
        spec[field] = _MERGES.get(str(strategy.get(field) or "none"), _first)(levels)
    return spec


def global_of(auth: Resource, lookup: Lookup, operator_namespace: str, default_globals: bool) -> Resource | None:
    """The VaultAuthGlobal that a VaultAuth refers to; None where it refers to none. Raises PlanProblem."""
    if auth.spec.get("vaultAuthGlobalRef") is None:
        return None
    reference, places = mapping(auth.spec.get("vaultAuthGlobalRef")), tuple[str, ...]()
    name, space = str(reference.get("name") or ""), str(reference.get("namespace") or "")
    if name:
        places = (space or auth.key.namespace,)
    elif reference.get("allowDefault") is not True:
        raise PlanProblem(
            reasons.INVALID, f"vaultAuthGlobalRef of {auth.key} names nothing, and allowDefault is not set"
        )
    elif not default_globals:
        raise PlanProblem(
            reasons.INVALID, f"{auth.key} asks for a default VaultAuthGlobal, which this operator does not allow"
        )
    else:
        name, places = "default", (space,) if space else (auth.key.namespace, operator_namespace)
    keys = [Key("VaultAuthGlobal", place, name) for place in places]
    found = next((shared for shared in map(lookup.find, keys) if shared is not None), None)
    if found is None:
        where = " or ".join(f"{key.namespace}/{key.name}" for key in keys)
        raise PlanProblem(
            reasons.INVALID_REFERENCE, f"there is no VaultAuthGlobal {where} ({auth.key} refers to it)", keys[0]
        )
    if not allowed(found, auth.key.namespace, operator_namespace):
        told = f"{found.key} is not for the namespace {auth.key.namespace}: add it to its allowedNamespaces"
        raise PlanProblem(reasons.INVALID_REFERENCE, told, found.key)
    return found


def allowed(shared: Resource, namespace: str, operator_namespace: str) -> bool:
    """Whether objects of that namespace may use a VaultAuth or VaultAuthGlobal."""
    if namespace == shared.key.namespace or (shared.key.namespace, shared.key.name) == (operator_namespace, "default"):
        return True
    listed = sequence(shared.spec.get("allowedNamespaces"))
    return namespace in listed or list(listed) == ["*"]


def _own(levels: Sequence[Body]) -> Body:
    return levels[0]


def _first(levels: Sequence[Body]) -> Body:
    return next((level for level in levels if level), {})


def _union(levels: Sequence[Body]) -> Body:
    return {name: value for level in reversed(levels) for name, value in level.items()}


_MERGES: dict[str, Merge] = {"none": _own, "replace": _first, "union": _union}
"""By mergeStrategy; none: only the VaultAuth's own."""
