"""A token that is held, and what there is of one login plan. No text shows a token.

What ends a token here is a clock that never goes back: one that is set must neither kill tokens nor keep dead ones.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from keywave.controller.ports import Token
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

NEAR_END = 1 / 3
"""Of a token's life: what is left when it is renewed, or when a new one is got."""


class Held(NamedTuple):
    """`born` (or last renewed) and `expires` in seconds of a clock that never goes back; expires 0 = never. `ends` is the same moment as
    `expires` for people, in seconds since 1970. `life`: seconds that the login gave it, 0: as from born to expires."""

    token: Masked
    accessor: str
    born: float
    expires: float
    renewable: bool
    life: float = 0.0
    ends: float = 0.0
    policies: frozenset[str] = frozenset()

    @property
    def known(self) -> Token:
        return Token(self.accessor, self.ends, self.renewable)

    def near_its_end(self, now: float) -> bool:
        return bool(self.expires) and self.expires - now < (self.life or self.expires - self.born) * NEAR_END

    def alive(self, now: float) -> bool:
        return not self.expires or self.expires > now


class Use:
    """A token in use since `got`. `leased`: when the last of its leases ends; `pins`: requests under way with it, whose leases nobody knows
    yet; `dead`: Vault does not know it; `trial`: it is in nobody's place yet; `pause`: until then no renewal is tried."""

    __slots__ = ("dead", "got", "held", "leased", "pause", "pins", "trial")

    def __init__(self, held: Held) -> None:
        self.held, self.got = held, held.born
        self.leased = self.pause = float("-inf")
        self.pins = 0
        self.dead = self.trial = False

    def wanted(self, now: float) -> bool:
        """Revoking it would end a lease, or what may become one."""
        return self.pins > 0 or self.leased > now


class Refused(NamedTuple):
    fault: VaultFault
    until: float
    failures: int


class Slot:
    """What there is of one plan. `lock` is held while somebody logs in. `elders`: replaced, but wanted. `login`: when it last worked;
    `deaths`: of tokens in a row that were dead soon after their login; `compare`: when a new token may next be tried against a 403, with
    `wait` seconds before it."""

    __slots__ = ("compare", "deaths", "elders", "lock", "login", "refused", "use", "used", "wait")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.use: Use | None = None
        self.elders: list[Use] = []
        self.refused: Refused | None = None
        self.login = self.compare = float("-inf")
        self.deaths = 0
        self.wait = self.used = 0.0

    @property
    def all(self) -> list[Use]:
        use = self.use
        return [*([use] if use else []), *self.elders]
