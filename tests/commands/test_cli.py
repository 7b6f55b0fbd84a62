"""The shell around the pipeline: exit codes, streams, and what people see when something is wrong."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from keywave.cli import run
from keywave.commands.group import COMMANDS
from keywave.commands.output import tell
from keywave.findings import Finding
from keywave_process import APP, INTENT, PROFILE, keywave


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of plain YAML: needs no kustomize."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name, text in (("profile", PROFILE), ("intent", INTENT), ("app", APP)):
        (folder / f"{name}.yaml").write_text(text)
    return folder


def alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kinds(text: str) -> list[str]:
    return [line.removeprefix("kind: ") for line in text.splitlines() if line.startswith("kind: ")]


def test_a_folder_of_yaml_renders_in_order(tree: Path) -> None:
    done = keywave("render", str(tree))

    assert (done.returncode, done.stderr) == (0, "")
    assert kinds(done.stdout) == ["ServiceAccount", "VaultConnection", "VaultAuth", "VaultStaticSecret", "Deployment"]


def test_a_stream_on_stdin_renders_like_the_folder(tree: Path) -> None:
    done = keywave("render", "-", stdin="---\n".join([PROFILE, INTENT, APP]))

    assert (done.returncode, done.stdout) == (0, keywave("render", str(tree)).stdout)


@pytest.mark.parametrize(
    ("sentence", "argv", "code", "said"),
    [
        ("no such command", ["rendr"], 2, 'no such command "rendr"; did you mean "render"?'),
        ("no such path", ["render", "nowhere"], 2, "nowhere"),
        ("no such target", ["render", "--target", "argo"], 2, "'argo' is not one of 'argocd', 'flux', 'plain'"),
        (
            "replicas that are no number",
            ["render", "-", "--replicas", "web=many"],
            2,
            "must be a whole number, not 'many'",
        ),
        ("a label without value", ["render", "-", "--label", "a"], 2, "--label takes KEY=VALUE, not 'a'"),
        ("a patch that is no patch", ["render", "-", "--patch", "[1]"], 2, "a patch must be a mapping"),
        ("a layer that is not there", ["render", "-", "--layer", "nope"], 2, "there is no layer 'nope'"),
        ("Applications of nobody", ["render", "-", "--layer", "all"], 2, "needs to know the Application"),
        (
            "objects about layers that there are not",
            ["render", "-", "--layer", "all", "--target", "plain"],
            2,
            "it needs --target argocd (Applications) or flux (Kustomizations)",
        ),
        (
            "a tree for Flux that Flux would not read",
            ["render", "-", "--target", "flux", "--format", "json", "--out", "dist"],
            2,
            "Flux reads no files but YAML",
        ),
    ],
)
def test_misuse(sentence: str, argv: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = keywave(*argv, stdin="---\n".join([PROFILE, INTENT, APP]), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def resource_list(items: list[object], **spec: str) -> str:
    return json.dumps({"kind": "ResourceList", "functionConfig": {"spec": spec}, "items": items})


@pytest.mark.parametrize(
    ("sentence", "stdin", "said"),
    [
        ("no ResourceList", APP, "stdin is not a ResourceList"),
        ("an item that is no object", resource_list([1]), "stdin is not a ResourceList: an item is no object"),
        ("a target that there is not", resource_list([], target="argo"), 'there is no target "argo"'),
    ],
)
def test_misuse_as_a_function(sentence: str, stdin: str, said: str) -> None:
    done = keywave("krm", stdin=stdin)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


TOKEN = "hv" + "s.CAESIJ1A2b3C4d5E6f7G8h9I"
"""Put together at run time, so that no scanner takes this file for a leak."""


@pytest.mark.parametrize(
    "argv",
    [
        ["render", "-"],
        ["render", "-", "--report", "json"],
        ["render", "-", "--profile", TOKEN],
        ["render", "-", "--layer", TOKEN],
        ["render", TOKEN],
    ],
)
def test_no_message_repeats_a_token(argv: list[str]) -> None:
    intent = INTENT.replace("spec: {", f"spec: {{{TOKEN}: 1, refreshAfter: {TOKEN}, ")
    wave = APP.replace(
        "namespace: shop}", f'namespace: shop, annotations: {{argocd.argoproj.io/sync-wave: "{TOKEN}"}}}}'
    )

    done = keywave(*argv, stdin="---\n".join([PROFILE, intent, wave]))

    assert done.returncode in (1, 2)
    assert TOKEN[6:] not in done.stdout + done.stderr


def test_findings_are_coloured_on_a_terminal_only_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def told(sink: io.StringIO) -> bool:
        tell([Finding("KW0701", "nothing")], form="text", strict=False, sink=sink)
        return "\x1b[31m" in sink.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, coloured = told(io.StringIO()), told(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")

    assert (plain, coloured, told(Terminal())) == (False, True, False)


def test_the_parameters_of_an_application_that_is_no_json_are_no_bug(tree: Path) -> None:
    env = {**os.environ, "ARGOCD_APP_NAME": "shop", "ARGOCD_APP_PARAMETERS": "[1"}

    done = keywave("render", str(tree), env=env)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", "keywave: ARGOCD_APP_PARAMETERS is not JSON\n")


def test_the_layers_of_an_application_for_another_cluster(tree: Path) -> None:
    parameters = [
        {"name": "layer", "string": "all"},
        {"name": "destination", "string": "eu"},
        {"name": "strict", "string": "true"},
    ]
    env = {
        **os.environ,
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_APP_NAMESPACE": "shop",
        "ARGOCD_APP_SOURCE_REPO_URL": "https://git.example.com/shop",
        "ARGOCD_APP_REVISION": "f00d",
        "ARGOCD_APP_PARAMETERS": json.dumps(parameters),
    }

    done = keywave("cmp", "generate", cwd=tree, env=env)
    made = list(yaml.safe_load_all(done.stdout))

    assert (done.returncode, done.stderr) == (0, "")
    assert [m["spec"]["destination"] for m in made] == [{"name": "eu", "namespace": "shop"}] * 3
    assert [m["spec"]["source"]["plugin"]["parameters"] for m in made] == [
        [{"name": "strict", "string": "true"}, {"name": "layer", "string": layer}]
        for layer in ("setup", "secrets", "apps")
    ]


def test_the_parameters_of_a_broken_tree_are_still_announced(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n")
    env = {**os.environ, "KEYWAVE_PROFILES": str(tmp_path / "nowhere")}

    broken, catalogue = keywave("cmp", "parameters", cwd=tmp_path), keywave("cmp", "parameters", cwd=tmp_path, env=env)

    assert (broken.returncode, catalogue.returncode) == (0, 0)
    assert [entry["name"] for entry in json.loads(broken.stdout)] == ["images", "profile", "layer"]


def test_an_empty_result_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    refused = keywave("render", "-", stdin="", cwd=tmp_path)
    meant = keywave("render", "-", "--allow-empty", stdin="", cwd=tmp_path)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "KW0701" in refused.stderr
    assert (meant.returncode, meant.stdout) == (0, "")


def test_findings_stop_the_output_and_name_file_and_line(tree: Path) -> None:
    (tree / "intent.yaml").write_text(INTENT.replace("keys:", "kees:"))
    done = keywave("render", "tree", cwd=tree.parent)

    assert (done.returncode, done.stdout) == (1, "")
    assert "tree/intent.yaml:4  $.spec.kees" in done.stderr
    assert 'did you mean "keys"?' in done.stderr


def test_warnings_do_not_stop_the_output_unless_strict(tree: Path) -> None:
    (tree / "profile.yaml").write_text(PROFILE.replace("https://", "http://"))
    told, strict = keywave("render", str(tree)), keywave("render", str(tree), "--strict")

    assert (told.returncode, told.stderr == "") == (0, False)
    assert kinds(told.stdout)[-1] == "Deployment"
    assert (strict.returncode, strict.stdout) == (1, "")


def test_stdout_closed_early_is_no_traceback(tree: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "keywave", "render", str(tree)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (3, "keywave: stdout was closed before everything was written\n")


def test_a_full_disk_on_stdout_is_told(tree: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "keywave", "render", str(tree)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (3, "keywave: stdout could not be written: No space left on device\n")


def test_a_full_disk_on_out_leaves_what_was_there(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = keywave("render", str(tree), "--target", "flux", "--out", str(out))
    before = {p: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    (tree / "more.yaml").write_text(APP.replace("name: app, namespace", "name: more, namespace"))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))

    done = keywave("render", str(tree), "--target", "flux", "--out", str(out), preexec_fn=limit)

    assert first.returncode == 0
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert {p: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir() if p.name not in ("out", "tree")] == []


def test_sigterm_while_kustomize_hangs_leaves_nothing_behind(tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "kustomize"
    fake.parent.mkdir()
    marker = tmp_path / "child"
    fake.write_text(
        f'#!/bin/sh\ncase "$1" in version) echo v5.8.1; exit;; esac\nsleep 300 & echo $! > {marker}.tmp; mv {marker}.tmp {marker}; wait\n'
    )
    fake.chmod(0o755)
    (tmp_path / "kustomization.yaml").write_text("resources: []\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {**os.environ, "KEYWAVE_KUSTOMIZE": str(fake), "TMPDIR": str(scratch)}
    child = subprocess.Popen([sys.executable, "-m", "keywave", "render", "."], cwd=tmp_path, env=env)
    deadline = time.monotonic() + 20
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.terminate()

    assert child.wait(20) == 143
    assert not alive(int(marker.read_text()))
    assert list(scratch.iterdir()) == []


def test_a_bug_gives_a_report_to_paste_without_the_input(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise KeyError("the-input")

    monkeypatch.setattr("keywave.pipeline.render", broken)
    code = run(["render", str(tree)])
    said = capsys.readouterr().err

    assert code == 70
    assert (
        said.splitlines()[0] == "keywave: this is a bug in keywave, not in your files. Please report the lines below."
    )
    assert "the-input" not in said


def test_every_command_is_documented_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    for name in COMMANDS:
        assert run([name, "--help"]) == 0
        assert len(capsys.readouterr().out.splitlines()) > 3
        assert f"keywave {name}" in readme, name
