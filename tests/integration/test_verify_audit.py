"""Vault's own audit log: no command ever asks for a value, over all examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broken.setups import empty

import example_vault
from keywave import proving
from keywave.build.options import BuildOptions
from keywave.cli import run
from keywave.pipeline import Settings
from rig import fault_proxy as proxy_driver
from rig import vault as vault_driver
from rig.fault_proxy import FaultProxy
from rig.machine import program
from rig.vault import Vault


class Root:
    """The Vault as root, filled by tools/example_vault.py."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.write, self.enable, self.policy = vault.write, vault.enable, vault.policy

    def enable_auth(self, path: str, kind: str) -> None:
        if f"{path}/" not in (self.vault.read("sys/auth") or {}):
            self.vault.write(f"sys/auth/{path}", {"type": kind})


@pytest.fixture(scope="module")
def audited(rig_folder: Path) -> Iterator[tuple[Vault, FaultProxy, Path]]:
    """A Vault of this module alone whose audit device writes the file; Vault namespaces lead to itself."""
    log = rig_folder / "audit.log"
    with (
        vault_driver.vault(rig_folder / "audited-vault") as vault,
        proxy_driver.fault_proxy(vault.url) as proxy,
    ):
        vault.write("sys/audit/file", {"type": "file", "options": {"file_path": str(log)}})
        yield vault, proxy, log


def requests(log: Path, before: int) -> list[dict[str, Any]]:
    """What was asked since, apart from what the test itself did."""
    lines = log.read_text().splitlines()[before:]
    return [entry["request"] for entry in map(json.loads, lines) if entry["type"] == "request"]


def gives_a_value(request: dict[str, Any], version_1: bool) -> bool:
    segments = request["path"].split("/")
    if request["operation"] in ("create", "update", "delete", "patch"):
        return request["path"] not in ("identity/lookup/entity", "sys/capabilities-self", "auth/token/revoke-self")
    kv_1 = version_1 and request["operation"] == "read" and segments[0] == "kv"
    return kv_1 or bool({"data", "creds", "static-creds", "issue", "sign"} & set(segments[1:-1]))


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ("read", "kv/data/shop/app", True),
        ("read", "kv/shop/app", True),
        ("read", "database/creds/app", True),
        ("update", "pki/issue/web", True),
        ("list", "kv/shop/", False),
        ("read", "kv/subkeys/shop/app", False),
        ("update", "sys/capabilities-self", False),
    ],
)
def test_what_counts_as_a_value(operation: str, path: str, expected: bool) -> None:
    assert gives_a_value({"operation": operation, "path": path}, version_1=path == "kv/shop/app") is expected


@pytest.mark.parametrize("render", [pytest.param(r, id=r.title) for r in example_vault.proofs()])
def test_no_command_asks_for_a_value(
    render: Any,
    audited: tuple[Vault, FaultProxy, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    vault, proxy, log = audited
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", str(program("kustomize")))
    monkeypatch.chdir(render.folder)
    path = render.stdin or render.path
    references = proving.read_set(
        path, Settings(profiles=render.profiles, project=render.project), BuildOptions()
    ).references
    empty(vault)
    example_vault.fill(Root(vault), references)
    for reference in references:
        proxy.route(reference.vault_namespace, vault.url)
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    monkeypatch.setenv("VAULT_TOKEN", vault.token)
    before = len(log.read_text().splitlines())
    argv = [path, *example_vault.arguments(render)[1:]]
    ran = {
        "render": run(["render", *argv, "--verify", "live", "--out", str(tmp_path / "out")]),
        "verify": run(["verify", *argv, "--live"]),
        "lock": run(["lock", *argv, "--out", str(tmp_path / "locks")]),
        "policy": run(["policy", *argv, "--live", "--plan"]),
    }
    asked = requests(log, before)

    assert ran == {"render": 0, "verify": 0, "lock": 0, "policy": 0}, capsys.readouterr().err
    assert len(asked) > 10
    assert [r["path"] for r in asked if gives_a_value(r, version_1=any(x.engine == 1 for x in references))] == []
    assert example_vault.FAKE not in capsys.readouterr().out
