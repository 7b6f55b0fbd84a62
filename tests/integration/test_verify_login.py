"""`verify --live --login` on the real kube-apiserver and the real Vault: the workload's own login is tried."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from keywave.cli import run
from keywave_process import APP, INTENT, PROFILE
from rig.cluster import Cluster
from rig.vault import Vault


@pytest.fixture
def mount(
    vault: Vault, cluster: Cluster, namespace: str, tmp_path: Path, canary: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Name of the KV mount, the auth mount and the policy; the working directory has the tree, the cluster its ServiceAccount."""
    name = f"login-{secrets.token_hex(4)}"
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": namespace}})
    vault.enable(name, "kv", options={"version": "2"})
    vault.put_kv("shop/app", {"a": canary}, mount=name)
    vault.write(f"sys/auth/{name}", {"type": "kubernetes"})
    vault.write(
        f"auth/{name}/config",
        {
            "kubernetes_host": cluster.url,
            "kubernetes_ca_cert": Path(cluster.ca_file).read_text(),
            "token_reviewer_jwt": cluster.token,
        },
    )
    bound = {"bound_service_account_names": "app", "bound_service_account_namespaces": namespace}
    vault.write(f"auth/{name}/role/app", {**bound, "audience": "vault", "token_policies": [name], "token_ttl": "1h"})
    vault.policy(name, f'path "{name}/data/shop/app" {{\n  capabilities = ["read"]\n}}\n')
    profile = PROFILE.replace("kv: {mount: kv}", f"kv: {{mount: {name}}}")
    profile = profile.replace("method: kubernetes,", f"method: kubernetes, mount: {name},")
    for file, text in (("profile", profile), ("intent", INTENT), ("app", APP)):
        (tmp_path / f"{file}.yaml").write_text(text.replace("namespace: shop", f"namespace: {namespace}"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAULT_ADDR", vault.url)
    monkeypatch.setenv("VAULT_TOKEN", vault.token)
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    return name


def found(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], str]:
    code = run(["verify", ".", "--live", "--login", "--format", "json"])
    seen = capsys.readouterr()
    return code, [f["code"] for f in json.loads(seen.out)["findings"] if f["severity"] == "error"], seen.err


def test_a_login_that_works_and_may_read_is_proved(mount: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert found(capsys)[:2] == (0, [])


def test_a_login_that_vault_refuses_is_told(vault: Vault, mount: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that the tree and the role say is right; the auth method trusts another cluster's key."""
    vault.write(f"auth/{mount}/config", {"kubernetes_host": "https://127.0.0.1:1", "disable_local_ca_jwt": True})

    assert found(capsys)[:2] == (1, ["KW8507"])


def test_a_service_account_that_is_not_there_yet_is_no_finding(
    cluster: Cluster, namespace: str, mount: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.delete("v1", "ServiceAccount", "app", namespace)
    code, codes, err = found(capsys)

    assert (code, codes, "not tried: " in err) == (0, [], True)
