"""What the machine has, read before the tests get a home directory of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import pytest
from toolchain.catalogue import tool_of
from toolchain.places import find, this_machine

ENVIRON: Mapping[str, str] = MappingProxyType(dict(os.environ))
MACHINE = this_machine(ENVIRON)


def missing(name: str) -> NoReturn:
    """In CI a server that is not there is a failure; a contributor is told what to run."""
    lacking(f"{name} is not here; run: python tools/servers.py get {tool_of(name).name}   (all: get --for test)")


def missing_command(name: str) -> NoReturn:
    """The same for a command that the machine itself must bring."""
    lacking(f"{name} is not on PATH; install it")


def lacking(text: str) -> NoReturn:
    if ENVIRON.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def program(name: str) -> Path:
    """The path of a server's program. Skips the test (fails it in CI) where there is none."""
    found = find(tool_of(name), MACHINE)
    if found is None:
        missing(name)
    return found.paths[name]


def files(name: str) -> list[Path]:
    """The YAML files of a tool that is files only (`vso-crds`, ...), sorted. Skips or fails as `program` does."""
    found = find(tool_of(name), MACHINE)
    if found is None:
        missing(name)
    return sorted(found.folder.glob("*.yaml"))


def plain_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment for a server: PATH and a home of its own, nothing of the user's.

    Not even proxies: every server here is on loopback.
    """
    return {
        "PATH": ENVIRON.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "LANG": "C.UTF-8",
        **more,
    }
