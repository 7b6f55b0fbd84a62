"""The locks of the examples are what `keywave lock` takes of the Vault in tools/example_vault.py, and every example is proved by its own.

`make golden` rewrites them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from broken.setups import empty

import example_vault
from examples import Render
from keywave import proving
from keywave.build.options import BuildOptions
from keywave.cli import run
from keywave.pipeline import Settings
from rig import fault_proxy as proxy_driver
from rig import vault as vault_driver
from rig.fault_proxy import FaultProxy
from rig.machine import ENVIRON
from rig.vault import Vault

PROOFS = [pytest.param(render, id=render.title) for render in example_vault.proofs()]


@dataclass(frozen=True)
class Filled:
    """A Vault as root; Vault's namespaces, which the open-source server has not, lead to itself."""

    vault: Vault
    proxy: FaultProxy

    def write(self, path: str, body: dict[str, object]) -> object:
        return self.vault.write(path, body)

    def enable(self, path: str, kind: str, **options: object) -> None:
        self.vault.enable(path, kind, **options)

    def enable_auth(self, path: str, kind: str) -> None:
        if f"{path}/" not in (self.vault.read("sys/auth") or {}):
            self.vault.write(f"sys/auth/{path}", {"type": kind})

    def policy(self, name: str, text: str) -> None:
        self.vault.policy(name, text)


@pytest.fixture(scope="module")
def filled(rig_folder: Path) -> Iterator[Filled]:
    with (
        vault_driver.vault(rig_folder / "example-vault") as vault,
        proxy_driver.fault_proxy(vault.url) as proxy,
    ):
        yield Filled(vault, proxy)


def go_there(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(render.folder)
    if render.stdin:
        text = (render.folder / render.stdin).read_bytes()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))


@pytest.mark.integration
@pytest.mark.parametrize("render", PROOFS)
def test_the_lock_of_an_example_is_what_its_vault_has(
    render: Render,
    filled: Filled,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pinned_kustomize: str,
) -> None:
    go_there(render, monkeypatch)
    path = render.stdin or render.path
    settings = Settings(profiles=render.profiles, project=render.project)
    references = proving.read_set(path, settings, BuildOptions()).references
    for reference in references:
        filled.proxy.route(reference.vault_namespace, filled.vault.url)
    monkeypatch.setenv("VAULT_ADDR", filled.proxy.url)
    monkeypatch.setenv("VAULT_TOKEN", filled.vault.token)
    empty(filled.vault)
    example_vault.fill(filled, references)
    assert run(["lock", path, *example_vault.arguments(render)[1:], "--out", str(tmp_path)]) == 0, (
        capsys.readouterr().err
    )
    taken = {file.name: example_vault.settled(file.read_text()) for file in sorted(tmp_path.glob("*.json"))}
    folder = example_vault.lock_folder(render)
    if ENVIRON.get("KEYWAVE_UPDATE_GOLDEN"):
        folder.mkdir(exist_ok=True)
        for name, text in taken.items():
            (folder / name).write_text(text)

    assert {file.name: file.read_text() for file in sorted(folder.glob("*.json"))} == taken
    assert example_vault.FAKE not in "".join(taken.values())


@pytest.mark.parametrize("render", PROOFS)
def test_an_example_is_proved_by_its_lock_without_any_vault(
    render: Render, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pinned_kustomize: str
) -> None:
    go_there(render, monkeypatch)
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    code = run(["verify", *example_vault.arguments(render), "--lock", os.fspath(example_vault.lock_folder(render))])
    seen = capsys.readouterr()

    assert (code, seen.out) == (0, ""), seen.err
