"""What depends on what: edges from the references among objects of one set.

Rule: everything is found through an index by name; no loop over pairs, so that the cost grows with the number of objects.
References outside the set make no edge: the cluster has them, or another check tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keywave.intent.model import Operator
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import pod_template, secret_uses, service_account_of
from keywave.order.graph import Edge
from keywave.order.kinds import CLUSTER_SCOPED, CSI_GROUP, Part, part_of
from keywave.order.needs import Need, needs_of, pod_needs, secret_made


class Node(NamedTuple):
    """A manifest with what ordering asks of it again and again. `namespace` is filled in; "" for cluster-wide kinds."""

    manifest: Manifest
    group: str
    kind: str
    namespace: str
    name: str
    part: Part


def nodes_of(manifests: Sequence[Manifest], namespace: str) -> list[Node]:
    """One node for each manifest, in the same order."""
    nodes = []
    for manifest in manifests:
        group, kind = manifest.group, manifest.kind
        at = "" if kind in CLUSTER_SCOPED else manifest.namespace or namespace
        nodes.append(Node(manifest, group, kind, at, manifest.name, part_of(group, kind)))
    return nodes


class Index:
    """Positions by (kind, namespace, name); makers of Secrets by (namespace, name); kinds by (group, kind)."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.by_name: dict[tuple[str, str, str], list[int]] = {}
        self.makers: dict[tuple[str, str], list[int]] = {}
        self.by_kind: dict[tuple[str, str], list[int]] = {}
        for position, node in enumerate(nodes):
            self.by_name.setdefault((node.kind, node.namespace, node.name), []).append(position)
            self.by_kind.setdefault((node.group, node.kind), []).append(position)
            made = secret_made(node.group, node.kind, node.manifest)
            if made:
                self.makers.setdefault((node.namespace, made), []).append(position)

    def find(self, need: Need) -> Sequence[int]:
        """Positions that satisfy a need: for a Secret everything in the set that makes it."""
        if need.kind == "Secret":
            return self.makers.get((need.namespace, need.name), ())
        return self.by_name.get((need.kind, need.namespace, need.name), ())


def edges_of(nodes: Sequence[Node], index: Index, operator: Operator) -> list[Edge]:
    """All edges of the set, each pair once (a gate wins over a plain one), sorted by nothing: `topological` does not care."""
    found: dict[tuple[int, int], Edge] = {}
    for edge in _all(nodes, index, operator):
        if edge.before == edge.after:
            continue
        known = found.get((edge.before, edge.after))
        if known is None or (edge.gate and not known.gate):
            found[edge.before, edge.after] = edge
    return list(found.values())


def _all(nodes: Sequence[Node], index: Index, operator: Operator) -> Iterator[Edge]:
    yield from _containers(nodes, index)
    yield from _references(nodes, index, operator)
    yield from _consumers(nodes, index)
    yield from _mounted_classes(nodes, index)
    yield from _roles(nodes, index)
    yield from _operator(nodes, index, operator)


def _containers(nodes: Sequence[Node], index: Index) -> Iterator[Edge]:
    """Namespace before what is in it, a CustomResourceDefinition before its objects."""
    spaces = {nodes[p].name: p for p in index.by_kind.get(("", "Namespace"), ())}
    if spaces:
        for position, node in enumerate(nodes):
            space = spaces.get(node.namespace) if node.namespace else None
            if space is not None:
                yield Edge(space, position, "is in the namespace")
    for crd in index.by_kind.get(("apiextensions.k8s.io", "CustomResourceDefinition"), ()):
        spec = nodes[crd].manifest.spec
        kind = mapping(spec.get("names")).get("kind")
        for position in index.by_kind.get((str(spec.get("group")), str(kind)), ()):
            yield Edge(crd, position, "is of the kind")


def _references(nodes: Sequence[Node], index: Index, operator: Operator) -> Iterator[Edge]:
    """What connection, auth, stores and secret objects name in their specs."""
    for position, node in enumerate(nodes):
        if node.part is Part.OTHER:
            continue
        for need in needs_of(node.kind, node.namespace, node.manifest, operator.namespace):
            for before in index.find(need):
                makes = nodes[before].part is Part.SECRET
                yield Edge(before, position, need.why, makes and need.kind == "Secret")
                if need.kind == "VaultAuth":
                    yield from _login(nodes, index, before, position)


def _login(nodes: Sequence[Node], index: Index, auth: int, position: int) -> Iterator[Edge]:
    """The operator looks up a VaultAuth's ServiceAccount and Secret in the namespace of the object that logs in through it."""
    owner = nodes[auth]
    target = nodes[position]
    if owner.namespace == target.namespace:
        return
    for need in needs_of(owner.kind, target.namespace, owner.manifest, ""):
        if need.kind in ("ServiceAccount", "Secret"):
            for before in index.find(need):
                yield Edge(before, position, need.why, nodes[before].part is Part.SECRET)


def _consumers(nodes: Sequence[Node], index: Index) -> Iterator[Edge]:
    """Secret objects before the workloads that use their Secrets.

    A ServiceAccount that lists pull secrets is no consumer here: it can exist without them, and it is often what the secret
    object itself logs in with. The Secret of a SecretProviderClass exists only while a pod mounts it, so it gates nothing.
    """
    positions = {id(node.manifest): position for position, node in enumerate(nodes)}
    for use in secret_uses([node.manifest for node in nodes if node.part is Part.OTHER]):
        position = positions[id(use.workload)]
        node = nodes[position]
        if node.kind == "ServiceAccount":
            continue
        in_pod = use.how in ("envFrom", "env", "volume", "imagePull")
        for before in index.makers.get((use.namespace or node.namespace, use.secret), ()):
            makes = nodes[before].part is Part.SECRET
            yield Edge(before, position, "uses the Secret", makes and in_pod and not use.optional)


def _mounted_classes(nodes: Sequence[Node], index: Index) -> Iterator[Edge]:
    """A SecretProviderClass before the pods that mount it."""
    if (CSI_GROUP, "SecretProviderClass") not in index.by_kind:
        return
    for position, node in enumerate(nodes):
        found = pod_template(node.manifest) if node.part is Part.OTHER else None
        for volume in sequence(mapping(found[0].get("spec")).get("volumes")) if found else ():
            attributes = mapping(mapping(mapping(volume).get("csi")).get("volumeAttributes"))
            key = ("SecretProviderClass", node.namespace, str(attributes.get("secretProviderClass")))
            for before in index.by_name.get(key, ()):
                yield Edge(before, position, "mounts")


def _roles(nodes: Sequence[Node], index: Index) -> Iterator[Edge]:
    """Roles and ServiceAccounts before their bindings, ServiceAccounts before the workloads that run as them."""
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for position in index.by_kind.get(("rbac.authorization.k8s.io", kind), ()):
            node = nodes[position]
            ref = mapping(node.manifest.body.get("roleRef"))
            at = "" if ref.get("kind") == "ClusterRole" else node.namespace
            for before in index.by_name.get((str(ref.get("kind")), at, str(ref.get("name"))), ()):
                yield Edge(before, position, "binds the role")
            for at, name in subjects(node.manifest):
                for before in index.by_name.get(("ServiceAccount", at or node.namespace, name), ()):
                    yield Edge(before, position, "binds the ServiceAccount")
    if ("", "ServiceAccount") not in index.by_kind:
        return
    for position, node in enumerate(nodes):
        if node.part is Part.OTHER and node.namespace and pod_template(node.manifest) is not None:
            account = service_account_of(node.manifest)
            for before in index.by_name.get(("ServiceAccount", node.namespace, account), ()):
                yield Edge(before, position, "runs as")


def subjects(binding: Manifest) -> list[tuple[str, str]]:
    """(namespace, name) of the ServiceAccounts that a binding names."""
    found = []
    for subject in sequence(binding.body.get("subjects")):
        entry = mapping(subject)
        if entry.get("kind") == "ServiceAccount":
            found.append((str(entry.get("namespace", "")), str(entry.get("name", ""))))
    return found


def operator_needs(nodes: Sequence[Node], index: Index, operator: Operator) -> list[int]:
    """What the operator needs to work, where the set holds it: its Deployment, its rights, its way to Vault.

    Without these the secret objects never become healthy, and a wave of them never ends. They come before everything that the
    operator reconciles; a list, not edges, because each of them would need one to each secret object.
    """
    account = (operator.namespace, operator.service_account)
    found = [
        position
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for position in index.by_kind.get(("rbac.authorization.k8s.io", kind), ())
        if any((at or nodes[position].namespace, name) == account for at, name in subjects(nodes[position].manifest))
    ]
    for position in index.by_kind.get(("networking.k8s.io", "NetworkPolicy"), ()):
        if nodes[position].namespace == operator.namespace or nodes[position].manifest.made_by:
            found.append(position)
    found.extend(_operator_workloads(nodes, index, operator))
    return found


def _operator_workloads(nodes: Sequence[Node], index: Index, operator: Operator) -> list[int]:
    return [
        position
        for position in index.by_kind.get(("apps", "Deployment"), ())
        if nodes[position].namespace == operator.namespace
        and service_account_of(nodes[position].manifest) == operator.service_account
    ]


def _operator(nodes: Sequence[Node], index: Index, operator: Operator) -> Iterator[Edge]:
    """What the pods of the operator itself cannot start without."""
    for position in _operator_workloads(nodes, index, operator):
        for need in pod_needs(nodes[position].namespace, nodes[position].manifest):
            for before in index.find(need):
                yield Edge(before, position, need.why)
                if (
                    nodes[before].part is Part.SECRET
                ):  # a Secret that it would have to make before it runs: shown as a cycle
                    yield Edge(position, before, "reconciles")
