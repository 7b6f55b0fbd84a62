"""Where a lock is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from keywave.commands.locks import find


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "repo/apps/shop/overlays/prod").mkdir(parents=True)
    (tmp_path / "repo/apps/shop/file.yaml").touch()
    monkeypatch.chdir(tmp_path / "repo")
    return tmp_path


def lock(folder: Path) -> None:
    (folder / "vault.lock.d").mkdir()


def test_the_nearest_one_counts(top: Path) -> None:
    (top / "repo/.git").mkdir()
    lock(top / "repo")
    lock(top / "repo/apps/shop")

    assert find("apps/shop/overlays/prod") == "apps/shop/vault.lock.d"
    assert find("apps/shop/file.yaml") == "apps/shop/vault.lock.d"
    assert find("apps") == "vault.lock.d"
    assert find("-") == "vault.lock.d"
    assert find(str(top / "repo/apps")) == str(top / "repo/vault.lock.d")


def test_the_way_up_ends_at_the_repository(top: Path) -> None:
    (top / "repo/.git").mkdir()
    lock(top)

    assert find("apps/shop/overlays/prod") == ""


def test_the_way_up_ends_where_the_caller_says(top: Path) -> None:
    lock(top / "repo")

    assert find("apps/shop/overlays/prod", ".") == "vault.lock.d"
    assert find("apps/shop/overlays/prod", "apps") == ""


def test_without_a_repository_only_one_folder_up(top: Path) -> None:
    lock(top / "repo/apps")

    assert find("apps/shop") == "apps/vault.lock.d"
    assert find("apps/shop/overlays") == ""
