"""Reading through kustomize, and every way in which it can go wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from build_trees import FakeTool, WriteTree, config_map, told
from test_process import ends, wait_for

from keywave.build import BuildOptions, begin, read
from keywave.build.kustomize import reason_of, without_contents
from keywave.errors import ToolError

SIMPLE = {"app/kustomization.yaml": "resources: [a.yaml]\nnamespace: prod\n", "app/a.yaml": config_map("a")}


def test_a_kustomization_is_built_plainly(write: WriteTree, real_kustomize: Path, nothing_left: None) -> None:
    write(SIMPLE)
    built = read("app", BuildOptions())

    assert [m.subject for m in built.manifests] == ["ConfigMap prod/a"]
    assert [(m.source.file, m.source.built) for m in built.manifests] == [("app", True)]
    assert (built.findings, built.root, built.kustomize) == ((), "app", True)
    assert built.command == (str(real_kustomize), "build", "./app")


def test_the_current_folder_and_absolute_paths_work(
    write: WriteTree, real_kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = write(SIMPLE)

    assert [m.source.file for m in read(str(top / "app"), BuildOptions()).manifests] == [str(top / "app")]

    monkeypatch.chdir(top / "app")

    assert [m.source.file for m in read(".", BuildOptions()).manifests] == ["."]


def test_a_folder_named_like_an_option_is_no_option(write: WriteTree, real_kustomize: Path) -> None:
    write({name.replace("app", "--help"): text for name, text in SIMPLE.items()})

    assert [m.name for m in read("--help", BuildOptions()).manifests] == ["a"]


def test_kustomize_runs_while_others_import(write: WriteTree, fake_tool: FakeTool) -> None:
    write(SIMPLE)
    folder = fake_tool(f'touch "$(dirname "$0")/ran"; printf "{config_map("b")}"'.replace("\n", "\\n"))
    with begin("app", BuildOptions()) as reading:
        end = time.monotonic() + 10
        while not (folder / "ran").exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert (folder / "ran").exists()
        built = reading.finish()

    assert [m.name for m in built.manifests] == ["b"]


def test_a_reading_that_is_given_up_leaves_no_process(
    write: WriteTree, fake_tool: FakeTool, nothing_left: None
) -> None:
    write({**SIMPLE, "app/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n"})
    folder = fake_tool('echo $$ > "$(dirname "$0")/self"; sleep 60')
    with begin("app", BuildOptions()):
        pid = wait_for(folder / "self")

    assert ends(pid)


FAILURES = {
    "kustomize fails": (
        "echo \"Error: accumulating resources: accumulation err='accumulating resources from '../b': is a directory': "
        "recursed accumulation of path '/x/b': no such field\" >&2; exit 1",
        "kustomize build app failed with exit code 1: no such field",
        1,
    ),
    "kustomize fails and says nothing": ("exit 2", "kustomize build app failed with exit code 2", 1),
    "kustomize crashes": ("kill -SEGV $$", "kustomize build app was ended by signal 11", 1),
    "kustomize hangs": ("sleep 60", "kustomize did not finish within 1 s and was stopped", 3),
    "kustomize prints bytes that are no text": (
        "printf '\\377\\376abc'",
        "kustomize build app printed something that is not UTF-8",
        1,
    ),
}


@pytest.mark.parametrize(("lines", "summary", "exit_code"), FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("prefix", ["", "namePrefix: x-\n"], ids=["plain", "wrapped"])
def test_failures(
    write: WriteTree, fake_tool: FakeTool, nothing_left: None, lines: str, summary: str, exit_code: int, prefix: str
) -> None:
    write({**SIMPLE, "app/kustomization.yaml": f"resources: [a.yaml]\n{prefix}"})
    fake_tool(lines)
    with pytest.raises(ToolError) as caught:
        read("app", BuildOptions(timeout=1))

    assert (caught.value.summary, caught.value.exit_code) == (summary, exit_code)


def test_a_hanging_kustomize_and_its_children_are_dead_afterwards(
    write: WriteTree, fake_tool: FakeTool, nothing_left: None
) -> None:
    write(SIMPLE)
    folder = fake_tool('D=$(dirname "$0"); (trap "" TERM; sleep 60) & echo $! > $D/child; echo $$ > $D/self; sleep 60')
    with pytest.raises(ToolError, match="did not finish"):
        read("app", BuildOptions(timeout=1))

    assert ends(wait_for(folder / "self"))
    assert ends(wait_for(folder / "child"))


def test_endless_output_is_stopped(write: WriteTree, fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "keywave.build.process.start.__kwdefaults__", {"stdin": None, "env": None, "max_output": 10_000}
    )
    write(SIMPLE)
    fake_tool("yes")
    with pytest.raises(ToolError) as caught:
        read("app", BuildOptions())

    assert caught.value.summary == "kustomize printed more than 10000 bytes and was stopped"


@pytest.mark.parametrize(
    "output", ["hello", "a: [", "- 1", "kind: X"], ids=["a word", "no YAML", "a list", "no object"]
)
def test_garbage_is_findings_and_no_manifests(write: WriteTree, fake_tool: FakeTool, output: str) -> None:
    write(SIMPLE)
    fake_tool(f"echo '{output}'")
    built = read("app", BuildOptions())

    assert built.manifests == ()
    assert [(f.where.file, f.where.line) for f in built.findings] == [("app", 0)]


def test_an_absent_kustomize_is_out_of_reach(write: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    write(SIMPLE)
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", "/nowhere/kustomize")
    with pytest.raises(ToolError) as caught:
        read("app", BuildOptions())

    assert (caught.value.summary, caught.value.exit_code) == ("/nowhere/kustomize is not there or cannot be run", 3)


BROKEN = {
    "a field that does not exist": (
        {"app/kustomization.yaml": "resource: [a.yaml]\n"},
        'unknown field "resource"',
    ),
    "a patch for nobody": (
        {
            "app/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
            "app/p.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n",
        },
        "no resource matches strategic merge patch",
    ),
    "one object twice": (
        {"app/kustomization.yaml": "resources: [a.yaml, b.yaml]\n", "app/b.yaml": config_map("a")},
        "may not add resource with an already registered id",
    ),
}


@pytest.mark.parametrize(("files", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_what_the_real_kustomize_refuses_is_told_in_one_line(
    write: WriteTree, real_kustomize: Path, files: dict[str, str], said: str
) -> None:
    write({"app/a.yaml": config_map("a"), **files})
    with pytest.raises(ToolError) as caught:
        read("app", BuildOptions())

    assert caught.value.summary.startswith("kustomize build app failed with exit code 1: ")
    assert said in caught.value.summary
    assert "\n" not in caught.value.summary


def test_the_workspace_is_named_as_the_users_folder_in_errors(write: WriteTree, real_kustomize: Path) -> None:
    write({"app/kustomization.yaml": "namePrefix: x-\nresources: [a.yaml]\nbogus: 1\n", "app/a.yaml": config_map("a")})
    with pytest.raises(ToolError) as caught:
        read("app", BuildOptions())

    assert "keywave-" not in caught.value.summary
    assert "keywave-" not in caught.value.stderr


def test_patches_and_nodes_that_kustomize_quotes_are_left_out(
    write: WriteTree, real_kustomize: Path, canary: str
) -> None:
    write(
        {
            "app/kustomization.yaml": "resources: [s.yaml]\npatches:\n- path: p.yaml\n",
            "app/s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {canary}}}\n",
            "app/p.yaml": f"kind: Secret\nstringData: {{a: {canary}}}\n",
        }
    )
    with pytest.raises(ToolError) as caught:
        read("app", BuildOptions())

    assert canary not in caught.value.summary + caught.value.stderr


@pytest.mark.parametrize(
    "stderr",
    [
        "wrong node kind: expected MappingNode but got ScalarNode: node contents:\nSECRET\n",
        "trouble configuring builtin PatchTransformer with config: `\npatch: |\n  a: SECRET\n`: no",
        "trouble configuring builtin PatchTransformer with config: `\npatch: |\n  a: SECRET\n",
        "unable to parse SM or JSON patch from [kind: X\na: SECRET\n]: no",
        "builtin PatchStrategicMergeTransformer with config: `x`: evalsymlink failure on 'app/a: b\nSECRET' : lstat",
        "loading KV pairs: literal sources [a=SECRET b]: invalid literal source b, expected key=value",
        "invalid literal source SECRET, expected key=value",
        "line 3 has invalid utf8 bytes : PASSWORD=SECRET",
        "options.index 7 is out of bounds for value SECRET,SECRET",
        "empty item at data.a in object apiVersion: v1\ndata:\n  b: SECRET\n",
        "must specify one of patch and path in\npatch: SECRET\n",
        "patch and path can't be set at the same time\npatch: SECRET\n",
        'Multiple Strategic-Merge Patches in one `patches` entry is not allowed: [patch: "a: SECRET\n"]',
        "must specify a target for patch - {op: add, value: SECRET}",
        "json: line 3: cannot unmarshal !!str `SECRET` into map[string]string",
    ],
)
def test_contents_are_cut(stderr: str) -> None:
    assert "SECRET" not in without_contents(stderr)


def test_the_reason_is_the_innermost_one() -> None:
    assert reason_of("# Warning: old\nError: one: recursed accumulation of path '/a': two:\n three\n") == "two: three"
    assert reason_of("Error: " + "x" * 1000) == "x" * 397 + "..."
    assert reason_of("") == ""


def test_no_network_without_permission_even_past_the_closure(write: WriteTree, fake_tool: FakeTool) -> None:
    write(SIMPLE)
    folder = fake_tool('env > "$(dirname "$0")/environment"')
    read("app", BuildOptions())

    assert "GIT_ALLOW_PROTOCOL=\n" in (folder / "environment").read_text()


def test_findings_of_the_closure_come_without_asking_for_kustomize(
    write: WriteTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"app/kustomization.yaml": "resources: [gone.yaml]\n"})
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", "/nowhere/kustomize")

    assert told(read("app", BuildOptions())) == [("KW0204", "app/kustomization.yaml:1", "app/gone.yaml is not there")]
