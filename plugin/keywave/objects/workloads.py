"""Workloads: where a pod template stands in an object, and which Secrets an object refers to.

Rule: the pod template is the portable interface, so consumers are found here and never declared. Everything reads bodies of any shape:
a manifest that is malformed simply refers to nothing, other checks say what is wrong with it. Paths are keys from the document's root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from keywave.findings import PathKey
from keywave.objects.manifest import Body, Manifest, mapping, sequence

Keys = tuple[PathKey, ...]
How = Literal["envFrom", "env", "volume", "imagePull", "tls", "certificateRef"]

_TEMPLATE: Keys = ("spec", "template")
TEMPLATES: dict[tuple[str, str], Keys] = {
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): _TEMPLATE,
    ("", "Pod"): (),
    ("", "ReplicationController"): _TEMPLATE,
    ("", "PodTemplate"): ("template",),
}
"""(group, kind) -> keys of the pod template (the object that holds the pod's `metadata` and `spec`)."""

_LATER = "${"
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


class SecretUse(NamedTuple):
    """One reference to a Secret. `namespace` is "" where the manifest names none; `key` is "" for the whole Secret.

    `container` is set for env and envFrom. `keys` lead to the value that names the Secret, or to the key where one is named.
    A ServiceAccount's mountable `secrets` count as "volume".
    """

    workload: Manifest
    how: How
    secret: str
    namespace: str
    key: str
    optional: bool
    container: str
    keys: Keys


def same_namespace(one: str, other: str) -> bool:
    """True when both may be the same namespace: one that is not said, or that Flux fills in later (`${...}`), is unknown, not different."""
    return one == other or not one or not other or _LATER in one or _LATER in other


def pod_template(manifest: Manifest) -> tuple[Body, Keys] | None:
    """The pod template and the keys that lead to it, or None. A Pod is its own template, at ().

    Kinds that are not in `TEMPLATES` count when `spec.template.spec.containers` is a list (Knative, OpenShift, Kruise). A Rollout that
    borrows a Deployment's template (`workloadRef`) has none of its own.
    """
    try:
        return manifest.pod
    except AttributeError:
        manifest.pod = _pod_template(manifest)
        return manifest.pod


def _pod_template(manifest: Manifest) -> tuple[Body, Keys] | None:
    known = TEMPLATES.get((manifest.group, manifest.kind))
    keys = _TEMPLATE if known is None else known
    body: Body = manifest.body
    for key in keys:
        body = mapping(body.get(str(key)))
    if not isinstance(mapping(body.get("spec")).get("containers"), list):
        return None
    return body, keys


def service_account_of(manifest: Manifest) -> str:
    """The ServiceAccount that the workload's pods run as; "default" where the pod names none, and for what has no pods."""
    found = pod_template(manifest)
    if found is None:
        return "default"
    spec = mapping(found[0].get("spec"))
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    return name if isinstance(name, str) and name else "default"


def borrowed_template(manifest: Manifest) -> tuple[str, str] | None:
    """(kind, name) of the workload whose template an Argo Rollout borrows by `workloadRef`, or None."""
    if manifest.kind != "Rollout" or manifest.group != "argoproj.io":
        return None
    ref = mapping(manifest.spec.get("workloadRef"))
    kind, name = ref.get("kind"), ref.get("name")
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else None


def secret_uses(manifests: Iterable[Manifest]) -> list[SecretUse]:
    """Every reference to a Secret by name: pods, ServiceAccounts, Ingress TLS, Gateway certificates. In the order of the manifests."""
    uses: list[SecretUse] = []
    for manifest in manifests:
        try:
            uses.extend(manifest.uses)
        except AttributeError:
            manifest.uses = tuple(_uses(manifest))
            uses.extend(manifest.uses)
    return uses


def _uses(manifest: Manifest) -> Iterator[SecretUse]:
    found = pod_template(manifest)
    if found is not None:
        yield from _pod_uses(manifest, mapping(found[0].get("spec")), (*found[1], "spec"))
    elif (reader := _OTHERS.get((manifest.group, manifest.kind))) is not None:
        yield from reader(manifest)


def _use(
    manifest: Manifest,
    how: How,
    name: object,
    keys: Keys,
    *,
    key: str = "",
    optional: object = False,
    container: str = "",
) -> Iterator[SecretUse]:
    if isinstance(name, str) and name:
        yield SecretUse(manifest, how, name, manifest.namespace, key, optional is True, container, keys)


def _pod_uses(manifest: Manifest, spec: Body, base: Keys) -> Iterator[SecretUse]:
    for listed in CONTAINER_LISTS:
        for index, item in enumerate(sequence(spec.get(listed))):
            yield from _container_uses(manifest, mapping(item), (*base, listed, index))
    for index, item in enumerate(sequence(spec.get("volumes"))):
        yield from _volume_uses(manifest, mapping(item), (*base, "volumes", index))
    yield from _named(manifest, "imagePull", spec, "imagePullSecrets", base)


def _container_uses(manifest: Manifest, container: Body, base: Keys) -> Iterator[SecretUse]:
    name = container.get("name")
    owner = name if isinstance(name, str) else ""
    for index, item in enumerate(sequence(container.get("envFrom"))):
        ref = mapping(mapping(item).get("secretRef"))
        at = (*base, "envFrom", index, "secretRef", "name")
        yield from _use(manifest, "envFrom", ref.get("name"), at, optional=ref.get("optional"), container=owner)
    for index, item in enumerate(sequence(container.get("env"))):
        ref = mapping(mapping(mapping(item).get("valueFrom")).get("secretKeyRef"))
        if ref:
            at = (*base, "env", index, "valueFrom", "secretKeyRef", "name")
            key = ref.get("key")
            key_text = key if isinstance(key, str) else ""
            yield from _use(
                manifest, "env", ref.get("name"), at, key=key_text, optional=ref.get("optional"), container=owner
            )


def _volume_uses(manifest: Manifest, volume: Body, base: Keys) -> Iterator[SecretUse]:
    secret = mapping(volume.get("secret"))
    if secret:
        yield from _file_uses(manifest, secret, "secretName", (*base, "secret"))
    for index, item in enumerate(sequence(mapping(volume.get("projected")).get("sources"))):
        source = mapping(mapping(item).get("secret"))
        if source:
            yield from _file_uses(manifest, source, "name", (*base, "projected", "sources", index, "secret"))
    login = mapping(mapping(volume.get("csi")).get("nodePublishSecretRef"))
    if login:
        yield from _use(manifest, "volume", login.get("name"), (*base, "csi", "nodePublishSecretRef", "name"))


def _file_uses(manifest: Manifest, source: Body, name_field: str, base: Keys) -> Iterator[SecretUse]:
    """A volume with `items` uses each key; without, the whole Secret."""
    items = [mapping(item) for item in sequence(source.get("items"))]
    name, optional = source.get(name_field), source.get("optional")
    if not items:
        yield from _use(manifest, "volume", name, (*base, name_field), optional=optional)
    for index, item in enumerate(items):
        key = item.get("key")
        key_text = key if isinstance(key, str) else ""
        yield from _use(manifest, "volume", name, (*base, "items", index, "key"), key=key_text, optional=optional)


def _named(manifest: Manifest, how: How, holder: Body, field: str, base: Keys) -> Iterator[SecretUse]:
    for index, item in enumerate(sequence(holder.get(field))):
        yield from _use(manifest, how, mapping(item).get("name"), (*base, field, index, "name"))


def _service_account(manifest: Manifest) -> Iterator[SecretUse]:
    yield from _named(manifest, "imagePull", manifest.body, "imagePullSecrets", ())
    yield from _named(manifest, "volume", manifest.body, "secrets", ())


def _ingress(manifest: Manifest) -> Iterator[SecretUse]:
    for index, item in enumerate(sequence(manifest.spec.get("tls"))):
        yield from _use(manifest, "tls", mapping(item).get("secretName"), ("spec", "tls", index, "secretName"))


def _gateway(manifest: Manifest) -> Iterator[SecretUse]:
    for index, item in enumerate(sequence(manifest.spec.get("listeners"))):
        refs = sequence(mapping(mapping(item).get("tls")).get("certificateRefs"))
        for number, ref in enumerate(refs):
            yield from _certificate(
                manifest, mapping(ref), ("spec", "listeners", index, "tls", "certificateRefs", number)
            )


def _certificate(manifest: Manifest, ref: Body, base: Keys) -> Iterator[SecretUse]:
    if ref.get("kind", "Secret") != "Secret" or ref.get("group", "") != "":
        return
    namespace = ref.get("namespace")
    for use in _use(manifest, "certificateRef", ref.get("name"), (*base, "name")):
        yield use._replace(namespace=namespace) if isinstance(namespace, str) and namespace else use


_OTHERS: dict[tuple[str, str], Callable[[Manifest], Iterator[SecretUse]]] = {
    ("", "ServiceAccount"): _service_account,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("gateway.networking.k8s.io", "Gateway"): _gateway,
}
