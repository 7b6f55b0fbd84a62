"""What a kustomization reads, and what is refused before kustomize runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from build_trees import FakeTool, WriteTree, config_map, told

from keywave.build import BuildOptions, closure, read
from keywave.build.kustomization import Entry, entries, is_inline, is_remote
from keywave.build.tree import tree_of

EVERYTHING = {
    "resources": ["a.yaml", "../base"],
    "bases": ["../old"],
    "components": ["../component"],
    "crds": ["crd.json"],
    "configurations": ["config.yaml"],
    "patchesStrategicMerge": ["merge.yaml", "kind: Deployment\nmetadata: {name: a}"],
    "generators": ["generator.yaml"],
    "transformers": ["kind: X\nmetadata: {}", "transformer"],
    "validators": ["validator.yaml"],
    "patches": [{"path": "patch.yaml"}, {"patch": "- op: add"}, "nonsense"],
    "patchesJson6902": [{"path": "json.yaml"}],
    "replacements": [{"path": "replacement.yaml"}, {"source": {}}],
    "helmCharts": [{"name": "c", "valuesFile": "values.yaml", "additionalValuesFiles": ["more.yaml"]}],
    "helmChartInflationGenerator": [{"chartName": "d", "values": "old-values.yaml"}],
    "openapi": {"path": "schema.json"},
    "configMapGenerator": [{"files": ["a.txt", "key=b.txt"], "envs": ["c.env"], "env": "d.env"}],
    "secretGenerator": [{"files": ["e.txt"], "literals": ["a=b"]}],
    "namePrefix": "x-",
}


def test_every_path_field_is_known() -> None:
    assert [(e.path, e.role) for e in entries(EVERYTHING)] == [
        ("a.yaml", "either"),
        ("../base", "either"),
        ("../old", "folder"),
        ("../component", "folder"),
        ("crd.json", "file"),
        ("config.yaml", "file"),
        ("merge.yaml", "file"),
        ("generator.yaml", "either"),
        ("transformer", "either"),
        ("validator.yaml", "either"),
        ("patch.yaml", "file"),
        ("json.yaml", "file"),
        ("replacement.yaml", "file"),
        ("values.yaml", "file"),
        ("old-values.yaml", "file"),
        ("schema.json", "file"),
        ("more.yaml", "file"),
        ("a.txt", "file"),
        ("b.txt", "file"),
        ("c.env", "file"),
        ("d.env", "file"),
        ("e.txt", "file"),
    ]


def test_an_entry_says_where_it_stands() -> None:
    found = list(entries({"configMapGenerator": [{"files": ["key=b.txt"]}]}))

    assert found == [Entry("b.txt", ("configMapGenerator", 0, "files", 0), "file", "key=")]


@pytest.mark.parametrize(
    "body", [{"resources": "a.yaml"}, {"resources": [1, None]}, {"patches": {"path": "a"}}, {"openapi": []}]
)
def test_what_has_the_wrong_shape_is_left_to_kustomize(body: dict[str, object]) -> None:
    assert list(entries(body)) == []


@pytest.mark.parametrize(
    "path",
    [
        "https://example.com/a.yaml",
        "HTTPS://example.com/a.yaml",
        "https:/example.com/a.yaml",
        "http://example.com/org/repo?ref=v1",
        "git::https://example.com/org/repo",
        "ssh://git@example.com/org/repo",
        "git@example.com:org/repo.git",
        "user@host:repo",
        "file:///etc",
        "github.com/org/repo",
        "GitHub.com/org/repo//path?ref=v1",
        "www.github.com:org/repo",
        "gh:org/repo",
        "oci://registry/x",
        "org/repo?ref=v1",
    ],
)
def test_what_kustomize_would_fetch_is_remote(path: str) -> None:
    assert is_remote(path)


@pytest.mark.parametrize(
    "path", ["base", "../base", "./a.yaml", "a@b/c.yaml".replace("a@", "a-"), "git/repo", "github/x", "/etc"]
)
def test_what_lies_here_is_not(path: str) -> None:
    assert not is_remote(path)


def test_files_are_fetched_by_http_only(write: WriteTree, real_kustomize: Path) -> None:
    write(
        {
            "app/kustomization.yaml": "resources: [a@2.yaml]\nconfigMapGenerator: [{name: g, files: [logo@2x.txt]}]\n",
            "app/a@2.yaml": config_map("a"),
            "app/logo@2x.txt": "x",
        }
    )
    built = read("app", BuildOptions())

    assert (built.findings, len(built.manifests)) == ((), 2)
    assert is_remote("https://example.com/a.txt", "file")


def test_documents_in_the_place_of_paths_are_seen() -> None:
    assert [is_inline(t) for t in ("a.yaml", "kind: A\nmetadata: {}", "{kind: A}", "kind: A", "a.yaml\n")] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_the_closure_holds_every_file_once(write: WriteTree) -> None:
    top = write(
        {
            "base/kustomization.yaml": "resources: [a.yaml]\nsecretGenerator:\n- name: s\n  literals: [a=b]\n",
            "base/a.yaml": config_map("a"),
            "one/kustomization.yml": "resources: [../base]\nnamePrefix: one-\n",
            "two/Kustomization": "resources: [../base]\n",
            "all/kustomization.yaml": "resources: [../one, ../two, b.yaml, ./b.yaml]\n",
            "all/b.yaml": config_map("b"),
        }
    )
    found = closure.walk(tree_of("all"), BuildOptions())

    assert [k.shown for k in found.kustomizations] == [
        "all/kustomization.yaml",
        "one/kustomization.yml",
        "base/kustomization.yaml",
        "two/Kustomization",
    ]
    assert list(found.files) == [str(top / "base/a.yaml"), str(top / "all/b.yaml")]
    assert (found.findings, found.renames, found.complete) == ([], True, True)
    assert [(p.file, p.line) for p in found.literals] == [("base/kustomization.yaml", 4)]


REFUSED = {
    "a remote base": (
        {"app/kustomization.yaml": "resources:\n- a.yaml\n- https://user:pass@example.com/x?ref=1\n", "app/a.yaml": ""},
        [("KW0201", "app/kustomization.yaml:3", "remote entry refused: https://...@example.com/x?ref=1")],
    ),
    "a remote base of a base": (
        {"app/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "components:\n  - github.com/a/b\n"},
        [("KW0201", "b/kustomization.yaml:2", "remote entry refused: github.com/a/b")],
    ),
    "a remote file where only files are expected": (
        {"app/kustomization.yaml": "configMapGenerator:\n- name: a\n  files:\n  - x=http://169.254.169.254/latest\n"},
        [("KW0201", "app/kustomization.yaml:4", "remote entry refused: http://169.254.169.254/latest")],
    ),
    "Helm charts": (
        {"app/kustomization.yaml": "helmCharts:\n- name: vault\nhelmChartInflationGenerator:\n- chartName: old\n"},
        [
            ("KW0202", "app/kustomization.yaml:2", "Helm chart vault refused: charts run templates and may be fetched"),
            ("KW0202", "app/kustomization.yaml:4", "Helm chart old refused: charts run templates and may be fetched"),
        ],
    ),
    "a kustomization that is no YAML": (
        {"app/kustomization.yaml": "resources:\n- a\n\t- b\n"},
        [("KW0203", "app/kustomization.yaml:3", "app/kustomization.yaml is not valid YAML: ...")],
    ),
    "a kustomization that is a list": (
        {"app/kustomization.yaml": "- a\n"},
        [("KW0203", "app/kustomization.yaml:1", "app/kustomization.yaml is not a kustomization: it holds no mapping")],
    ),
    "an empty kustomization": (
        {"app/kustomization.yaml": ""},
        [("KW0203", "app/kustomization.yaml:1", "app/kustomization.yaml is not a kustomization: it holds no mapping")],
    ),
    "two kustomizations in one folder": (
        {"app/kustomization.yaml": "{}", "app/Kustomization": "{}"},
        [("KW0203", "app", "app holds kustomization.yaml and Kustomization")],
    ),
    "entries that are not there": (
        {
            "app/kustomization.yaml": "resources:\n- deploymnet.yaml\n- ../base\n- ../bare\n",
            "app/deployment.yaml": "",
            "bare/x.yaml": "",
        },
        [
            ("KW0204", "app/kustomization.yaml:2", "app/deploymnet.yaml is not there"),
            ("KW0204", "app/kustomization.yaml:3", "base is not there"),
            ("KW0204", "app/kustomization.yaml:4", "bare holds no kustomization.yaml"),
        ],
    ),
    "an absolute path": (
        {"app/kustomization.yaml": "resources:\n- /etc/passwd\n"},
        [("KW0205", "app/kustomization.yaml:2", "/etc/passwd leads out of the tree")],
    ),
    "a path above the repository": (
        {"app/kustomization.yaml": "resources:\n- ../../temporary\n"},
        [("KW0205", "app/kustomization.yaml:2", "../temporary leads out of the tree")],
    ),
    "a file of another folder, which kustomize refuses": (
        {"app/kustomization.yaml": "patches:\n- path: ../b.yaml\n", "b.yaml": ""},
        [("KW0205", "app/kustomization.yaml:2", "b.yaml leads out of the tree")],
    ),
    "a circle": (
        {
            "app/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yaml": "resources:\n- ../c\n",
            "c/kustomization.yaml": "resources:\n- ../app\n",
        },
        [("KW0208", "c/kustomization.yaml:2", "kustomizations in a circle: app -> b -> c -> app")],
    ),
    "a kustomization that names itself": (
        {"app/kustomization.yaml": "resources:\n- .\n"},
        [("KW0208", "app/kustomization.yaml:2", "kustomizations in a circle: app -> app")],
    ),
}


@pytest.mark.parametrize(("files", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(
    write: WriteTree,
    fake_tool: FakeTool,
    files: dict[str, str],
    expected: list[tuple[str, str, str]],
    nothing_left: None,
) -> None:
    write(files)
    folder = fake_tool('touch "$(dirname "$0")/ran"')
    built = read("app", BuildOptions())
    messages = [
        (code, where, message.partition("YAML: ")[0] + "YAML: ..." if "YAML: " in message else message)
        for code, where, message in told(built)
    ]

    assert messages == expected
    assert (built.manifests, (folder / "ran").exists()) == ((), False)


def test_a_wrong_name_gets_the_right_one_as_its_hint(write: WriteTree) -> None:
    write({"app/kustomization.yaml": "resources: [deploymnet.yaml]\n", "app/deployment.yaml": ""})

    assert [f.hint for f in read("app", BuildOptions()).findings] == ['did you mean "deployment.yaml"?']


def test_symlinks_out_of_the_tree_and_special_files_are_refused(write: WriteTree, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kustomization.yaml").write_text("{}")
    top = write(
        {
            "app/kustomization.yaml": "resources:\n- link\n- pipe.yaml\n- dangling.yaml\n- folder.yaml\ncrds:\n- folder.yaml\n"
        }
    )
    (top / "app/link").symlink_to(tmp_path / "outside")
    (top / "app/dangling.yaml").symlink_to("nowhere")
    os.mkfifo(top / "app/pipe.yaml")
    (top / "app/folder.yaml").mkdir()

    assert told(read("app", BuildOptions())) == [
        ("KW0205", "app/kustomization.yaml:2", "app/link leads out of the tree"),
        ("KW0206", "app/kustomization.yaml:3", "app/pipe.yaml is not a regular file"),
        ("KW0204", "app/kustomization.yaml:4", "app/dangling.yaml is not there"),
        ("KW0204", "app/kustomization.yaml:5", "app/folder.yaml holds no kustomization.yaml"),
        ("KW0206", "app/kustomization.yaml:7", "app/folder.yaml is not a regular file"),
    ]


def test_a_kustomization_file_may_not_be_a_way_out(write: WriteTree, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("{}")
    top = write({"app/a.yaml": ""})
    (top / "app/kustomization.yaml").symlink_to(tmp_path / "outside.yaml")

    assert told(read("app", BuildOptions())) == [
        ("KW0205", "app/kustomization.yaml", "app/kustomization.yaml leads out of the tree")
    ]


def test_without_a_repository_bases_above_are_allowed_but_no_symlinks_out(
    write: WriteTree, real_kustomize: Path
) -> None:
    top = write(
        {
            "base/kustomization.yaml": "resources: [a.yaml]\n",
            "base/a.yaml": config_map("a"),
            "app/kustomization.yaml": "resources: [../base]\n",
            "other/kustomization.yaml": "resources: [link]\n",
        }
    )
    (top / ".git").rmdir()
    (top / "other/link").symlink_to("../base")

    assert [m.name for m in read("app", BuildOptions()).manifests] == ["a"]
    assert told(read("other", BuildOptions())) == [
        ("KW0205", "other/kustomization.yaml:1", "other/link leads out of the tree")
    ]


def test_the_number_of_kustomizations_is_bounded(write: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    write({f"{n}/kustomization.yaml": f"resources: [../{n + 1}]\n" for n in range(5)})
    monkeypatch.setattr(closure, "MAX_KUSTOMIZATIONS", 3)

    assert told(read("0", BuildOptions())) == [("KW0207", "2/kustomization.yaml:1", "more than 3 kustomizations")]


def test_what_is_allowed_is_left_to_kustomize(write: WriteTree, fake_tool: FakeTool) -> None:
    write({"app/kustomization.yaml": "resources: [https://example.com/x]\nhelmCharts: [{name: a}]\n"})
    folder = fake_tool('echo "$@" > "$(dirname "$0")/arguments"; env > "$(dirname "$0")/environment"')
    built = read("app", BuildOptions(allow_remote=True, allow_helm=True))

    assert built.findings == ()
    assert (folder / "arguments").read_text().split()[:2] == ["build", "--enable-helm"]
    assert "GIT_TERMINAL_PROMPT=0" in (folder / "environment").read_text()
