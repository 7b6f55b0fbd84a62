"""A set of files as one swap, whatever happens in between."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keywave.emit import MARKER, write_tree
from keywave.errors import OutputError

FILES = {"00-setup/manifests.yaml": "a: 1\n", "kustomizations.yaml": "größe: 2\r\n"}


def tree(folder: Path) -> dict[str, str]:
    """Relative path -> text, without the marker; hidden left-overs beside would show up in `beside`."""
    return {
        str(path.relative_to(folder)): path.read_bytes().decode()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARKER
    }


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


def test_a_new_folder(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"

    write_tree(FILES, out)

    assert tree(out) == FILES
    assert {oct(p.stat().st_mode & 0o777) for p in out.rglob("*") if p.is_file()} == {"0o644"}
    assert beside(out) == ["out"]


def test_the_whole_folder_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_tree({"old.yaml": "1\n", "kustomizations.yaml": "1\n"}, out)

    write_tree(FILES, out)

    assert tree(out) == FILES
    assert beside(out) == ["out"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    write_tree(FILES, tmp_path / ".")

    assert tree(tmp_path) == FILES


def test_the_working_folder_s_child_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    write_tree(FILES, Path("out"))

    assert tree(tmp_path / "out") == FILES


def test_no_files_leave_an_empty_folder_of_ours(tmp_path: Path) -> None:
    write_tree(FILES, tmp_path / "out")

    write_tree({}, tmp_path / "out")

    assert [p.name for p in (tmp_path / "out").iterdir()] == [MARKER]


def test_a_folder_that_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(OutputError, match="did not write") as caught:
        write_tree(FILES, tmp_path)

    assert tree(tmp_path) == {"mine.txt": "mine"}
    assert MARKER in caught.value.hint


def test_neither_a_file_nor_a_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    for name in ("file", "link"):
        with pytest.raises(OutputError, match="is not a folder"):
            write_tree(FILES, tmp_path / name)

    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "link").is_symlink()
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", ""])
def test_a_path_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="leads out"):
        write_tree({name: "x"}, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import sys
from pathlib import Path
from keywave.emit import write_tree
from keywave.errors import OutputError
files = {f"{i:04d}.yaml": "x" * int(sys.argv[2]) for i in range(int(sys.argv[3]))}
try:
    print("go", flush=True)
    write_tree(files, Path(sys.argv[1]))
except OutputError as error:
    print(error.summary)
    sys.exit(error.exit_code)
"""


def command(out: Path, size: int, count: int) -> list[str]:
    return [sys.executable, "-c", SCRIPT, str(out), str(size), str(count)]


def limited() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_leaves_the_old_tree(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_tree(FILES, out)

    done = subprocess.run(command(out, 10_000, 3), preexec_fn=limited, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == f"go\ncannot write {out}: File too large\n"
    assert tree(out) == FILES
    assert beside(out) == ["out"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_kill_in_the_middle_leaves_one_tree_or_the_other(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    write_tree(FILES, out)
    running = subprocess.Popen(command(out, 20_000, 3000), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    running.stdout.readline()
    deadline = time.monotonic() + 30
    while not any(p.name.endswith(".new") for p in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.002)
    running.send_signal(number)
    running.wait(30)
    running.stdout.close()

    assert running.returncode == -number
    assert tree(out) == FILES
    write_tree({"after.yaml": "1\n"}, out)
    assert tree(out) == {"after.yaml": "1\n"}
    assert beside(out) == ["out"]


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(OutputError, match="cannot write"):
        write_tree(FILES, tmp_path / "file" / "out")

    assert tree(tmp_path) == {"file": "mine"}


def test_systems_without_an_exchange_take_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    write_tree({"old.yaml": "1\n"}, tmp_path / "out")

    write_tree(FILES, tmp_path / "out")

    assert tree(tmp_path / "out") == FILES
    assert beside(tmp_path / "out") == ["out"]


def test_what_a_killed_run_left_is_swept_away_and_a_running_one_left_alone(tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait(30)
    for pid in (done.pid, os.getppid()):
        (tmp_path / f".out.{pid}.new").mkdir()
    (tmp_path / ".out.notes.new").mkdir()

    write_tree(FILES, tmp_path / "out")

    assert beside(tmp_path / "out") == sorted([f".out.{os.getppid()}.new", ".out.notes.new", "out"])
