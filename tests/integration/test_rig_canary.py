"""The canary works: a test that lets it out fails, and the report does not repeat it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rig import REPOSITORY
from rig.machine import ENVIRON

LEAKS = """\
import logging, os, subprocess, sys

CANARY = os.environ["KEYWAVE_TEST_CANARY"]

def test_stdout():
    print("it is", CANARY)

def test_stderr_of_a_process():
    subprocess.run([sys.executable, "-c", "import os, sys; sys.stderr.write(os.environ['KEYWAVE_TEST_CANARY'])"])

def test_log():
    logging.getLogger("x").warning("it is %s", CANARY)

def test_exception():
    raise RuntimeError(CANARY)

def test_nothing(tmp_path):
    (tmp_path / "secret").write_text(CANARY)
"""


def test_a_leak_fails_the_test_and_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    argv = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-q", "-rA", "test_leaks.py"]
    env = {**ENVIRON, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "tests"), str(REPOSITORY / "tools")])}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True)

    assert "4 failed, 1 passed" in done.stdout
    assert "canary-" not in done.stdout + done.stderr


def test_the_home_directory_is_not_the_users(canary: str) -> None:
    assert os.environ["HOME"] != ENVIRON.get("HOME")
    assert Path.home() == Path(os.environ["HOME"])
    assert os.environ["KEYWAVE_TEST_CANARY"] == canary


@pytest.mark.parametrize("name", ["KUBECONFIG", "ARGOCD_APP_NAME", "VAULT_TOKEN"])
def test_nothing_of_the_users_shell_reaches_a_test(name: str) -> None:
    assert name not in os.environ
