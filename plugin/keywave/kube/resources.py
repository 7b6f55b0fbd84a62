"""Types of Kubernetes objects and their URLs. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,251}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,251}[a-z0-9])?)*")


def is_name(text: str) -> bool:
    """Whether an object can be called so: a DNS subdomain, as Kubernetes demands of all types that are asked for here."""
    return len(text) <= 253 and _NAME.fullmatch(text) is not None


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

    def path(self, namespace: str = "") -> str:
        """Of all of them, below the server's URL; without a namespace those of all namespaces. Raises ValueError for one that cannot be."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if namespace and not is_name(namespace):
            raise ValueError(f"no namespace: {namespace[:100]!r}")
        space = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{space}/{self.plural}"

    def object_path(self, namespace: str, name: str, subresource: str = "") -> str:
        """Of one of them. Raises ValueError for a name that no object has: "" would be the list of all, "x/token" a subresource, even with
        the slash encoded: the API server decodes it."""
        if not is_name(name) or (self.namespaced and not namespace):
            raise ValueError(f"no name: {name[:100]!r}")
        return f"{self.path(namespace)}/{name}" + (f"/{subresource}" if subresource else "")


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
