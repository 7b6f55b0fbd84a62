"""`verify`, `lock` and `render --verify live` on a real Vault, and through a proxy that goes wrong: exit codes, no partial lock."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from keywave.cli import run
from keywave_process import APP, INTENT, PROFILE
from rig import fault_proxy as faults
from rig.fault_proxy import Fault, FaultProxy
from rig.vault import Vault

VERIFIER = """
path "sys/mounts" { capabilities = ["read"] }
path "sys/auth" { capabilities = ["read"] }
path "sys/policies/acl" { capabilities = ["list"] }
path "sys/policies/acl/*" { capabilities = ["read", "list"] }
path "MOUNT/subkeys/*" { capabilities = ["read"] }
path "MOUNT/metadata/*" { capabilities = ["read", "list"] }
path "auth/MOUNT/role" { capabilities = ["list"] }
path "auth/MOUNT/role/*" { capabilities = ["read", "list"] }
path "identity/lookup/entity" { capabilities = ["update"] }
path "identity/group/id/+" { capabilities = ["read"] }
"""


class Shop(NamedTuple):
    """A small application and the Vault that has all it needs, under names of its own. `mount` names KV mount, auth method and role."""

    vault: Vault
    mount: str
    tree: Path

    @property
    def lock(self) -> Path:
        return self.tree.parent / "vault.lock.d" / "vault.json"


@pytest.fixture
def shop(vault: Vault, tmp_path: Path, canary: str, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The working directory is the tree's parent; the environment logs in as a verifier that can read no value."""
    name = f"shop-{secrets.token_hex(4)}"
    vault.enable(name, "kv", options={"version": "2"})
    vault.put_kv("shop/app", {"a": canary, "b": canary}, mount=name)
    vault.write(f"sys/auth/{name}", {"type": "kubernetes"})
    bound = {"bound_service_account_names": "app", "bound_service_account_namespaces": "shop"}
    vault.write(f"auth/{name}/role/app", {**bound, "audience": "vault", "token_policies": [name], "token_ttl": "1h"})
    vault.policy(name, f'path "{name}/data/shop/app" {{\n  capabilities = ["read"]\n}}\n')
    vault.policy(f"{name}-verifier", VERIFIER.replace("MOUNT", name))
    tree = tmp_path / "tree"
    tree.mkdir()
    profile = PROFILE.replace("kv: {mount: kv}", f"kv: {{mount: {name}}}").replace(
        "method: kubernetes,", f"method: kubernetes, mount: {name},"
    )
    for file, text in (("profile", profile), ("intent", INTENT), ("app", APP)):
        (tree / f"{file}.yaml").write_text(text)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAULT_ADDR", vault.url)
    monkeypatch.setenv("VAULT_TOKEN", vault.token_for(f"{name}-verifier"))
    return Shop(vault, name, tree)


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = run([*argv])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


def codes(text: str) -> list[str]:
    return [finding["code"] for finding in json.loads(text)["findings"]]


def test_what_is_all_there_is_proved_live_and_from_the_lock(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    live = said(capsys, "verify", "tree", "--live")
    locked = said(capsys, "lock", "tree")
    again = said(capsys, "verify", "tree")

    assert live[:2] == (0, "")
    assert live[2] == f"verify: 1 reference, 1 path, 1 login looked up in {shop.vault.url} (Vault 1.21.1)\n"
    assert locked == (0, "", "keywave: vault.lock.d/vault.json written\n")
    assert again[:2] == (0, "")
    assert again[2] == "verify: 1 reference, 1 path, 1 login looked up in vault.lock.d/vault.json (taken today)\n"


def test_the_lock_of_a_profile_covers_a_path_that_a_pull_request_adds(
    shop: Shop, canary: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.vault.put_kv("shop/other", {"a": canary}, mount=shop.mount)
    assert said(capsys, "lock", "tree")[0] == 0

    (shop.tree / "intent.yaml").write_text(INTENT.replace("kv: shop/app", "kv: shop/other"))
    there = codes(said(capsys, "verify", "tree", "--format", "json")[1])
    (shop.tree / "intent.yaml").write_text(INTENT.replace("kv: shop/app", "kv: shop/nobody"))
    absent = codes(said(capsys, "verify", "tree", "--format", "json")[1])

    assert ("KW8105" in there, "KW8003" in there) == (False, False)
    assert "KW8105" in absent


def test_a_lock_of_intents_does_not_cover_it(shop: Shop, canary: str, capsys: pytest.CaptureFixture[str]) -> None:
    shop.vault.put_kv("shop/other", {"a": canary}, mount=shop.mount)
    assert said(capsys, "lock", "tree", "--scope", "intents")[0] == 0
    (shop.tree / "intent.yaml").write_text(INTENT.replace("kv: shop/app", "kv: shop/other"))
    _, out, err = said(capsys, "verify", "tree", "--format", "json")

    assert "KW8003" in codes(out)
    assert "1 not covered" in err


def test_the_time_of_a_lock_changes_with_its_content_only(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "lock", "tree")
    old = shop.lock.read_text().replace(json.loads(shop.lock.read_text())["taken"], "2026-01-02T03:04:05Z")
    shop.lock.write_text(old)

    assert said(capsys, "lock", "tree") == (0, "", "keywave: vault.lock.d/vault.json is up to date\n")
    assert shop.lock.read_text() == old
    assert said(capsys, "lock", "tree", "--touch") == (0, "", "keywave: vault.lock.d/vault.json written\n")
    changed = [(a, b) for a, b in zip(old.splitlines(), shop.lock.read_text().splitlines(), strict=True) if a != b]
    assert [a for a, _ in changed] == ['  "taken": "2026-01-02T03:04:05Z",']


def test_check_tells_what_has_drifted_and_writes_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "lock", "tree")
    before = shop.lock.read_text()
    same = said(capsys, "lock", "tree", "--check")
    shop.vault.request("DELETE", f"{shop.mount}/metadata/shop/app")
    code, out, _ = said(capsys, "lock", "tree", "--check")

    assert same == (0, "", "lock: nothing changed in Vault since\n")
    assert (code, f"KW8009 path {shop.mount}/shop/app is in the lock, and no longer in Vault" in out) == (1, True)
    assert shop.lock.read_text() == before


def test_names_of_keys_can_be_hidden(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.tree / "intent.yaml").write_text(INTENT.replace("{A: a}", "{A: very-telling}"))
    assert said(capsys, "lock", "tree", "--hash-keys")[0] == 2
    monkeypatch.setenv("KEYWAVE_LOCK_KEY", "only-for-this-test")
    assert said(capsys, "lock", "tree", "--hash-keys")[0] == 0

    assert '"a"' not in shop.lock.read_text()
    assert "hmac-sha256:" in shop.lock.read_text()
    assert codes(said(capsys, "verify", "tree", "--format", "json")[1]) == ["KW8110"]


@pytest.mark.parametrize("scope", ["profile", "intents"])
def test_no_value_and_no_token_is_in_a_lock(
    scope: str, shop: Shop, canary: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, "lock", "tree", "--scope", scope)

    assert canary not in shop.lock.read_text()
    assert "hvs." not in shop.lock.read_text()
    assert shop.vault.token not in shop.lock.read_text()


FAULTS: dict[str, Fault] = {
    "sealed": faults.sealed(),
    "500": faults.server_error(500),
    "503": faults.server_error(503),
    "429": faults.rate_limited("0"),
    "no answer": faults.silent(),
    "slow bytes": faults.slow(0.2),
    "a cut body": faults.cut(),
    "no JSON": faults.not_json(),
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, fault_proxy: FaultProxy, shop: Shop) -> Shop:
    """Through the proxy, with little patience."""
    monkeypatch.setenv("VAULT_ADDR", fault_proxy.url)
    monkeypatch.setenv("VAULT_CLIENT_TIMEOUT", "1s")
    monkeypatch.setenv("VAULT_MAX_RETRIES", "0")
    return shop


@pytest.mark.parametrize("fault", FAULTS)
def test_a_vault_that_does_not_answer_is_3_and_never_a_half_lock(
    fault: str, quick: Shop, fault_proxy: FaultProxy, capsys: pytest.CaptureFixture[str]
) -> None:
    fault_proxy.fail(FAULTS[fault], f"{quick.mount}/")
    began = time.monotonic()
    verified = said(capsys, "verify", "tree", "--live")
    locked = said(capsys, "lock", "tree")

    assert (verified[:2], locked[:2]) == ((3, ""), (3, ""))
    assert [line for line in verified[2].splitlines() if not line.startswith("  fix: ")] == [
        verified[2].splitlines()[0]
    ]
    assert time.monotonic() - began < 20
    assert not quick.lock.parent.exists()


def test_what_goes_wrong_midway_leaves_the_lock_of_before(
    quick: Shop, fault_proxy: FaultProxy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "lock", "tree")[0] == 0
    before = quick.lock.read_text()
    fault_proxy.fail(faults.server_error(503), "sys/policies/acl/")

    assert said(capsys, "lock", "tree", "--touch")[0] == 3
    assert quick.lock.read_text() == before
    assert [path.name for path in quick.lock.parent.iterdir()] == ["vault.json"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_render_warns_of_a_vault_that_does_not_answer(
    fault: str, quick: Shop, fault_proxy: FaultProxy, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = said(capsys, "render", "tree", "--verify", "off")[1]
    fault_proxy.fail(FAULTS[fault])
    code, out, err = said(capsys, "render", "tree", "--verify", "live")

    assert (code, out) == (0, plain)
    assert "warning KW8001 nothing was proved: " in err


def test_a_render_stops_at_what_is_missing(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.tree / "intent.yaml").write_text(INTENT.replace("kv: shop/app", "kv: shop/nobody"))
    code, out, err = said(capsys, "render", "tree", "--verify", "live")

    assert (code, out, "KW8105" in err) == (1, "", True)


def test_a_render_stops_where_vault_refuses_the_login(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "hvs.nobody-has-this-one")
    code, out, err = said(capsys, "render", "tree", "--verify", "live")

    assert (code, out, "KW8001" in err) == (1, "", True)
    assert "nobody-has-this-one" not in err


def test_a_verifier_without_rights_is_told_once_with_the_policy_it_needs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", shop.vault.token_for("default"))
    _, out, _ = said(capsys, "verify", "tree", "--live", "--format", "json")
    findings = [f for f in json.loads(out)["findings"] if f["code"] == "KW8002"]

    assert len(findings) == 1
    assert 'path "' in findings[0]["hint"]
