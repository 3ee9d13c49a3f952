"""Ports for the servers that tests start."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 15_000, 32_000
"""Below the ports that the system gives to outgoing connections: a port stays free while its server is down."""

_CHANCE = random.SystemRandom()
_RESERVED: list[socket.socket] = []


def free_port() -> int:
    """Return a port that nothing uses, reserved for this process: no other process of these tests gets it."""
    while True:
        port = _CHANCE.randint(FIRST, LAST)
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0berth-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            name.close()
        else:
            _RESERVED.append(name)
            return port
