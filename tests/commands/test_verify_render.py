"""`render --verify` and the plugin's parameter: whether something is printed, never what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keywave.cli import run
from keywave.commands import connecting
from keywave.references.model import Connection
from keywave.vault import client
from keywave.vault.settings import ConnectOptions
from keywave_locks import locked_tree
from keywave_process import INTENT

MISSING = INTENT.replace("shop/app", "shop/ap")
CLOSED = "http://127.0.0.1:1"
"""Nothing listens there."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, a repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = run([*argv])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


@pytest.mark.parametrize("mode", [(), ("--verify", "lock"), ("--verify", "off")])
def test_the_output_does_not_depend_on_it(
    mode: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked_tree(folder)
    code, out, err = said(capsys, "render", "tree", *mode)

    assert (code, out, err) == (0, said(capsys, "render", "tree", "--verify", "off")[1], "")
    assert out.count("kind: VaultStaticSecret") == 1


def test_a_lock_that_is_there_counts_unasked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, intent=MISSING)
    code, out, err = said(capsys, "render", "tree")

    assert (code, out) == (1, "")
    assert "tree/intent.yaml:4  $.spec.kv\n  error KW8105" in err
    assert said(capsys, "render", "tree", "--verify", "off")[0] == 0


def test_a_lock_that_is_asked_for_must_be_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder)
    (folder / "vault.lock.d").rename(folder / "elsewhere")

    assert said(capsys, "render", "tree", "--verify", "lock")[:2] == (2, "")
    assert said(capsys, "render", "tree")[0] == 0


def plugin(monkeypatch: pytest.MonkeyPatch, folder: Path, path: str, *parameters: dict[str, str]) -> None:
    """As in the sidecar: the working directory is the application's folder, in a copy of the repository without .git."""
    monkeypatch.chdir(folder / path)
    monkeypatch.setenv("ARGOCD_APP_NAME", "shop")
    monkeypatch.setenv("ARGOCD_APP_SOURCE_PATH", path)
    monkeypatch.setenv("ARGOCD_APP_PARAMETERS", json.dumps(parameters))
    monkeypatch.setenv("KEYWAVE_CMP_SLOTS_DIR", str(folder / "slots"))


def test_the_plugin_finds_the_lock_at_the_top_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "copy"
    (repository / "apps/shop").mkdir(parents=True)
    locked_tree(repository, intent=MISSING).rename(repository / "apps/shop/tree")
    plugin(monkeypatch, repository, "apps/shop/tree")
    code, out, err = said(capsys, "cmp", "generate")

    assert (code, out, "KW8105" in err) == (1, "", True)


@pytest.mark.parametrize(
    ("sentence", "value", "code"),
    [("off looks at nothing", "off", 0), ("lock needs one", "lock", 2), ("a word that is none", "maybe", 1)],
)
def test_the_plugin_s_parameter(
    sentence: str,
    value: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree = locked_tree(tmp_path, intent=MISSING)
    plugin(monkeypatch, tmp_path, "tree", {"name": "verify", "string": value})
    if value == "lock":
        (tmp_path / "vault.lock.d").rename(tree.parent / "elsewhere")

    assert said(capsys, "cmp", "generate")[0] == code


def test_a_vault_that_does_not_answer_warns_and_renders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locked_tree(tmp_path)
    plugin(monkeypatch, tmp_path, "tree", {"name": "verify", "string": "live"})
    monkeypatch.setenv("VAULT_ADDR", CLOSED)
    monkeypatch.setenv("VAULT_TOKEN", "hvs.no-token-at-all")
    code, out, err = said(capsys, "cmp", "generate")

    assert (code, out.count("kind: VaultStaticSecret")) == (0, 1)
    assert "warning KW8001 nothing was proved: " in err
    assert "no-token-at-all" not in err


def test_a_render_never_takes_its_login_to_an_address_out_of_the_tree(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    monkeypatch.setenv("VAULT_TOKEN", "fake")
    locked_tree(folder)

    code, out, err = said(capsys, "render", "tree", "--verify", "live")

    assert (code, out) == (2, "")
    assert "which Vault is asked was not said" in err


def test_all_vaults_and_logins_of_a_run_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 101.0, 108.0, 200.0))
    monkeypatch.setattr(connecting, "monotonic", lambda: next(clock))
    monkeypatch.setattr(client, "connect", lambda settings, login: settings.deadline)
    monkeypatch.setenv("VAULT_TOKEN", "fake")
    source = connecting.live(ConnectOptions(address="http://vault", deadline=10.0))

    assert [source.connect(Connection()) for _ in range(3)] == [9.0, 2.0, 1.0]
