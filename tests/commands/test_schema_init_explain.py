"""The commands for people who write intents: schema, init, explain."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest
import yaml

from keywave.codes import CODES
from keywave.commands import explain, init, schema
from keywave.errors import OutputError, UsageError
from keywave.intent.load import load
from keywave.intent.wire import files
from keywave.lockfile.schema import files as lock_files
from keywave.objects.manifest import Manifest


@pytest.mark.parametrize(("kind", "title"), [(None, "keywave.dev/v1alpha1"), ("SecretIntent", "SecretIntent")])
def test_schema_prints_one(kind: str | None, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.run(kind=kind) == 0
    assert json.loads(capsys.readouterr().out)["title"] == title


def test_schema_writes_all_and_leaves_other_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "schemas"
    folder.mkdir(parents=True)
    (folder / "other.txt").write_text("mine")

    assert schema.run(write=str(folder)) == 0
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        **files(),
        **lock_files(),
        "other.txt": "mine",
    }


@pytest.mark.parametrize(
    ("write", "kind", "summary"),
    [
        (None, "SecretIntents", 'there is no kind "SecretIntents"'),
        ("x", "SecretIntent", "--write writes all schemas; leave --kind out"),
    ],
)
def test_schema_misused(write: str | None, kind: str, summary: str) -> None:
    with pytest.raises(UsageError) as caught:
        schema.run(write=write, kind=kind)

    assert caught.value.summary == summary


def test_schema_on_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "secretintent.json").write_text("old")

    with _smallest_files(1000), pytest.raises(OutputError) as caught:
        schema.run(write=str(tmp_path))

    assert caught.value.summary == f"cannot write to {tmp_path}: File too large"
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"secretintent.json": "old"}


def test_init_writes_what_loads_without_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"

    assert init.run(str(folder), name="shop", address="https://v.example.com") == 0
    kustomization, *rest = [list(yaml.safe_load_all((folder / name).read_text())) for name in init.FILES]
    loaded = load(
        [Manifest(body) for bodies in rest for body in bodies], default_namespace=kustomization[0]["namespace"]
    )
    assert kustomization[0]["resources"] == list(init.FILES[1:])
    assert loaded.findings == ()
    assert [(i.name, i.profile.address, i.fills["namespace"]) for i in loaded.intents] == [
        ("shop", "https://v.example.com", "shop")
    ]
    assert [m.kind for m in loaded.rest] == ["ServiceAccount", "Deployment"]
    assert f"keywave render {folder}" in capsys.readouterr().err


def test_init_uses_a_folder_that_is_there_and_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    init.run(str(tmp_path))
    before = {p.name: p.read_text() for p in tmp_path.iterdir()}

    with pytest.raises(UsageError) as caught:
        init.run(str(tmp_path), name="other")

    assert (
        caught.value.summary == f"{tmp_path} already has kustomization.yaml, profile.yaml, intent.yaml, deployment.yaml"
    )
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == before
    assert sorted(before) == sorted([*init.FILES, "README.md"])


@pytest.mark.parametrize(
    ("sentence", "options", "summary"),
    [
        ("a name with capitals", {"name": "Shop"}, '"Shop" cannot be the name of an application'),
        ("a name that would end the line", {"name": "a\nb: c"}, '"a\nb: c" cannot be the name of an application'),
        ("an address without a scheme", {"address": "vault"}, '"vault" is not an address of Vault'),
        (
            "an address that would end the text",
            {"address": 'https://v"\nx: y'},
            '"https://v"\nx: y" is not an address of Vault',
        ),
        ("a namespace with a dot", {"namespace": "a.b"}, '"a.b" cannot be the name of a namespace'),
    ],
)
def test_init_misused(sentence: str, options: dict[str, str], summary: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        init.run(str(tmp_path / "demo"), **options)

    assert caught.value.summary == summary
    assert list(tmp_path.iterdir()) == []


def test_init_on_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    with _smallest_files(400), pytest.raises(OutputError):
        init.run(str(tmp_path / "demo"))

    assert list(tmp_path.iterdir()) == []


def test_explain_lists_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.run(None) == 0
    assert capsys.readouterr().out.splitlines() == [f"{code}  {CODES[code]}" for code in sorted(CODES)]


def test_explain_prints_a_page_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.run("kw1003") == 0
    assert capsys.readouterr().out.startswith("# KW1003: unknown field\n")


def test_explain_of_an_unknown_code() -> None:
    with pytest.raises(UsageError) as caught:
        explain.run("KW103")

    assert caught.value.summary == 'there is no finding code "KW103"'
    assert caught.value.hint.startswith("did you mean ")


class _smallest_files:
    """No file may grow beyond `size` bytes: a full disk, without one."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
