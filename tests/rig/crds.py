"""Custom resource definitions: read from the modules' files, installed, waited for."""

from __future__ import annotations

from pathlib import Path

from rig.cluster import Body, Cluster
from rig.documents import read_documents
from rig.machine import files
from rig.waiting import wait_for


def read_crds(paths: list[Path]) -> list[Body]:
    documents = [document for path in paths for document in read_documents(path)]
    return [document for document in documents if document.get("kind") == "CustomResourceDefinition"]


def vso_crds() -> list[Body]:
    """The Vault Secrets Operator's definitions, as its module ships them."""
    return read_crds(files("vso-crds"))


def established(crd: Body | None) -> bool:
    conditions = ((crd or {}).get("status") or {}).get("conditions") or ()
    return any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions)


def install(cluster: Cluster, crds: list[Body]) -> None:
    """Apply the definitions and wait until every served version of each can be used."""
    for crd in crds:
        cluster.apply(crd)
    for crd in crds:
        name, spec = crd["metadata"]["name"], crd["spec"]

        def ask(name: str = name) -> bool:
            return established(cluster.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name))

        wait_for(f"the CRD {name} to be Established", ask)
        for version in spec["versions"]:
            if version["served"]:
                cluster.wait_served(f"{spec['group']}/{version['name']}", spec["names"]["kind"])
