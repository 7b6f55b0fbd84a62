"""`keywave init FOLDER`: a small kustomization to begin with, of a profile, an intent and a Deployment.

Made by templates, because these files are text for people, comments included. Jinja2 runs in its sandbox and stops at an unknown
name. Files that are there are never overwritten, and a failure leaves nothing behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from keywave.errors import OutputError, UsageError
from keywave.intent.wire_terms import LABEL, LABEL_HINT
from keywave.objects.structural import ecma_pattern

FILES = ("kustomization.yaml", "profile.yaml", "intent.yaml", "deployment.yaml")
_ADDRESS = r"^https?://[A-Za-z0-9._~:\[\]-]+(/[A-Za-z0-9._~/-]*)?$"


def run(
    folder: str, *, name: str = "my-app", address: str = "https://vault.example.com:8200", namespace: str = ""
) -> int:
    """Write the files of `FILES` into `folder`, which is made if need be.

    Raises UsageError for a name or address that makes no sense and for files that are there already, OutputError when writing fails.
    """
    if not ecma_pattern(LABEL).search(name):
        raise UsageError(f'"{name}" cannot be the name of an application', hint=LABEL_HINT)
    if not ecma_pattern(_ADDRESS).search(address):
        raise UsageError(f'"{address}" is not an address of Vault', hint="such as https://vault.example.com:8200")
    if namespace and not ecma_pattern(LABEL).search(namespace):
        raise UsageError(f'"{namespace}" cannot be the name of a namespace', hint=LABEL_HINT)
    place = Path(folder)
    there = [file for file in FILES if os.path.lexists(place / file)]
    if there:
        raise UsageError(
            f"{folder} already has {', '.join(there)}", hint="name another folder, or remove these files first"
        )
    _write(place, texts(name=name, address=address, namespace=namespace or name))
    sys.stderr.write(
        f"keywave: wrote {', '.join(FILES)} to {folder}\n  next: keywave render {folder} --target argocd\n"
    )
    return 0


def texts(*, name: str, address: str, namespace: str) -> dict[str, str]:
    """File name -> text."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    templates = resources.files("keywave.commands").joinpath("templates")
    values = {"name": name, "address": address, "namespace": namespace}
    return {
        file: environment.from_string(templates.joinpath(f"{file}.j2").read_text(encoding="utf-8")).render(values)
        for file in FILES
    }


def _write(place: Path, contents: Mapping[str, str]) -> None:
    made: list[Path] = []
    fresh = not place.exists()
    try:
        place.mkdir(parents=True, exist_ok=True)
        for file, text in contents.items():
            with (place / file).open("x", encoding="utf-8", newline="\n") as stream:
                made.append(place / file)
                stream.write(text)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        if fresh and place.is_dir():
            place.rmdir()
        raise OutputError(f"cannot write to {place}: {error.strerror or error}") from error
