"""A VaultDynamicSecret or VaultPKISecret in the model of a cluster, with a workload, over model time."""

from __future__ import annotations

from typing import Any

from controller.model_world import TEAM, Model

from keywave.controller.kinds import dynamic, pki
from keywave.controller.model import Key, Result
from keywave.controller.ports import Reconcile, World
from keywave.kube.api_server import KubeError

VDS, PKI = "VaultDynamicSecret", "VaultPKISecret"
TARGETS = [{"kind": "Deployment", "name": "web"}]
LEASED = {"vaultAuthRef": "app", "mount": "db", "path": "creds/app", "destination": {"name": "creds", "create": True}}
CERTIFICATE = {
    "vaultAuthRef": "app",
    "mount": "pki",
    "role": "web",
    "commonName": "web",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
}
KINDS: dict[str, tuple[Reconcile, dict[str, Any]]] = {
    VDS: (dynamic.reconcile, LEASED),
    PKI: (pki.reconcile, CERTIFICATE),
}


class Cluster(Model):
    """With a workload that a controller looks after, unless it is paused; and with a Kubernetes that refuses what `refused` says."""

    def __init__(self, kind: str = VDS, **spec: Any) -> None:
        super().__init__()
        self.life, self.kind = 3600, kind
        self.refused: dict[str, KubeError] = {}
        self.looks = 0
        self.login()
        pods = {"metadata": {}, "spec": {"terminationGracePeriodSeconds": 10}}
        self.put("Deployment", "web", {"replicas": 3, "template": pods}, generation=1)
        self.put(kind, "app", {**KINDS[kind][1], **spec})

    def world(self) -> World:
        world = super().world()
        get, apply, delete = world.kube.get, world.kube.apply, world.kube.delete

        def looking(type: Any, namespace: str, name: str) -> Any:
            self.looks += type.kind == "Deployment"
            return get(type, namespace, name)

        def writing(type: Any, body: Any, **more: Any) -> Any:
            if type.kind in self.refused:
                raise self.refused[type.kind]
            return apply(type, body, **more)

        def deleting(*asked: Any, **more: Any) -> Any:
            if "delete" in self.refused:
                raise self.refused["delete"]
            return delete(*asked, **more)

        world.kube.get, world.kube.apply, world.kube.delete = looking, writing, deleting  # type: ignore[method-assign]
        return world

    def work(self, seconds: float, step: float = 1.0) -> Result:
        """As the queue would: it comes again when it was told to, or after `step`."""
        end, result = self.now + seconds, Result()
        while self.now < end:
            result = self.run(KINDS[self.kind][0], self.kind, "app")
            self.now += min(step, max(result.after or step, 0.05))
        return result

    def rolled(self, **status: int) -> None:
        whole = {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
        (self.body("Deployment", "web") or {})["status"] = {**whole, **status}

    def annotate(self, **annotations: str) -> None:
        body = self.objects[Key(self.kind, TEAM, "app")]
        body["metadata"]["annotations"] = {f"reconcile.keywave.dev/{name}": text for name, text in annotations.items()}

    def change(self, **spec: Any) -> None:
        body = self.objects[Key(self.kind, TEAM, "app")]
        body["spec"] = {**body["spec"], **spec}
        body["metadata"]["generation"] += 1

    def status(self) -> dict[str, Any]:
        return dict(self.objects[Key(self.kind, TEAM, "app")]["status"])

    def issued(self) -> int:
        return len([path for path in self.asked if "creds/" in path or "issue/" in path])
