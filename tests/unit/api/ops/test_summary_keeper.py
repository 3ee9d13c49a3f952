"""The thread of a server that keeps what summaries need."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from berth.api.ops import summary_keeper
from berth.api.ops.summary_keeper import SummaryKeeper
from berth.ledger import open_ledger
from berth.ledger.queries import refused_claims
from berth.model.commands import Claim, SetAllocations
from berth.model.errors import Refusal, Unavailable
from berth.store import usage_samples
from berth.store.engine import Database
from tests.support.deadline import until
from tests.support.filled_ledger import HOST, VM, fill


def test_it_writes_both_without_being_asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after a failure."""
    for name, value in (("LOOK_S", 0.01), ("FIRST_S", 0.0), ("INTERVAL_S", 0.05)):
        monkeypatch.setattr(summary_keeper, name, value)
    monkeypatch.setattr(refused_claims, "SHARE_S", 0.1)
    with open_ledger(str(database.url)) as ledger, open_ledger(str(database.url)) as other:
        fill(ledger)
        keeps, failures = ledger.summaries.keep_usage, iter([Unavailable("not now"), ValueError("a fault")])

        def keep(*given: object) -> None:
            for failure in failures:
                raise failure
            keeps(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(ledger.summaries, "keep_usage", keep)
        keeper = SummaryKeeper(ledger)
        keeper.start()
        claim = Claim(consumer=VM, allocations={HOST: {"VCPU": 900}}, project="p", user="u")
        answer = ledger.queue(SetAllocations([claim]))
        ledger.work()
        with pytest.raises(Refusal):
            answer.result()
        until(lambda: other.summaries.refused_claims().count == 1)
        until(lambda: len(_kept(database)) > 150)
        keeper.close()


def test_a_long_log_is_read_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is kept now and then, each time later, and refused claims are shared while it is read."""
    for name, value in (("LOOK_S", 0.01), ("FIRST_S", 0.0), ("INTERVAL_S", 0.0), ("READ_S", 0.1)):
        monkeypatch.setattr(summary_keeper, name, value)
    took, shared = list[float](), list[int]()
    with open_ledger(str(database.url)) as ledger:
        keeper = SummaryKeeper(ledger)

        def keep(goes_on: Callable[[], bool]) -> None:
            began, before = time.monotonic(), len(shared)
            while len(took) < 3 and goes_on():
                time.sleep(0.001)
            took.append(time.monotonic() - began if len(shared) > before else 0.0)

        monkeypatch.setattr(ledger.summaries, "keep_usage", keep)
        monkeypatch.setattr(ledger.summaries.refused, "share_if_due", lambda: shared.append(1))
        keeper.start()
        until(lambda: len(took) >= 3)
        keeper.close()
    assert [each >= least for each, least in zip(took, (0.1, 0.2, 0.4), strict=False)] == [True] * 3


def _kept(database: Database) -> dict[int, usage_samples.UsageSample]:
    with database.reading() as connection:
        return usage_samples.all_samples(connection)
