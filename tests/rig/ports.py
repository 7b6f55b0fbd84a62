"""Free TCP ports on loopback."""

from __future__ import annotations

import secrets
import socket

# Below the range that Linux takes the ports of outgoing connections from: nobody else is handed one of these by chance.
LOWEST, HIGHEST = 20_000, 32_000

_given: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on, never the same twice in one run."""
    for _ in range(1_000):
        # Not from `random`: a seeded run beside another one would try the same ports.
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}")


def listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
