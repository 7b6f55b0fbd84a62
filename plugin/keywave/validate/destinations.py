"""The Secrets that the operator writes: one writer each, with targets to restart that exist.

That somebody makes them at all is the order stage's to tell (KW4006): what waits for such a Secret waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, Location
from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.vso_schemas import SECRET_KINDS
from keywave.objects.workloads import secret_uses
from keywave.validate.view import View, opaque, text

WRITERS = (*SECRET_KINDS, "HCPVaultSecretsApp")
RESTARTS = {
    "Deployment": ("apps", "Deployment"),
    "StatefulSet": ("apps", "StatefulSet"),
    "DaemonSet": ("apps", "DaemonSet"),
    "argo.Rollout": ("argoproj.io", "Rollout"),
}


def destination_of(manifest: Manifest) -> str:
    """The name of the Secret that the object writes, or "" where that cannot be said."""
    name = text(mapping(manifest.spec.get("destination")).get("name"))
    return "" if opaque(name) else name


def check_one_writer(view: View) -> Iterator[Finding]:
    """Two objects with one destination overwrite each other, or the second is refused for ever."""
    first: dict[tuple[str, str], Manifest] = {}
    for manifest in view.of(VSO_GROUP, *WRITERS):
        name = destination_of(manifest)
        if not name:
            continue
        other = first.setdefault((manifest.namespace, name), manifest)
        if other is manifest or (manifest.made_by and other.made_by):
            continue
        late, early = (manifest, other) if not manifest.made_by else (other, manifest)
        said = f'{early.subject} writes the Secret "{name}" too'
        hint = "give each object a Secret of its own; one Secret has one writer"
        keys = ("spec", "destination", "name")
        yield late.finding("KW5204", said, *keys, hint=hint, related=(Location(early.source.file, 0, keys),))


def check_not_in_git_too(view: View) -> Iterator[Finding]:
    """A Secret in the tree that the operator shall create: it refuses what it does not own, or fights with the GitOps engine."""
    for manifest in view.of(VSO_GROUP, *WRITERS):
        name, destination = destination_of(manifest), mapping(manifest.spec.get("destination"))
        if not name or destination.get("create") is not True:
            continue
        secret = view.find("", "Secret", manifest.namespace, name)
        if secret is None or (secret.made_by and manifest.made_by):
            continue
        keys = ("spec", "destination", "name") if not manifest.made_by else ("metadata", "name")
        told = manifest if not manifest.made_by else secret
        if destination.get("overwrite") is True:
            said = f'the tree holds the Secret "{name}" too: the GitOps engine and the operator overwrite each other'
        else:
            said = f'the tree holds the Secret "{name}" too: the operator refuses a Secret that it did not make'
        yield told.finding("KW5205", said, *keys, hint=f"remove {secret.subject} from the tree")


def check_restart_targets(view: View) -> Iterator[Finding]:
    """Restart targets that the tree does not hold."""
    for manifest in view.written_of(VSO_GROUP, *WRITERS):
        for index, item in enumerate(sequence(manifest.spec.get("rolloutRestartTargets"))):
            kind, name = text(mapping(item).get("kind")), text(mapping(item).get("name"))
            group = RESTARTS.get(kind)
            if group is None or not name or opaque(name) or view.find(*group, manifest.namespace, name):
                continue
            near = view.near(*group, manifest.namespace, name)
            hint = f'did you mean "{near}"?' if near else "the target must be in the object's own namespace"
            keys = ("spec", "rolloutRestartTargets", index, "name")
            yield manifest.warning("KW5206", f'there is no {kind} "{name}" in this tree', *keys, hint=hint)


def check_raw_in_environment(view: View) -> Iterator[Finding]:
    """`envFrom` takes every key of the Secret, and without excludeRaw one of them is `_raw`: the whole secret as JSON."""
    writers = [m for m in view.written_of(VSO_GROUP, *WRITERS) if destination_of(m) and not _raw_excluded(m)]
    if not writers:
        return
    users = {(use.namespace, use.secret): use.workload for use in secret_uses(view.manifests) if use.how == "envFrom"}
    for manifest in writers:
        name = destination_of(manifest)
        workload = users.get((manifest.namespace, name))
        if workload is not None:
            said = (
                f'{workload.subject} takes all keys of "{name}" as variables, and one is _raw: the whole secret as JSON'
            )
            hint = "write destination.transformation.excludeRaw: true"
            yield manifest.warning("KW5207", said, "spec", "destination", hint=hint)


def _raw_excluded(manifest: Manifest) -> bool:
    transformation = mapping(mapping(manifest.spec.get("destination")).get("transformation"))
    return transformation.get("excludeRaw") is True
