"""Input without kustomize: folders, files, streams."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from build_trees import WriteTree, config_map, told

from keywave.build import BuildOptions, Built, Overrides, folder, read
from keywave.errors import UsageError


def seen(built: Built) -> list[tuple[str, str, int]]:
    return [(m.name, m.source.file, m.source.line) for m in built.manifests]


def test_a_folder_is_read_recursively_and_in_order(write: WriteTree) -> None:
    write(
        {
            "app/b.yml": config_map("b") + "---\n" + config_map("b2"),
            "app/a.yaml": "# first\n---\n" + config_map("a"),
            "app/deep/c.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
            "app/README.md": "no",
            "app/.hidden/d.yaml": config_map("d"),
            "app/.e.yaml": config_map("e"),
        }
    )
    built = read("app", BuildOptions())

    assert seen(built) == [
        ("a", "app/a.yaml", 3),
        ("b", "app/b.yml", 1),
        ("b2", "app/b.yml", 6),
        ("c", "app/deep/c.json", 1),
    ]
    assert (built.findings, built.kustomize, built.command, built.root) == ((), False, (), "app")


@pytest.mark.parametrize(
    ("given", "file"),
    [
        ("app", "app/a.yaml"),
        ("./app", "app/a.yaml"),
        ("app/", "app/a.yaml"),
        ("../repository/app", "../repository/app/a.yaml"),
    ],
)
def test_files_are_named_as_the_user_named_the_folder(write: WriteTree, given: str, file: str) -> None:
    write({"app/a.yaml": config_map("a")})

    assert seen(read(given, BuildOptions())) == [("a", file, 1)]


def test_the_folder_may_be_given_absolutely_or_as_the_current_one(
    write: WriteTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = write({"app/a.yaml": config_map("a")})

    assert seen(read(str(top / "app"), BuildOptions())) == [("a", str(top / "app/a.yaml"), 1)]

    monkeypatch.chdir(top / "app")

    assert seen(read(".", BuildOptions())) == [("a", "a.yaml", 1)]


def test_a_file_may_have_any_name(write: WriteTree) -> None:
    write({"manifests.txt": config_map("a")})

    assert seen(read("manifests.txt", BuildOptions())) == [("a", "manifests.txt", 1)]


def test_a_stream_comes_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO((config_map("a") + "---\n" + config_map("b")).encode()))
    )

    assert seen(read("-", BuildOptions())) == [("a", "-", 1), ("b", "-", 6)]


def test_a_path_that_is_not_there_is_a_wrong_call(place: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read("overlays/prd", BuildOptions())

    assert (caught.value.summary, caught.value.exit_code) == ("overlays/prd is not there", 2)


def test_all_problems_of_all_files_are_told(write: WriteTree) -> None:
    top = write({"app/a.yaml": "a: [", "app/b.yaml": config_map("b"), "app/c.yaml": "kind: X\n"})
    (top / "app/gone.yaml").symlink_to("nowhere.yaml")
    (top / "app/z.yaml").mkdir()
    os.mkfifo(top / "app/pipe.yaml")
    built = read("app", BuildOptions())

    assert seen(built) == [("b", "app/b.yaml", 1)]
    assert [(f.where.file, f.where.line) for f in built.findings if f.code.startswith("KW01")] == [
        ("app/a.yaml", built.findings[0].where.line),
        ("app/c.yaml", 1),
    ]
    assert [t for t in told(built) if t[0].startswith("KW02")] == [
        ("KW0206", "app/gone.yaml", "app/gone.yaml cannot be read: No such file or directory"),
        ("KW0206", "app/pipe.yaml", "app/pipe.yaml is not a regular file"),
    ]


def test_a_named_fifo_is_not_waited_for(place: Path) -> None:
    os.mkfifo(place / "pipe")

    assert told(read("pipe", BuildOptions())) == [("KW0206", "pipe", "pipe is not a regular file")]


def test_symlinks_inside_of_the_repository_are_followed_once(write: WriteTree) -> None:
    top = write({"shared/a.yaml": config_map("a"), "app/b.yaml": config_map("b")})
    (top / "app/shared").symlink_to("../shared")
    (top / "app/loop").symlink_to(".")
    (top / "app/c.yaml").symlink_to("../shared/a.yaml")
    built = read("app", BuildOptions())

    assert seen(built) == [("b", "app/b.yaml", 1), ("a", "app/c.yaml", 1), ("a", "app/shared/a.yaml", 1)]
    assert built.findings == ()


def test_symlinks_out_of_the_tree_are_refused(write: WriteTree, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.yaml").write_text(config_map("a"))
    top = write({"app/b.yaml": config_map("b")})
    (top / "app/folder").symlink_to(tmp_path / "outside")
    (top / "app/file.yaml").symlink_to(tmp_path / "outside/a.yaml")
    built = read("app", BuildOptions())

    assert seen(built) == [("b", "app/b.yaml", 1)]
    assert told(built) == [
        ("KW0205", "app/file.yaml", "app/file.yaml leads out of the tree"),
        ("KW0205", "app/folder", "app/folder leads out of the tree"),
    ]


def test_without_a_repository_the_folder_is_the_tree(write: WriteTree) -> None:
    top = write({"shared/a.yaml": config_map("a"), "app/b.yaml": config_map("b")})
    (top / ".git").rmdir()
    (top / "app/shared").symlink_to("../shared")

    assert told(read("app", BuildOptions())) == [("KW0205", "app/shared", "app/shared leads out of the tree")]
    assert told(read("app", BuildOptions(root="."))) == []


def test_parts_of_kustomizations_and_charts_are_not_read_as_they_lie(write: WriteTree) -> None:
    write(
        {
            "all/base/kustomization.yaml": "",
            "all/base/a.yaml": config_map("a"),
            "all/chart/Chart.yaml": "",
            "all/b.yaml": "",
        }
    )

    assert told(read("all", BuildOptions())) == [
        ("KW0209", "all/base", "all/base holds a kustomization of its own"),
        ("KW0209", "all/chart", "all/chart is a Helm chart"),
    ]


def test_too_much_is_refused(write: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    write({f"app/{n}.yaml": config_map(f"a{n}") for n in range(4)})
    monkeypatch.setattr(folder, "MAX_FILES", 3)

    assert told(read("app", BuildOptions())) == [("KW0207", "app", "more than 3 files")]

    monkeypatch.setattr(folder, "MAX_FILES", 100)
    monkeypatch.setattr(folder, "MAX_STREAM_BYTES", 100)

    assert told(read("app", BuildOptions())) == [("KW0207", "app/1.yaml", "more than 100 bytes of YAML")]


def test_overrides_work_on_plain_input(write: WriteTree, real_kustomize: Path, nothing_left: None) -> None:
    write({"app/a.yaml": config_map("a") + "---\n" + config_map("b"), "app/c.yaml": config_map("c")})
    overrides = Overrides(name_prefix="pr-7-", namespace="preview", common_annotations={"team": "a"})
    built = read("app", BuildOptions(overrides=overrides))

    assert [m.subject for m in built.manifests] == [
        "ConfigMap preview/pr-7-a",
        "ConfigMap preview/pr-7-b",
        "ConfigMap preview/pr-7-c",
    ]
    assert [dict(m.annotations) for m in built.manifests] == [{"team": "a"}] * 3
    assert (built.findings, built.kustomize) == ((), True)
