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


def tokens(identity: Identity, role: Settings, mount: Mount, references: Sequence[Reference]) -> Iterator[Slip]:
    """Warnings about the token that this role gives, for what these references do with it."""
    said = f'role "{identity.role}" of auth/{identity.mount}' if identity.role else f"the AppRole of {identity.label}"
    path = identity.role_path or f"auth/{identity.mount}/role/NAME"
    uses = _number(role, "token_num_uses")
    if uses:
        message = f"{said} gives a token for {uses} request{'s' if uses > 1 else ''} (token_num_uses); an operator keeps its login for all"
        yield Slip("KW8410", "role", message, f"vault write {path} token_num_uses=0", warning=True)
    batch = role.get("token_type") == "batch"
    life, why = _life(role, mount, batch)
    leases = any(reference.kind == "dynamic" for reference in references)
    refresh = max((reference.refresh_after for reference in references), default=0)
    if batch and leases:
        message = f"{said} gives batch tokens: the leases of its dynamic secrets end with the token{_after(life)}, and cannot be renewed"
        yield Slip("KW8410", "role", message, f"vault write {path} token_type=service", warning=True)
    elif life and refresh > life:
        message = (
            f"{said} gives a token that ends after {spell(life)} ({why}), before the refresh after {spell(refresh)}"
        )
        yield Slip("KW8410", "role", message, f"vault write {path} {why}={spell(2 * refresh)}", warning=True)


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


def _after(life: int) -> str:
    return f" after {spell(life)}" if life else ""


def spell(seconds: int) -> str:
    """`90s`, `5m`, `24h`, as Vault takes it."""
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds % size == 0 and seconds:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
