"""Types of Kubernetes objects and their URLs. Pure."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote


class Type(NamedTuple):
    """A type as the API server names it. `group` is "" for the core; `namespaced` False for types of the whole cluster."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Below the server's URL; without a name the collection, without a namespace that of all namespaces."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        space = f"/namespaces/{quote(namespace, safe='')}" if namespace and self.namespaced else ""
        parts = [root + space, self.plural, *(quote(part, safe="") for part in (name, subresource) if part)]
        return "/".join(parts)


SECRET = Type("", "v1", "secrets", "Secret")
EVENT = Type("", "v1", "events", "Event")
NAMESPACE = Type("", "v1", "namespaces", "Namespace", namespaced=False)
SERVICE_ACCOUNT = Type("", "v1", "serviceaccounts", "ServiceAccount")
LEASE = Type("coordination.k8s.io", "v1", "leases", "Lease")
DEFINITION = Type(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
WORKLOADS = {
    "Deployment": Type("apps", "v1", "deployments", "Deployment"),
    "DaemonSet": Type("apps", "v1", "daemonsets", "DaemonSet"),
    "StatefulSet": Type("apps", "v1", "statefulsets", "StatefulSet"),
    "argo.Rollout": Type("argoproj.io", "v1alpha1", "rollouts", "Rollout"),
}
"""By the name that `rolloutRestartTargets[].kind` has for it."""
