"""A token that is held, and what there is of one login plan. No text shows a token."""

from __future__ import annotations

import threading
from typing import NamedTuple

from keywave.controller.ports import Token
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

NEAR_END = 1 / 3
"""Of a token's life: what is left when it is renewed, or when a new one is got."""


class Held(NamedTuple):
    """`born` (or last renewed) and `expires` in seconds since 1970; expires 0 = never. `life`: seconds that the login gave it, 0: as from
    born to expires."""

    token: Masked
    accessor: str
    born: float
    expires: float
    renewable: bool
    life: float = 0.0

    @property
    def known(self) -> Token:
        return Token(self.accessor, self.expires, self.renewable)

    def near_its_end(self, now: float) -> bool:
        return bool(self.expires) and self.expires - now < (self.life or self.expires - self.born) * NEAR_END

    def alive(self, now: float) -> bool:
        return not self.expires or self.expires > now


class Use:
    """A token in use; `leased`: when the last of its leases ends."""

    __slots__ = ("held", "leased")

    def __init__(self, held: Held) -> None:
        self.held, self.leased = held, 0.0


class Refused(NamedTuple):
    fault: VaultFault
    until: float
    failures: int


class Slot:
    """What there is of one plan. `lock` is held while somebody logs in. `elders`: replaced, with leases. `login`: when it last worked;
    `compared`: when a new token was last tried against a 403."""

    __slots__ = ("compared", "elders", "lock", "login", "refused", "use", "used")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.use: Use | None = None
        self.elders: list[Use] = []
        self.refused: Refused | None = None
        self.login = self.compared = float("-inf")
        self.used = 0.0

    @property
    def all(self) -> list[Use]:
        use = self.use
        return [*([use] if use else []), *self.elders]
