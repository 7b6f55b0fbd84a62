"""What expansion needs to know of the user's own objects: which stand there, and which workloads use which Secret.

Rule: a namespace that a manifest does not name is unknown, not different: "" matches any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keywave.objects.manifest import Manifest
from keywave.objects.workloads import SecretUse, borrowed_template, same_namespace, secret_uses


class Tree(NamedTuple):
    """Indexes over the user's objects, after wiring. Made by `read_tree`."""

    objects: dict[tuple[str, str, str], list[Manifest]]
    """(group, kind, name) -> objects of that name in any namespace."""
    uses: dict[str, list[SecretUse]]
    """Secret's name -> its uses."""
    borrowers: dict[tuple[str, str], list[Manifest]]
    """(kind, name) of a workload -> the Argo Rollouts that borrow its template."""

    def find(self, group: str, kind: str, name: str, namespace: str) -> Manifest | None:
        """The object of that identity, or None."""
        for manifest in self.objects.get((group, kind, name), ()):
            if same_namespace(manifest.namespace, namespace):
                return manifest
        return None

    def uses_of(self, secret: str, namespace: str) -> list[SecretUse]:
        """Every use of that Secret."""
        return [use for use in self.uses.get(secret, ()) if same_namespace(use.namespace, namespace)]

    def pod_uses_of(self, secrets: Sequence[str], namespace: str) -> list[SecretUse]:
        """The uses by workloads that run pods, without those of the image pull."""
        return [
            use
            for secret in secrets
            for use in self.uses_of(secret, namespace)
            if use.how in ("env", "envFrom", "volume") and use.workload.kind != "ServiceAccount"
        ]

    def pull_uses_of(self, secrets: Sequence[str], namespace: str) -> list[SecretUse]:
        """The uses for pulling images, by pods and by ServiceAccounts."""
        return [use for secret in secrets for use in self.uses_of(secret, namespace) if use.how == "imagePull"]


def read_tree(manifests: Sequence[Manifest]) -> Tree:
    """Index the objects; malformed ones are simply not found."""
    objects: dict[tuple[str, str, str], list[Manifest]] = {}
    borrowers: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in manifests:
        objects.setdefault((manifest.group, manifest.kind, manifest.name), []).append(manifest)
        if (borrowed := borrowed_template(manifest)) is not None:
            borrowers.setdefault(borrowed, []).append(manifest)
    uses: dict[str, list[SecretUse]] = {}
    for use in secret_uses(manifests):
        uses.setdefault(use.secret, []).append(use)
    return Tree(objects, uses, borrowers)
