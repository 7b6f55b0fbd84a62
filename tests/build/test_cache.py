"""The cache of kustomize's output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from build_trees import FakeTool, WriteTree, config_map

from keywave.build import BuildOptions, Overrides, cache, read

TREE = {
    "base/kustomization.yaml": "resources: [a.yaml]\n",
    "base/a.yaml": config_map("a"),
    "app/kustomization.yaml": "resources: [../base]\nconfigMapGenerator: [{name: g, files: [g.txt]}]\n",
    "app/g.txt": "x",
}
NAME = "0" * 64


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def counting(fake_tool: FakeTool) -> Path:
    """A kustomize that counts its builds and prints a ConfigMap (or what stands in `output`)."""
    folder = fake_tool('D=$(dirname "$0"); echo built >> $D/log; cat $D/output')
    (folder / "output").write_text(config_map("made"))
    return folder


def builds(folder: Path) -> int:
    return len((folder / "log").read_text().splitlines()) if (folder / "log").exists() else 0


def names(options: BuildOptions, path: str = "app") -> list[str]:
    return [m.name for m in read(path, options).manifests]


def test_the_second_build_of_the_same_tree_does_not_run(write: WriteTree, counting: Path, kept: Path) -> None:
    write(TREE)
    first = read("app", BuildOptions(cache=str(kept)))
    second = read("app", BuildOptions(cache=str(kept)))

    assert builds(counting) == 1
    assert [m.text for m in second.manifests] == [m.text for m in first.manifests] == [config_map("made")]
    assert second.command == first.command


def test_nothing_is_kept_unless_asked_for(write: WriteTree, counting: Path, kept: Path) -> None:
    write(TREE)
    names(BuildOptions())
    names(BuildOptions())

    assert (builds(counting), kept.exists()) == (2, False)


@pytest.mark.parametrize("file", sorted(TREE))
def test_a_change_of_any_file_is_seen(write: WriteTree, counting: Path, kept: Path, file: str) -> None:
    write(TREE)
    names(BuildOptions(cache=str(kept)))
    write({file: TREE[file] + "# changed\n"})
    names(BuildOptions(cache=str(kept)))

    assert builds(counting) == 2


def test_a_change_of_overrides_or_of_the_tool_is_seen(write: WriteTree, counting: Path, kept: Path) -> None:
    write(TREE)
    options = BuildOptions(cache=str(kept))
    names(options)
    names(BuildOptions(cache=str(kept), overrides=Overrides(namespace="x")))
    names(BuildOptions(cache=str(kept), overrides=Overrides(namespace="x")))

    assert builds(counting) == 2

    os.utime(counting / "kustomize", ns=(1, 1))
    script = (counting / "kustomize").read_text().replace("v5.8.1", "v5.8.2")
    (counting / "kustomize").write_text(script)
    names(options)

    assert builds(counting) == 3


def test_the_same_tree_elsewhere_is_the_same(
    write: WriteTree, counting: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    top = write(TREE)
    names(BuildOptions(cache=str(kept)))
    top.rename(tmp_path / "other")
    monkeypatch.chdir(tmp_path / "other")
    names(BuildOptions(cache=str(kept)))

    assert builds(counting) == 1


@pytest.mark.parametrize("kind", ["kind: Secret", "kind: 'Secret'", "- kind: Secret"])
def test_output_with_a_secret_is_never_kept(
    write: WriteTree, counting: Path, kept: Path, canary: str, kind: str
) -> None:
    (counting / "output").write_text(f"apiVersion: v1\ndata:\n  a: {canary}\nx:\n{kind}\nmetadata:\n  name: s\n")
    write(TREE)
    read("app", BuildOptions(cache=str(kept)))

    assert not kept.exists()


@pytest.mark.parametrize(
    "extra",
    ["transformers: [t.yaml]", "generators: [t.yaml]", "helmCharts: [{name: a}]", "resources: [https://example.com/x]"],
)
def test_what_depends_on_more_than_the_closure_is_not_kept(
    write: WriteTree, counting: Path, kept: Path, extra: str
) -> None:
    write({"app/kustomization.yaml": extra, "app/t.yaml": "{}"})
    names(BuildOptions(cache=str(kept), allow_helm=True, allow_remote=True))

    assert (builds(counting), kept.exists()) == (1, False)


def test_a_failed_build_is_not_kept(write: WriteTree, fake_tool: FakeTool, kept: Path) -> None:
    write(TREE)
    fake_tool("exit 1")
    with pytest.raises(Exception, match="failed"):
        names(BuildOptions(cache=str(kept)))

    assert not kept.exists()


@pytest.mark.parametrize(
    "damage", ["", "short", "keywave-build-1 00\nx", None], ids=["empty", "short", "wrong hash", "cut"]
)
def test_a_damaged_entry_is_a_miss(kept: Path, damage: str | None) -> None:
    cache.store(str(kept), NAME, b"body", limit=1000)
    text = (kept / NAME).read_text()
    (kept / NAME).write_text(text[:-1] if damage is None else damage)

    assert cache.load(str(kept), NAME) is None


def test_an_entry_is_private_and_comes_back_whole(kept: Path) -> None:
    cache.store(str(kept), NAME, b"a\nb\xff\n", limit=1000)

    assert cache.load(str(kept), NAME) == b"a\nb\xff\n"
    assert (kept.stat().st_mode & 0o777, (kept / NAME).stat().st_mode & 0o777) == (0o700, 0o600)
    assert os.listdir(kept) == [NAME]


def test_the_least_used_go_when_the_bound_is_passed(kept: Path) -> None:
    for number in range(4):
        cache.store(str(kept), f"{number}" * 64, b"x" * 100, limit=10_000)
        os.utime(kept / (f"{number}" * 64), ns=(number + 1, number + 1))
    (kept / "README").write_text("y" * 10_000)
    assert cache.load(str(kept), "0" * 64) is not None
    cache.store(str(kept), "4" * 64, b"x" * 100, limit=600)

    assert sorted(os.listdir(kept)) == ["0" * 64, "3" * 64, "4" * 64, "README"]


def test_a_disk_that_cannot_be_written_is_no_trouble(tmp_path: Path, write: WriteTree, counting: Path) -> None:
    (tmp_path / "file").write_text("")
    write(TREE)

    assert names(BuildOptions(cache=str(tmp_path / "file" / "cache"))) == ["made"]


def test_no_two_lists_of_parts_have_the_same_key(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("bc")
    (tmp_path / "b").write_text("c")
    keys = {
        cache.key(["ab", "c"], []),
        cache.key(["a", "bc"], []),
        cache.key(["abc"], []),
        cache.key([], [("a", str(tmp_path / "a"))]),
        cache.key([], [("ab", str(tmp_path / "b"))]),
    }

    assert len(keys) == 5
