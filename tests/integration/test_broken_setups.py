"""Every broken setup on a real Vault, and from a lock that was taken of it: one code, the same report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from broken.setups import HERE, Setup, build, empty, fills_of, setups, tree_of

from keywave.cli import run
from rig import vault as vault_driver
from rig.postgresql import PostgreSQL
from rig.vault import Vault


@pytest.fixture(scope="module")
def own_vault(rig_folder: Path) -> Iterator[Vault]:
    """A Vault of this module alone: it is emptied after each setup."""
    with vault_driver.vault(rig_folder / "broken-vault") as started:
        started.policy("verifier", (HERE / "verifier.hcl").read_text())
        yield started


@pytest.fixture(scope="module")
def verifier(own_vault: Vault) -> str:
    return own_vault.token_for("verifier")


def report(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and what `keywave verify` says of Vault (what it says of the tree alone is other tests' business)."""
    capsys.readouterr()
    code = run(["verify", *argv, "--format", "json"])
    printed = capsys.readouterr()
    assert code in (0, 1), printed.err
    findings: list[dict[str, Any]] = json.loads(printed.out)["findings"]
    return code, [f for f in findings if f["code"].startswith("KW8")]


def check(setup: Setup, code: int, findings: list[dict[str, Any]]) -> None:
    severity = setup.body.get("severity", "error")
    told = "\n".join(f"{f['severity']} {f['code']} {f['message']} | {f['hint']}" for f in findings)
    assert {f["code"] for f in findings} == setup.codes, told
    assert {f["severity"] for f in findings if f["code"] == setup.body["code"]} == {severity}, told
    assert [word for word in setup.body.get("says", ()) if word not in told] == [], told
    assert code == (1 if any(f["severity"] == "error" for f in findings) else 0) or severity == "warning", told
    assert all(f["where"]["file"] and f["where"]["line"] for f in findings), told


class Judged(NamedTuple):
    """`live` and `locked`: exit code and findings. `locks`: the text of the lock."""

    live: tuple[int, list[dict[str, Any]]]
    locked: tuple[int, list[dict[str, Any]]]
    locks: str


@pytest.fixture
def judge(
    own_vault: Vault,
    verifier: str,
    postgresql: PostgreSQL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    canary: str,
) -> Callable[[Setup], Judged]:
    """Verifies a setup on the real Vault, takes a lock of it, and verifies it from that with no Vault in reach."""

    def judged(setup: Setup) -> Judged:
        monkeypatch.setenv("VAULT_ADDR", own_vault.url)
        monkeypatch.setenv("VAULT_TOKEN", verifier)
        tree, locks = tmp_path / "tree.yaml", tmp_path / "locks"
        tree.write_text(tree_of(setup.body))
        try:
            build(own_vault, setup.body, fills_of(postgresql, canary))
            live = report(capsys, str(tree), "--live")
            taken = run(["lock", str(tree), "--out", str(locks)])
            said = capsys.readouterr().err
        finally:
            empty(own_vault)
        assert taken == 0, said
        monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
        locked = report(capsys, str(tree), "--lock", str(locks))
        return Judged(live, locked, "".join(path.read_text() for path in locks.rglob("*.json")))

    return judged


@pytest.mark.parametrize("setup", setups(), ids=lambda setup: setup.name)
def test_a_broken_setup_gives_its_code_live_and_from_a_lock(
    setup: Setup, judge: Callable[[Setup], Judged], canary: str
) -> None:
    judged = judge(setup)

    check(setup, *judged.live)
    assert judged.locked == judged.live
    assert canary not in judged.locks


@pytest.mark.parametrize("setup", [Setup("right", "as it is", {}), *setups(("right",))], ids=lambda setup: setup.name)
def test_a_right_setup_gives_nothing(setup: Setup, judge: Callable[[Setup], Judged]) -> None:
    judged = judge(setup)

    assert judged.live[1] == []
    assert judged.locked[1] == []


def test_there_are_at_least_sixty_of_them_and_each_says_where_it_is_documented() -> None:
    found = setups()

    assert len(found) >= 60
    assert [s.name for s in found if not s.body.get("source")] == []
    assert len({s.name for s in found}) == len(found)
