"""Addresses: where a database is, which of its servers was the right one last, and how long to wait for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.engine import URL

CONNECT_S: Final = 5
"""How long to wait for a connection."""

HOST_S: Final = 2
"""How long to wait for a connection to one of several hosts: another may be the right one."""

END_S: Final = 1
"""How long to wait for an answer when a request has no time left: a transaction has to end."""

_OF_A_HOST: Final = ("host", "hostaddr", "port")


@dataclass(slots=True)
class Address:
    """Where a database is. Safe to share between threads.

    pooled: whether a pooler is in between that hands out a connection for each transaction; remaining_s: shortens a
    wait, in seconds, to what the caller's request still has; answered: the host that was the right one last; standby:
    whether it is a standby; keeps_sessions: whether the pooler in between was seen to keep sessions together.
    """

    url: URL
    pooled: bool = False
    remaining_s: Callable[[float], float] = float
    answered: dict[str, str] | None = None
    standby: bool = False
    keeps_sessions: bool = False

    def hosts(self, options: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the hosts in these options of a connection, in the order to try: host, hostaddr and port of each."""
        lists = {name: str(options[name]).split(",") for name in _OF_A_HOST if options.get(name)}
        count = max(map(len, lists.values()), default=1)
        columns = [each * (count if len(each) == 1 else 1) for each in lists.values()]
        hosts = [dict(zip(lists, host, strict=True)) for host in zip(*columns, strict=True)] or [{}]
        return sorted(hosts, key=lambda host: host != self.answered)

    def connect_s(self, hosts: int) -> int:
        """Return how long to wait for one of this many hosts, in seconds."""
        return max(1, round(self.remaining_s(HOST_S if hosts > 1 else CONNECT_S)))

    def answer_s(self, most: float) -> float:
        """Return how long to wait for an answer, in seconds: what the request has left, but enough to end with."""
        return max(END_S, self.remaining_s(most))
