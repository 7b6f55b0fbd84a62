"""Every option is also a variable of its own name."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from keywave.controller.running import main
from keywave.controller.running.settings import Settings

OTHER = {
    "namespaces": ("team-a team-b", ("team-a", "team-b")),
    "workers": ("3", 3),
    "lease_seconds": ("7", 7.0),
    "log_format": ("text", "text"),
    "log_level": ("debug", "debug"),
    "install_crds": ("true", True),
    "default_globals": ("false", False),
    "exclude_raw": ("true", True),
    "stand_by": ("false", False),
}
"""Option -> (text, value) that is not its default; for the others any text is."""
OPTIONS = [option for option in main.command.params if isinstance(option, click.Option) and option.name != "version"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: str(option.name))
def test_the_variable_is_named_after_the_long_option(option: click.Option, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []
    monkeypatch.setattr(main, "run", lambda settings: seen.append(settings) or 0)
    text, value = OTHER.get(str(option.name), ("some", "some"))
    name = max(option.opts, key=len).removeprefix("--").upper().replace("-", "_")
    base: dict[str, Any] = {"POD_NAMESPACE": "ops"}
    CliRunner().invoke(main.command, [], env=base)
    CliRunner().invoke(main.command, [], env=base | {f"KEYWAVE_{name}": text})

    before, after = (settings._asdict() for settings in seen)
    assert {key: after[key] for key in after if after[key] != before[key]} == {option.name: value}
