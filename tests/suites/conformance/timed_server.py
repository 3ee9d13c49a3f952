"""``python -m tests.suites.conformance.timed_server ARGUMENT...``: berth, where all of Placement's claims have terms.

One half of the consumers has holds of a day, the other has claims that end in a year: clients of Placement meet a
ledger full of both and must notice nothing. Berth itself has no such switch: its functions are replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from berth.api.placement.endpoints import allocations
from berth.model.commands import Claim
from berth.model.term import Term

DAY_S: Final = 24 * 3600
HOLD: Final = Term(confirm_within=DAY_S)
ENDING: Final = Term(lasts=365 * DAY_S)


def timed(claim: Claim) -> Claim:
    """Return a claim with a term, which depends on its consumer; one that releases everything has none."""
    return replace(claim, term=HOLD if int(claim.consumer[-1], 16) % 2 else ENDING) if claim.allocations else claim


def _with_terms(made: Callable[..., Claim]) -> Callable[..., Claim]:
    return lambda *given: timed(made(*given))


if __name__ in ("__main__", "__mp_main__"):
    changed: Any = allocations
    changed._claim = _with_terms(changed._claim)

if __name__ == "__main__":
    from berth.cli.main import main

    sys.exit(main())
