from __future__ import annotations

import pytest

from berth.ledger.write.decide import decide
from berth.model.commands import PutRecords
from berth.model.record import InventoryRecord, ProviderRecord, RecordStatus
from tests.unit.ledger.write.memory_ledger import HOST, filled

NEW = "50000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("reserved", "status"),
    [(3, RecordStatus.CREATED), (4, RecordStatus.CREATED), (5, RecordStatus.REFUSED)],
)
def test_more_is_not_reserved_than_there_is(reserved: int, status: RecordStatus) -> None:
    draft = filled().draft()
    record = ProviderRecord(name="new", inventories={"VCPU": InventoryRecord(total=4, reserved=reserved)})
    (outcome,) = decide(draft, PutRecords(records=(record,), new_uuids=(NEW,)))
    assert outcome.became is status
    assert (draft.find_provider(NEW) is None) is (status is RecordStatus.REFUSED)


def test_a_refused_record_changes_nothing() -> None:
    draft = filled().draft()
    name = draft.provider(HOST).name
    record = ProviderRecord(name=name, uuid=HOST, inventories={"VCPU": InventoryRecord(total=4, reserved=9)})
    (outcome,) = decide(draft, PutRecords(records=(record,), new_uuids=(NEW,)))
    assert outcome.became is RecordStatus.REFUSED
    assert "The reserved value is greater than total" in outcome.why
    assert draft.facts.inventories == {}
