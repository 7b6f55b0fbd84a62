"""The renders of overlays-examples/: each folder is a kustomization, or its `example.toml` lists what is rendered there.

Used by the demo and by the golden tests, so that an example is shown and proved by the same list. Standard library only.

    [[render]]
    name = "prod"               # folder below expected/; left out where there is only one
    path = "overlays/prod"      # "-" with `stdin = "file"`
    profiles, project, layer    # as the options of `keywave render`
    targets = ["argocd"]        # left out: all
    env = {ARGOCD_APP_NAME = "x"}
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
EXAMPLES = TOP / "overlays-examples"
TARGETS = ("argocd", "flux", "plain")


@dataclass(frozen=True)
class Render:
    """One render of one example."""

    example: str
    name: str = ""
    path: str = "."
    stdin: str = ""
    profiles: str = ""
    project: str = ""
    layer: str = ""
    targets: tuple[str, ...] = TARGETS
    env: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return EXAMPLES / self.example

    @property
    def title(self) -> str:
        return f"{self.example}/{self.name}" if self.name else self.example

    @property
    def expected(self) -> Path:
        return self.folder / "expected" / self.name

    def arguments(self, target: str) -> list[str]:
        """The arguments of `keywave` for this render, with the example's folder as working directory."""
        argv = ["render", self.path, "--target", target]
        for option in ("profiles", "project", "layer"):
            if value := getattr(self, option):
                argv += [f"--{option}", value]
        return argv


def renders() -> Iterator[Render]:
    """All renders of all examples, in the order of their names."""
    for folder in sorted(p for p in EXAMPLES.iterdir() if p.is_dir()):
        described = folder / "example.toml"
        if not described.exists():
            yield Render(folder.name)
            continue
        for entry in tomllib.loads(described.read_text())["render"]:
            targets = tuple(entry.pop("targets", TARGETS))
            yield Render(folder.name, targets=targets, **entry)
