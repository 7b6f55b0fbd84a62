"""Small sets of objects for the ordering tests."""

from __future__ import annotations

from typing import Any

from keywave.objects.manifest import Manifest
from keywave.order import Layer, Ordered
from keywave.order.waves import WAVE

VSO = "secrets.hashicorp.com/v1beta1"


def made(api: str, kind: str, name: str, spec: Any = None, *, ns: str = "app", **metadata: Any) -> Manifest:
    """An object as keywave makes them."""
    head = {"name": name, **({"namespace": ns} if ns else {}), **metadata}
    return Manifest(
        {"apiVersion": api, "kind": kind, "metadata": head, **({} if spec is None else {"spec": spec})},
        made_by="SecretIntent app/db",
    )


def own(api: str, kind: str, name: str, spec: Any = None, *, ns: str = "app", **metadata: Any) -> Manifest:
    """An object of the user's own."""
    body = made(api, kind, name, spec, ns=ns, **metadata).body
    return Manifest(body, text="unused\n", parsed=body)


def wave(number: object) -> dict[str, Any]:
    return {"annotations": {WAVE: number}}


def connection(name: str = "vault", **more: Any) -> Manifest:
    return own(VSO, "VaultConnection", name, {"address": "https://vault", **more.pop("spec", {})}, **more)


def auth(name: str = "app", **more: Any) -> Manifest:
    spec = {"vaultConnectionRef": "vault", "method": "kubernetes", "kubernetes": {"role": "r", "serviceAccount": "app"}}
    return own(VSO, "VaultAuth", name, {**spec, **more.pop("spec", {})}, **more)


def static(name: str = "db", **more: Any) -> Manifest:
    spec = {
        "vaultAuthRef": "app",
        "mount": "kv",
        "path": "db",
        "type": "kv-v2",
        "destination": {"name": name, "create": True},
    }
    return own(VSO, "VaultStaticSecret", name, {**spec, **more.pop("spec", {})}, **more)


def dynamic(name: str = "dyn", **more: Any) -> Manifest:
    spec = {"vaultAuthRef": "app", "mount": "db", "path": "creds/x", "destination": {"name": name, "create": True}}
    return own(VSO, "VaultDynamicSecret", name, spec, **more)


def account(name: str = "app", **more: Any) -> Manifest:
    return own("v1", "ServiceAccount", name, **more)


def pods(*secrets: str, account: str = "", optional: bool = False) -> dict[str, Any]:
    refs = [{"secretRef": {"name": secret, **({"optional": True} if optional else {})}} for secret in secrets]
    spec: dict[str, Any] = {"containers": [{"name": "main", "image": "x", "envFrom": refs}]}
    return {"template": {"spec": {**spec, **({"serviceAccountName": account} if account else {})}}}


def deployment(name: str = "web", *secrets: str, optional: bool = False, **more: Any) -> Manifest:
    return own("apps/v1", "Deployment", name, pods(*(secrets or ("db",)), optional=optional), **more)


def job(name: str = "migrate", *secrets: str, **more: Any) -> Manifest:
    return own("batch/v1", "Job", name, pods(*(secrets or ("db",))), **more)


def usual() -> list[Manifest]:
    """The everyday set, in an order that is wrong everywhere."""
    return [deployment(), static(), auth(), connection(), account()]


def waves(ordered: Ordered) -> dict[str, str]:
    """Subject without namespace -> wave, for those that have one."""
    return {f"{m.kind} {m.name}": str(m.annotations[WAVE]) for m in ordered.manifests if WAVE in m.annotations}


def layer_names(layers: tuple[Layer, ...]) -> dict[str, list[str]]:
    """Directory -> what is in it, in order."""
    return {layer.directory: [f"{m.kind} {m.name}" for m in layer.manifests] for layer in layers}


def told(ordered: Ordered) -> list[tuple[str, str, str]]:
    """(code, severity, subject) of the findings, in order."""
    return [(f.code, f.severity.value, f.subject) for f in ordered.findings]
