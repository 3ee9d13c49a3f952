"""``python -m tests.suites.conformance.timed_server ARGUMENT...``: berth, where all of Placement's claims have terms.

``BERTH_TEST_TERMS`` says which, by default `mixed`: one half of the consumers has holds of a day, the other has claims
that end in a year; `ending`: all end; `haunted`: as mixed, and every write leaves claims behind that take all of each
provider that it changes, that are over at once, and that nothing sweeps before the next write. Clients of Placement
must notice nothing of any of it. Berth itself has no such switch: its functions are replaced.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace

from berth.api.ops.lapse_timer import LapseTimer
from berth.api.placement.endpoints import allocations
from berth.ledger.write import batch
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.model.commands import Claim, Command
from berth.model.term import Span, Term

VARIABLE: Final = "BERTH_TEST_TERMS"
DAY_S: Final = 24 * 3600
HOLD: Final = Term(confirm_within=DAY_S)
ENDING: Final = Term(lasts=365 * DAY_S)

KINDS: Final[dict[str, tuple[Term, Term]]] = {
    "mixed": (ENDING, HOLD),
    "ending": (ENDING, ENDING),
    "haunted": (ENDING, HOLD),
}
"""The terms of consumers whose uuids are even and odd numbers."""

_owners = ["ghosts"]
"""Projects that have claimed something: the last one owns what is over."""


def timed(claim: Claim, kind: str = "mixed") -> Claim:
    """Return a claim with a term, which depends on its consumer; one that releases everything has none."""
    _owners.append(claim.project)
    return replace(claim, term=KINDS[kind][int(claim.consumer[-1], 16) % 2]) if claim.allocations else claim


def _with_terms(made: Callable[..., Claim], kind: str) -> Callable[..., Claim]:
    return lambda *given: timed(made(*given), kind)


def _haunted(decide: Callable[[Draft, Command], Any]) -> Callable[[Draft, Command], Any]:
    """Return a decision that leaves claims behind on all providers that it changes, which count no more afterwards."""

    def decided(draft: Draft, command: Command) -> Any:
        result = decide(draft, command)
        for uuid in {**draft.facts.generations, **draft.facts.used}:
            provider = draft.find_provider(uuid)
            if provider is not None and draft.inventories(provider):
                _leave_ghost(draft, provider)
        return result

    return decided


def _leave_ghost(draft: Draft, provider: DraftProvider) -> None:
    held = {name: each.total for name, each in draft.inventories(provider).items()}
    ghost = draft.add_consumer(str(uuid4()))
    ghost.generation, ghost.type_id = 1, None
    draft.set_owner(ghost, _owners[-1], _owners[-1], None)
    draft.hold(ghost, {provider.uuid: held}, Span(draft.now, end=draft.now + 1))
    for name, amount in held.items():
        draft.set_used(provider, name, draft.used(provider, name) + amount)


def _install(kind: str) -> None:
    changed: Any = allocations
    changed._claim = _with_terms(changed._claim, kind)
    if kind == "haunted":
        decider: Any = batch
        decider.decide = _haunted(decider.decide)
        LapseTimer._sweep = lambda *_: None  # type: ignore[method-assign]


if __name__ in ("__main__", "__mp_main__"):
    _install(os.environ.get(VARIABLE, "mixed"))

if __name__ == "__main__":
    from berth.cli.main import main

    sys.exit(main())
