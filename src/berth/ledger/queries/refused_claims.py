"""Claims that this process refused lately, for people: refusals change nothing, so no log of the ledger has them."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

from berth.ledger.observer import CommitObserver
from berth.model.commands import Allocate, Claim, Command, SetAllocations
from berth.model.consumer import Resources
from berth.model.errors import Refusal
from berth.model.summaries import RefusedClaim

MOST: Final = 200
"""How many refused claims are kept, the latest ones."""


class RefusedClaims(CommitObserver):
    """Keeps the claims of which it handles the refusal. now: returns the time, in microseconds since 1970 UTC."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: deque[RefusedClaim] = deque(maxlen=MOST)

    def command_refused(self, command: Command, error: Exception) -> None:
        """Keep the refusal of a claim."""
        if isinstance(error, Refusal) and isinstance(command, Allocate | SetAllocations):
            refused = _refused(command, str(error), self._now())
            with self._lock:
                self._kept.append(refused)

    def since(self, instant: int, project: str = "") -> list[RefusedClaim]:
        """Return those refused since an instant, the latest first. project: only those for it, "" for all."""
        with self._lock:
            kept = list(self._kept)
        return [each for each in reversed(kept) if each.at >= instant and project in ("", each.project)]


def _refused(command: Allocate | SetAllocations, why: str, now: int) -> RefusedClaim:
    if isinstance(command, Allocate):
        asked = _summed(dict(group.resources) for group in command.request.groups)
        return RefusedClaim(now, command.project, command.user, asked, why)
    first: Claim = command.claims[0]
    asked = _summed(resources for claim in command.claims for resources in claim.allocations.values())
    return RefusedClaim(now, first.project, first.user, asked, why)


def _summed(parts: Iterable[Resources]) -> Resources:
    total: Counter[str] = Counter()
    for resources in parts:
        total.update(resources)
    return dict(total)
