"""Texts that mean something to whoever shows them: none is kept that a terminal or a log would act on."""

from __future__ import annotations

import pytest

from berth.ledger import open_ledger
from berth.model.record import ProviderRecord, RecordStatus

ACTED_ON = ("a\x1b[2Jb", "a\nb", "a\rb", "a\x00b", "a\x9bb", "a\u2028b", "a\x7fb", "a\x08b", "n" * 201)


@pytest.mark.parametrize("name", ACTED_ON, ids=ascii)
def test_records_have_names_that_can_be_shown(ledger_url: str, name: str) -> None:
    with open_ledger(ledger_url) as ledger:
        fine, refused = ledger.put_records([ProviderRecord(name="fine"), ProviderRecord(name=name)])
        assert (fine.became, refused.became) == (RecordStatus.CREATED, RecordStatus.REFUSED)
        why = "has more than 200" if len(name) > 200 else "contains control"
        assert refused.why == f"the provider's name {why} characters"
        assert [record.name for record in ledger.records()] == ["fine"]
