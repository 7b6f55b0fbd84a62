"""`keywave policy`: the least that Vault must grant, as text; or what applying it would change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keywave.commands import output
from keywave.commands.declared import input_options
from keywave.commands.options import build_options, settings
from keywave.commands.vault_options import connect_options, vault_options
from keywave.errors import UsageError

if TYPE_CHECKING:
    from keywave.policy.model import Plan
    from keywave.proving import Live, ReadSet
    from keywave.references.model import Connection
    from keywave.vault.inventory import Inventory

    InventoryOf = Callable[[Connection], Inventory | None]

MAX_LOCK = 64 << 20
"""Bytes of a lock that is read."""


@click.command(short_help="Write the least-privilege Vault policies and auth roles of a render.")
@input_options
@click.option(
    "--format",
    "form",
    type=click.Choice(("hcl", "terraform", "cli")),
    default="hcl",
    show_default=True,
    help="As what.",
)
@click.option("--out", default="-", metavar="DIR", help="Write files into this folder, replaced as a whole.")
@click.option("--policy-name", default="{role}", show_default=True, help="Names of policies, of {role} and {mount}.")
@click.option("--verifier", is_flag=True, help="The policy that `verify --live` and `lock` need, instead.")
@click.option("--plan", is_flag=True, help="Show the difference with Vault (--live) or a lock (--lock).")
@click.option("--check", is_flag=True, help="As --plan, and exit 1 when anything differs.")
@click.option("--lock", default="", metavar="FILE", help="What Vault holds, from this file.")
@click.option("--live", is_flag=True, help="What Vault holds, asked now.")
@vault_options
def policy(**given: Any) -> int:
    """Print, for each login of the render, one policy with exactly what its secrets need, and the auth role that gives it."""
    return run(given)


def run(given: Mapping[str, Any]) -> int:
    """Do what the options ask for (their click names); returns the exit code."""
    from keywave import proving

    compared = given["plan"] or given["check"]
    _sensible(given, compared=compared)
    read = proving.read_set(given["path"], settings(given), build_options(given))
    if code := output.tell(read.findings, form="text", strict=False, sink=sys.stderr):
        return code
    live = _live(given) if given["live"] else None
    inventory_of = proving.ask(read.references, live).get if live else _locked(given["lock"])
    plan = _planned(read, inventory_of, given)
    _tell(plan, read)
    if compared:
        return _compare(plan, _asked(plan, live, inventory_of) if live else inventory_of, check=given["check"])
    from keywave.policy.formats import files

    texts = files(plan, given["form"])
    if given["out"] == "-":
        output.write_text(_stream(texts))
    else:
        output.write_files(texts, given["out"])
    return 0


def _sensible(given: Mapping[str, Any], *, compared: bool) -> None:
    if given["lock"] and given["live"]:
        raise UsageError("--lock and --live cannot both say what Vault holds")
    if compared and not (given["lock"] or given["live"]):
        raise UsageError(
            "--plan and --check compare with a Vault", hint="say --live, or --lock vault.lock.d/<profile>.json"
        )
    if compared and given["out"] != "-":
        raise UsageError("--plan and --check write no files", hint="leave --out out")


def _planned(read: ReadSet, inventory_of: InventoryOf, given: Mapping[str, Any]) -> Plan:
    from keywave.policy.model import Plan
    from keywave.policy.plan import plan_policies
    from keywave.policy.verifier import plan_verifier

    if given["verifier"]:
        targets, skipped = plan_verifier(read.references, read.loaded.profiles, inventory_of)
        return Plan(targets, skipped)
    return plan_policies(read.references, inventory_of, name=given["policy_name"])


def _tell(plan: Plan, read: ReadSet) -> None:
    """What no text was written for, and what the texts grant beyond one secret: on stderr, one line each."""
    from keywave.policy.texts import comment

    lines = [f"{each.label} is left out: {each.reason} ({', '.join(each.paths)})" for each in plan.skipped]
    lines += [
        f"{reference.manifest.subject} is left out: Flux completes ${{...}} only in the cluster"
        for reference in read.later
    ]
    lines += sorted(
        {f"{each.manifest.subject} is left out: {each.identity.label} is not in the tree" for each in read.storeless}
    )
    for line in (*lines, *plan.notes):
        sys.stderr.write(f"keywave: {comment(line)}\n")


def _stream(texts: Mapping[str, str]) -> str:
    """One text as it is; several below a line with their file names."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"# {path}\n{text}" for path, text in texts.items())


def _compare(plan: Plan, inventory_of: InventoryOf, *, check: bool) -> int:
    from keywave.policy.changes import compare, show

    changes = compare(plan, inventory_of)
    output.write_text(show(changes))
    return 1 if check and any(change.status != "same" for change in changes) else 0


def _locked(file: str) -> InventoryOf:
    """One lock for every connection; none without a file."""
    if not file:
        return lambda _: None
    from keywave.lockfile.read import read_lock

    try:
        data = Path(file).read_bytes()
        text = data.decode() if len(data) <= MAX_LOCK else ""
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read the lock {file}: {getattr(error, 'strerror', '') or 'it is not UTF-8'}"
        ) from None
    inventory = read_lock(text, file)
    there = inventory.address.rstrip("/")
    return lambda vault: inventory if vault.address.rstrip("/") in ("", there) else None


def _live(given: Mapping[str, Any]) -> Live:
    from keywave.commands.connecting import live

    return live(connect_options(given))


def _asked(plan: Plan, live: Live, inventory_of: InventoryOf) -> InventoryOf:
    """The planned policies and roles by name, which the survey did not ask for where no role names them yet."""
    from keywave.policy.questions import questions, with_answers
    from keywave.vault.inventory import Inventory

    found: dict[str, Inventory] = {}
    for target in plan.targets:
        with live.connect(target.vault) as session:
            answers = session.ask_all(questions(target))
        before = inventory_of(target.vault) or Inventory()
        found[target.vault.address] = with_answers(before, target, answers)
    return lambda vault: found.get(vault.address)
