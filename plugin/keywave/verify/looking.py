"""What could not be looked at: rights that the verifier lacks, what a lock does not hold, what only a value would tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keywave.findings import Finding
from keywave.vault.engines import role_of
from keywave.vault.inventory import Fact, State
from keywave.verify.kv import keys_of, secret_of
from keywave.verify.pki import issuer_of, issuers_of
from keywave.verify.view import Asked, View, right_type, slip_of
from keywave.verify.wording import some

NAME = "keywave-verifier"
ON_VERSION_1 = "KV version 1 tells the names of keys only together with their values"


def check_denied(view: View) -> Iterator[Finding]:
    """KW8002, one for each Vault: whatever the verifier lacks is one problem with one fix."""
    for inventory in view.inventories:
        mine = [asked for asked in view.asked if asked.inventory is inventory]
        first = next((asked for asked in mine if any(f.state is State.DENIED for _, f in facts(asked))), None)
        if first is None:
            first = next((asked for asked in mine if _login_denied(asked)), None)
        if first is None:
            continue
        lacking = inventory.lacking or tuple(
            sorted(
                {(a.namespace, f.note or what, "read") for a in mine for what, f in facts(a) if f.state is State.DENIED}
            )
        )
        paths = tuple(dict.fromkeys(_path(namespace, path) for namespace, path, _ in lacking))
        yield first.reference.finding(
            "KW8002",
            f"the verifier's token may not look at {some(paths)}",
            hint=f"these rules are missing (the command replaces the policy: keep those that are there)\n{policy_command(lacking)}",
        )


def check_uncovered(view: View) -> Iterator[Finding]:
    """KW8003."""
    for asked in view.asked:
        for what, fact in facts(asked):
            if fact.state is State.UNCOVERED:
                lock = asked.inventory.source == "lock"
                yield asked.reference.finding(
                    "KW8003",
                    f"{asked.inventory.file or 'the lock'} does not tell of {what}"
                    if lock
                    else f"{what} was not looked up",
                    hint="refresh it: keywave lock" if lock else "",
                    warning=True,
                )


def check_unclear(view: View) -> Iterator[Finding]:
    """KW8006."""
    for asked in view.asked:
        for what, fact in facts(asked):
            if fact.state is State.UNCLEAR:
                yield asked.reference.finding(
                    "KW8006",
                    f"not checked: {what}; {fact.note or 'Vault tells it only together with values, which are not read'}",
                    hint="a KV engine of version 2 can be checked (vault kv enable-versioning)"
                    if fact.note == ON_VERSION_1
                    else "",
                    warning=True,
                )


def check_unknown_logins(view: View) -> Iterator[Finding]:
    """KW8007, once for each login that the tree only names."""
    for login in view.logins:
        if not login.identity.known:
            many = len(login.asked)
            first = login.asked[0]
            yield first.reference.finding(
                "KW8007",
                f"{login.identity.label} is not in the tree: whether it may read {first.place}"
                + (f" and {many - 1} more" if many > 1 else "")
                + " is not checked",
                "role",
                hint="render it together with its login, or verify where the login is",
                warning=True,
            )


def check_no_inventory(view: View) -> Iterator[Finding]:
    """KW8008, once for each profile or address."""
    said = set()
    for reference in view.missing:
        name = reference.vault.profile or reference.vault.address
        if name in said:
            continue
        said.add(name)
        profile = reference.vault.profile
        which = (
            f"the VaultProfile {profile}"
            if profile
            else f"the Vault at {name}"
            if name
            else "a Vault that the object does not name"
        )
        fix = f"keywave lock --profile {profile}" if profile else "keywave lock"
        yield reference.finding(
            "KW8008",
            f"there is no lock for {which}: nothing that is read from it is checked",
            hint=f"{fix}, and commit the file; or verify --live",
            warning=True,
        )


def facts(asked: Asked) -> list[tuple[str, Fact[Any]]]:
    """What the reference needs to know of Vault, in words, with the answer; only the mount where that one is not known."""
    mount, reference = asked.resolved.mount, asked.reference
    if mount is None:
        return [(f'the mount of "{asked.place}"', asked.mount)]
    if not right_type(asked) or slip_of(asked):
        return []
    path = role_of(mount, asked.resolved.path)
    if asked.resolved.kind == "kv":
        secret = secret_of(asked, mount)
        if secret.state is not State.PRESENT:
            return [(asked.place, secret)]
        return [(f"the keys of {asked.place}", _keys(asked))] if reference.keys and not reference.optional else []
    found: list[tuple[str, Fact[Any]]] = []
    if path is not None:
        found.append((path, asked.inventory.role(asked.namespace, path)))
    if asked.resolved.kind == "pki" and issuer_of(asked):
        found.append((f"the issuers of {mount.path}", issuers_of(asked, mount)))
    return found


def _keys(asked: Asked) -> Fact[Any]:
    """PRESENT also where the version is not there at all, which another check says."""
    mount = asked.resolved.mount
    secret = secret_of(asked, mount).value if mount else None
    if mount is None or secret is None:
        return Fact(State.PRESENT)
    if mount.kv_version != 2:
        return Fact(State.UNCLEAR, note=ON_VERSION_1)
    number = asked.reference.version or secret.current
    there = secret.versions.get(number)
    gone = (
        there in ("deleted", "destroyed")
        or number > secret.current
        or not number
        or (there is None and secret.complete)
    )
    return Fact(State.PRESENT if gone or keys_of(asked, mount) is not None else State.UNCOVERED)


def _login_denied(asked: Asked) -> bool:
    identity, inventory = asked.reference.identity, asked.inventory
    if not identity.known or not identity.mount:
        return False
    found: list[Fact[Any]] = [inventory.auth(identity.vault_namespace, identity.mount)]
    if identity.role_path:
        role = inventory.role(identity.vault_namespace, identity.role_path)
        names = (role.value or {}).get("token_policies", ())
        found += [role, *(inventory.policy(identity.vault_namespace, name) for name in names)]
    return any(fact.state is State.DENIED for fact in found)


def policy_command(lacking: tuple[tuple[str, str, str], ...]) -> str:
    """The `vault` line that gives the verifier these rights (Vault namespace, path, capability)."""
    rights: dict[str, set[str]] = {}
    for namespace, path, capability in lacking:
        rights.setdefault(_path(namespace, path), set()).add(capability)
    rules = (
        f'path "{path}" {{ capabilities = [{", ".join(f"{chr(34)}{c}{chr(34)}" for c in sorted(capabilities))}] }}'
        for path, capabilities in sorted(rights.items())
    )
    return "\n".join([f"vault policy write {NAME} - <<EOF", *rules, "EOF"])


def _path(namespace: str, path: str) -> str:
    return f"{namespace}/{path}" if namespace else path
