"""Mutated requests of both APIs: none is 5xx, and no answer contradicts the document, itself or another.

BERTH_TEST_MUTATED_REQUESTS says how many (400; 100,000 in the long form), BERTH_TEST_MUTATED_SEED which ones.
"""

from __future__ import annotations

import os
import traceback
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from berth.ledger.verify import verify
from berth.store.engine import Database
from tests.suites.placement_api.contradictions import contradictions
from tests.suites.placement_api.mutated_requests import Faces, RequestMaker, faces
from tests.support.databases import is_long
from tests.support.empty_ledgers import empty_ledgers

COUNT = int(os.environ.get("BERTH_TEST_MUTATED_REQUESTS", "100000" if is_long() else "400"))
SEED = int(os.environ.get("BERTH_TEST_MUTATED_SEED", "1"))
AT_ONCE = 400
"""How many requests one ledger gets: after so many most of it is deleted."""

MOST_FAULTS = 20


def play(api: Faces, dice: Random, count: int, statuses: Counter[int]) -> list[str]:
    """Send that many requests. Return what is wrong, with the request."""
    maker, faults = RequestMaker(dice, api.ledger), list[str]()
    for _ in range(count):
        sent = maker.make()
        try:
            got = api.ask(sent)
            statuses[got.status] += 1
            found = list(contradictions(api, sent, got))
        except Exception:  # noqa: BLE001 - a server would answer 500
            found = [traceback.format_exc(limit=-4)]
        faults += [f"{sent}\n    {fault}" for fault in found]
    return faults


@pytest.mark.timeout(6 * 3600)
def test_no_answer_contradicts_itself(tmp_path: Path) -> None:
    statuses, faults = Counter[int](), list[str]()
    with empty_ledgers("sqlite") as ledgers:
        for number in range(0, COUNT, AT_ONCE):
            dice, url = Random(SEED * 1_000_000 + number), ledgers.new()
            with faces(url, tmp_path / "secret") as api:
                faults += play(api, dice, min(AT_ONCE, COUNT - number), statuses)
            database = Database(url)
            faults += [f"seed {SEED}, {number}: {finding}" for finding in verify(database).findings]
            database.close()
            if len(faults) >= MOST_FAULTS:
                break
    assert not faults, "\n".join(faults[:MOST_FAULTS])
    assert statuses[200] > COUNT // 10, statuses
    assert statuses[400] > COUNT // 10, statuses
