"""The history of a run: requests and replies, kept by the test, apart from everything that Berth keeps."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Held = Mapping[str, Mapping[str, int]]
"""Amounts by provider and class."""

Outcome = Literal["done", "refused", "stale", "unknown", "wrong"]
"""done: acknowledged; refused: no room; stale: somebody else wrote (a generation did not match); unknown: no answer,
or 503; wrong: an answer that no server may give."""


Operation = Literal["write", "find", "read", "knock"]
"""write: these amounts of these providers; find: these amounts, of whichever providers have them; read; knock: a
request that shows a token which nobody was given."""


@dataclass(frozen=True, slots=True)
class Event:
    """One request. began, ended: seconds; held: what a write asked for ({} to end), or what a read showed.

    ways: all possible results of a find, one of which is `held` if it was acknowledged; request: its id, by which the
    audit log identifies an acknowledged write.
    """

    began: float
    ended: float
    client: str
    consumer: str
    operation: Operation
    held: Held
    outcome: Outcome
    told: str = ""
    request: str = ""
    ways: tuple[Held, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it is meant to change what its consumer holds."""
        return self.operation in ("write", "find")

    @property
    def possible(self) -> tuple[Held, ...]:
        """Return what its consumer may hold if the write took effect."""
        return (self.held,) if self.outcome == "done" or not self.ways else self.ways


@dataclass(slots=True)
class History:
    """Events of all clients, in the order in which they ended."""

    events: list[Event] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)

    def save(self, path: Path) -> None:
        """Write one JSON object per line."""
        path.write_text("".join(json.dumps(asdict(event)) + "\n" for event in self.events))


@dataclass(frozen=True, slots=True)
class Final:
    """The state at the end, as a newly started server reports it.

    held: by consumer; used: by provider and class, as the provider's usages say; capacity: likewise.
    """

    held: Mapping[str, Held]
    used: Held
    capacity: Held


def now() -> float:
    return time.monotonic()
