"""integrations/argocd/presync-verify.yaml as a real API server reads it, and as the strictest pod security lets it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rig.cluster import Cluster

TOP = Path(__file__).resolve().parents[2]
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((TOP / "integrations/argocd/presync-verify.yaml").read_text()))


def in_namespace(manifest: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def test_the_api_server_takes_every_object(cluster: Cluster, namespace: str) -> None:
    answers = {o["kind"]: cluster.dry_run(in_namespace(o, namespace)) for o in OBJECTS}

    assert {kind: a.status for kind, a in answers.items()} == {"ServiceAccount": 201, "Job": 201}, answers


def test_its_pod_fits_restricted_pod_security(cluster: Cluster, namespace: str) -> None:
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.patch("v1", "Namespace", namespace, {"metadata": {"labels": label}})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "keywave-verify"}}
    cluster.apply(in_namespace(account, namespace))
    spec = next(o for o in OBJECTS if o["kind"] == "Job")["spec"]["template"]["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": namespace}}
    loose = {**spec, "securityContext": {}}

    assert cluster.dry_run({**pod, "spec": spec}).status == 201
    assert cluster.dry_run({**pod, "spec": loose}).status == 403


def test_its_command_line_is_one_that_keywave_reads() -> None:
    from keywave.commands.verify import verify

    (container,) = next(o for o in OBJECTS if o["kind"] == "Job")["spec"]["template"]["spec"]["containers"]
    given = verify.make_context("verify", [*container["command"][2:], *container["args"]]).params

    assert (container["command"][:2], given["path"], given["live"]) == (
        ["keywave", "verify"],
        "/etc/keywave/tree",
        True,
    )
    assert (given["auth"], given["token_file"], given["deadline"]) == (
        "kubernetes",
        "/var/run/secrets/keywave/token",
        60.0,
    )
