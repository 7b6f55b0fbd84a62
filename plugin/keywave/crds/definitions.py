"""CustomResourceDefinitions (apiextensions.k8s.io/v1) as values and as the files of `schemas/crds`."""

from __future__ import annotations

from typing import Any

from keywave.crds.kinds import KINDS, Column, Kind
from keywave.crds.openapi import described
from keywave.crds.status import STATUS
from keywave.objects.dump import dump

PART_OF = {"app.kubernetes.io/name": "keywave-reconciler", "app.kubernetes.io/part-of": "keywave"}
"""Labels that tell people our definitions from the incumbent's."""

_HEAD = "# Made by `python -m keywave.crds schemas/crds`; change plugin/keywave/crds and not this file.\n"


def definition(kind: Kind) -> dict[str, Any]:
    """The definition of one kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}", "labels": dict(PART_OF)},
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "categories": ["keywave"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": kind.version,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [_column(column) for column in kind.columns],
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": _object(kind)},
                }
            ],
        },
    }


def definitions() -> list[dict[str, Any]]:
    """All of them, in the order of `KINDS`; fresh values."""
    return [definition(kind) for kind in KINDS]


def files() -> dict[str, str]:
    """File name -> text, as `schemas/crds` holds it: the definitions, and a kustomization that `deploy/` builds on."""
    made = {f"{kind.group}_{kind.plural}.yaml": _HEAD + dump(definition(kind)) for kind in KINDS}
    whole = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(made)}
    return {**made, "kustomization.yaml": _HEAD + dump(whole)}


def _object(kind: Kind) -> dict[str, Any]:
    made: dict[str, Any] = {"description": kind.summary, "type": "object"}
    if kind.needs_spec:
        made["required"] = ["spec"]
    spec = described(kind.spec, kind.words, replaced=kind.replaced)
    return {**made, "properties": {"spec": spec, "status": STATUS[kind.kind]}}


def _column(column: Column) -> dict[str, Any]:
    made = {"name": column.name, "type": column.type, "description": column.description, "jsonPath": column.path}
    return {**made, "priority": 1} if column.wide else made
