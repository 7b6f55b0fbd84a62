"""Slots bound the renders that run at once, and come free however a process ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from keywave.commands.cmp_slots import slot
from keywave.errors import ToolError


def hold(folder: Path, ready: str) -> None:
    """Hold the only slot until killed."""
    with slot(folder, slots=1, timeout=5):
        Path(ready).touch()
        time.sleep(60)


def test_as_many_as_there_are_slots_at_once(tmp_path: Path) -> None:
    with (
        slot(tmp_path, slots=2, timeout=1),
        slot(tmp_path, slots=2, timeout=1),
        pytest.raises(ToolError) as caught,
        slot(tmp_path, slots=2, timeout=0.1),
    ):
        pass

    assert caught.value.exit_code == 3
    assert caught.value.summary == "no free slot for a render within 0 s: 2 renders run at once in this sidecar"


def test_a_slot_is_free_again_after_use(tmp_path: Path) -> None:
    for _ in range(3):
        with slot(tmp_path, slots=1, timeout=0):
            assert sorted(p.name for p in tmp_path.iterdir()) == ["slot-0"]


def test_a_killed_process_gives_its_slot_back(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    holder = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path / "slots", str(ready)))
    holder.start()
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)

    with slot(tmp_path / "slots", slots=1, timeout=2):
        assert ready.exists()
