"""SecretTransformation: templates and filters that several secrets share, defined once in the profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keywave.expand.made import VSO, Made, build, kept, nothing
from keywave.expand.tree import Tree
from keywave.findings import Finding, did_you_mean
from keywave.intent.model import Intent, TransformationSpec
from keywave.objects.manifest import Manifest


def transformation_spec(shared: TransformationSpec) -> dict[str, Any]:
    """`spec` of SecretTransformation."""
    return kept(
        {
            "templates": {name: {"text": text} for name, text in sorted(shared.templates.items())},
            "includes": list(shared.includes),
            "excludes": list(shared.excludes),
        }
    )


def references(intent: Intent, tree: Tree, auth_name: str) -> tuple[list[dict[str, str]], Made]:
    """`transformationRefs`, and the objects they need.

    A profile's own is made beside the login, under its name, so that no Application shares it; with `emit: refs` it stands in the
    operator's namespace (platform kit). Others must stand in the tree.
    """
    defined = {spec.name: spec for spec in intent.profile.transformations}
    refs: list[dict[str, str]] = []
    made = nothing()
    for index, name in enumerate(intent.transformations):
        if name not in defined:
            namespace, _, plain = name.rpartition("/")
            refs.append(kept({"namespace": namespace, "name": plain}))
            made.findings.extend(_check_there(intent, tree, index, namespace, plain))
        elif intent.profile.emit == "refs":
            refs.append({"namespace": intent.profile.operator.namespace, "name": name})
        else:
            own = f"{intent.profile.name if intent.profile.emit == 'all' else auth_name}-{name}"
            refs.append({"name": own})
            made.manifests.append(_object(intent, own, defined[name]))
    return refs, made


def _object(intent: Intent, name: str, shared: TransformationSpec) -> Manifest:
    return build(
        VSO,
        "SecretTransformation",
        name,
        namespace=intent.namespace,
        made_by=intent.subject,
        spec=transformation_spec(shared),
    )


def _check_there(intent: Intent, tree: Tree, index: int, namespace: str, name: str) -> Sequence[Finding]:
    where = namespace or intent.namespace
    if tree.find("secrets.hashicorp.com", "SecretTransformation", name, where) is not None:
        return ()
    known = [spec.name for spec in intent.profile.transformations]
    known += [key[2] for key in tree.objects if key[1] == "SecretTransformation"]
    message = f"the transformation {name} is neither in the profile {intent.profile.name} nor in the tree"
    hint = did_you_mean(name, known) or (
        "define it under transformations: in the profile; the operator waits for a SecretTransformation of that name"
    )
    keys = ("spec", "transformations", index)
    if did_you_mean(name, known) or not namespace:
        return (intent.manifest.finding("KW3011", message, *keys, hint=hint),)
    return (intent.manifest.warning("KW3011", message, *keys, hint=hint),)
