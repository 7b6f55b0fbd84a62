"""Does the token of a login live as long as its work? Pure.

Rules of Vault: a service token is renewed until its greatest TTL (the smallest of `token_explicit_max_ttl`, `token_max_ttl`, the mount's,
32 days); a periodic one for ever, but for an explicit greatest TTL. A batch token is never renewed. `token_num_uses` counts requests, and
at 0 the token is gone. When a token ends, so do its leases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keywave.references.model import Identity, Reference
from keywave.vault.inventory import Mount, Settings
from keywave.verify.login_bindings import Slip
from keywave.verify.login_role import write_role
from keywave.verify.wording import span


def tokens(identity: Identity, role: Settings, mount: Mount, references: Sequence[Reference]) -> Iterator[Slip]:
    """Warnings about the token that this role gives, for what these references do with it."""
    for what, setting in _slips(role, mount, references):
        said = (
            f'role "{identity.role}" of auth/{identity.mount}' if identity.role else f"the AppRole of {identity.label}"
        )
        command = f"{write_role(identity, mount)} {setting}"
        yield Slip("KW8410", "role", f"{said} gives {what}", command, warning=True)


def _slips(role: Settings, mount: Mount, references: Sequence[Reference]) -> Iterator[tuple[str, str]]:
    """(what is wrong with the token, the setting that mends it)."""
    uses = _number(role, "token_num_uses")
    if uses:
        requests = f"{uses} request{'s' if uses > 1 else ''}"
        yield f"a token for {requests} (token_num_uses); a reader keeps its login for all", "token_num_uses=0"
    batch = role.get("token_type") == "batch"
    life, why = _life(role, mount, batch)
    leases = any(reference.kind == "dynamic" for reference in references)
    # External Secrets logs in for each refresh, and the others do not refresh by themselves.
    refresh = max((reference.refresh_after for reference in references if reference.family == "vso"), default=0)
    if batch and leases:
        after = f" after {span(life)}" if life else ""
        yield (
            f"batch tokens: the leases of its dynamic secrets end with the token{after}, and cannot be renewed",
            "token_type=service",
        )
    elif life and refresh > life:
        yield (
            f"a token that ends after {span(life)} ({why}), before the refresh after {span(refresh)}",
            f"{why}={span(2 * refresh)}",
        )


def _life(role: Settings, mount: Mount, batch: bool) -> tuple[int, str]:
    """Seconds after which the token cannot but end, and the setting that says so; 0 = not known or never."""
    if batch:
        return _number(role, "token_ttl") or mount.default_ttl, "token_ttl"
    limits = [(_number(role, "token_explicit_max_ttl"), "token_explicit_max_ttl")]
    if not _number(role, "token_period"):
        limits.append((_number(role, "token_max_ttl"), "token_max_ttl"))
    return min(((life, why) for life, why in limits if life), default=(0, ""))


def _number(role: Settings, field: str) -> int:
    value = role.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
