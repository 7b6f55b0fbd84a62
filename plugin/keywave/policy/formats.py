"""The forms a plan can be written in. One module each; `tests/contract/test_policy_formats.py` runs over `FORMATS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from keywave.policy import cli, hcl, terraform
from keywave.policy.model import Plan, Target
from keywave.policy.paths import file_name


class Format(Protocol):
    """A module of a form."""

    def files(self, target: Target) -> Mapping[str, str]:
        """Relative path -> text, for one Vault. A name of the tree is data in it, whatever it holds."""


FORMATS: Mapping[str, Format] = {"hcl": hcl, "terraform": terraform, "cli": cli}


def files(plan: Plan, form: str) -> dict[str, str]:
    """Relative path -> text; a folder for each Vault where there are several."""
    several = len(plan.targets) > 1
    found: dict[str, str] = {}
    for target in plan.targets:
        folder = f"{file_name(target.vault.address or 'unknown-vault')}/" if several else ""
        found.update({folder + path: text for path, text in FORMATS[form].files(target).items()})
    return found
