"""`keywave verify` against a lock: reports, exit codes, which lock counts. What Vault itself says is tested in tests/integration."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from keywave.cli import run
from keywave_locks import INVENTORY, lock_text, locked_tree
from keywave_process import INTENT, PROFILE

MISSING = INTENT.replace("shop/app", "shop/ap")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, a repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = run(["verify", *argv])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_all_there_says_so_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, lock=lock_text(taken=days_ago(2)))

    assert said(capsys, "tree") == (
        0,
        "",
        "verify: 1 reference, 1 path, 1 login looked up in vault.lock.d/vault.json (2 days old)\n",
    )


def test_a_tree_that_reads_nothing_needs_no_lock(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    assert said(capsys, "a.yaml") == (0, "", "verify: nothing here reads from Vault\n")
    assert said(capsys, "a.yaml", "--lock", "nowhere") == (0, "", "verify: nothing here reads from Vault\n")
    assert run(["lock", "a.yaml"]) == 0
    assert capsys.readouterr().err == "keywave: a.yaml reads nothing from Vault, so there is nothing to lock\n"
    assert not (folder / "vault.lock.d").exists()


def test_what_is_missing_is_told_at_the_line_that_asks_for_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, intent=MISSING)
    code, out, err = said(capsys, "tree", "--lock")

    assert (code, out.splitlines()[:4]) == (
        1,
        [
            "keywave: 1 error",
            "tree/intent.yaml:4  $.spec.kv",
            "  error KW8105 SecretIntent shop/app: nothing is stored at kv/shop/ap",
            '  fix: did you mean "shop/app"? else: vault kv put -mount=kv shop/ap a=-',
        ],
    )
    assert err.startswith("verify: 1 reference, ")


@pytest.mark.parametrize(
    ("sentence", "argv", "code"),
    [
        ("the lock of a file", ["tree", "--lock", "vault.lock.d/vault.json"], 0),
        ("the locks of a folder", ["tree", "--lock", "vault.lock.d"], 0),
        ("lock and live at once", ["tree", "--lock", "vault.lock.d", "--live"], 2),
        ("logins without a live Vault", ["tree", "--login"], 2),
        ("a lock that is not there", ["tree", "--lock", "nowhere"], 2),
        ("a path that is not there", ["nowhere"], 2),
        ("a live Vault without token", ["tree", "--live"], 2),
    ],
)
def test_exit_codes(
    sentence: str, argv: list[str], code: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked_tree(folder)

    assert said(capsys, *argv)[0] == code


def test_without_any_lock_both_ways_on_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder)
    (folder / "vault.lock.d" / "vault.json").unlink()
    (folder / "vault.lock.d").rmdir()

    assert said(capsys, "tree") == (
        2,
        "",
        "keywave: there is no vault.lock.d beside tree or above it, and --live was not said\n"
        "  fix: ask Vault now: keywave verify tree --live; or write a lock once: keywave lock tree\n",
    )


def test_an_old_lock_is_a_warning_and_an_error_with_strict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, lock=lock_text(taken=days_ago(9)))
    code, out, _ = said(capsys, "tree", "--max-age", "7")

    assert (code, out.splitlines()[:3]) == (
        0,
        [
            "keywave: 1 warning",
            "vault.lock.d/vault.json",
            "  warning KW8004 the lock of vault is 9 days old; at most 7 days are wanted",
        ],
    )
    assert said(capsys, "tree", "--max-age", "7", "--strict")[0] == 1
    assert said(capsys, "tree", "--max-age", "9", "--strict")[:2] == (0, "")


def test_a_lock_of_another_vault_is_not_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, lock=lock_text(INVENTORY._replace(address="https://other.example.com")))
    code, out, err = said(capsys, "tree")

    assert (code, "KW8008" in out, "KW8105" in out) == (0, True, False)
    assert "the lock of vault was taken from https://other.example.com" in err


def test_a_broken_lock_is_a_finding_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, lock="<<<<<<< HEAD\n{}\n")
    code, out, err = said(capsys, "tree")

    assert (code, out) == (1, "")
    assert "vault.lock.d/vault.json:1\n  error KW8005" in err


def test_each_format_is_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, intent=MISSING)
    outs = {form: said(capsys, "tree", "--format", form)[1] for form in ("json", "sarif", "junit", "github")}

    assert [f["code"] for f in json.loads(outs["json"])["findings"]] == ["KW8105"]
    assert [r["ruleId"] for r in json.loads(outs["sarif"])["runs"][0]["results"]] == ["KW8105"]
    assert ElementTree.fromstring(outs["junit"]).attrib["failures"] == "1"
    assert outs["github"].startswith("::error file=tree/intent.yaml,line=4,title=KW8105 ")


def test_what_is_proved_is_a_passed_test_case(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder)
    cases = list(ElementTree.fromstring(said(capsys, "tree", "--format", "junit")[1]).iter("testcase"))

    assert [(case.attrib, list(case)) for case in cases] == [
        ({"classname": "VaultStaticSecret shop/app", "name": "kv/shop/app"}, [])
    ]


def test_the_report_goes_into_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked_tree(folder, intent=MISSING)
    code, out, _ = said(capsys, "tree", "--format", "github", "--out", "report.txt")

    assert (code, out) == (1, "")
    assert (folder / "report.txt").read_text().startswith("::error ")
    assert sorted(p.name for p in folder.iterdir()) == [".git", "report.txt", "tree", "vault.lock.d"]


def test_findings_of_the_render_are_told_with_those_of_vault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = locked_tree(folder, intent=MISSING)
    (tree / "profile.yaml").write_text(PROFILE.replace("spec:\n", "spec:\n  unknown: 1\n"))
    codes = {f["code"] for f in json.loads(said(capsys, "tree", "--format", "json")[1])["findings"]}

    assert codes == {"KW1003", "KW8105"}


def test_locks_inside_a_plain_folder_are_no_objects_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = locked_tree(folder)
    (folder / "vault.lock.d").rename(tree / "vault.lock.d")

    assert said(capsys, "tree")[:2] == (0, "")


def test_a_tree_mounted_from_a_config_map_reads_like_the_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = locked_tree(folder)
    mounted = folder / "mounted"
    (mounted / "..2026_01_01").mkdir(parents=True)
    (mounted / "..data").symlink_to("..2026_01_01")
    for file in tree.iterdir():
        (mounted / "..2026_01_01" / file.name).write_text(file.read_text())
        (mounted / file.name).symlink_to(f"..data/{file.name}")

    assert said(capsys, "mounted")[:2] == (0, "")


def test_a_login_is_sent_to_an_address_of_the_tree_only_where_that_was_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "hvs.obviously-fake")
    locked_tree(folder)
    profile = folder / "tree" / "profile.yaml"
    assert "https://vault" in profile.read_text()
    profile.write_text(re.sub(r"https://vault[^\s'\"]*", "http://127.0.0.1:1", profile.read_text()))

    refused = said(capsys, "tree", "--live")
    assert (refused[0], refused[2].splitlines()[0]) == (2, "keywave: which Vault is asked was not said")
    asked = said(capsys, "tree", "--live", "--tree-addresses")
    assert (asked[0], asked[2].splitlines()[0]) == (3, "keywave: Vault at http://127.0.0.1:1 refused the connection")
