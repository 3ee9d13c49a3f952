from __future__ import annotations

import pytest

from berth.ledger.write.decide import decide
from berth.ledger.write.draft import Draft
from berth.model.aggregate import AggregateName, AggregateRecord, made_aggregate_uuid
from berth.model.change import Facts
from berth.model.commands import PutRecords, SetAggregates
from berth.model.edits import NameAggregate
from berth.model.record import InventoryRecord, ProviderRecord, RecordOutcome, RecordStatus
from tests.unit.ledger.write.memory_ledger import EMPTY, HOST, filled

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


RACK, ROW = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2))


def imported(draft: Draft, *aggregates: str, **specs: AggregateRecord) -> RecordOutcome:
    record = ProviderRecord(name="empty", aggregates=aggregates, aggregate_names=specs)
    (outcome,) = decide(draft, PutRecords(records=(record,), new_uuids=(NEW,)))
    return outcome


def test_new_names_of_aggregates_are_given_to_new_aggregates() -> None:
    ledger = filled()
    ledger.carry_out(NameAggregate(uuid=ROW, name="row"))
    draft = ledger.draft()
    made = made_aggregate_uuid("shelf")
    imported(draft, "row", "shelf", "rack", rack=AggregateRecord(RACK, "rack"))
    assert draft.facts.aggregates == {EMPTY: [ROW, made, RACK]}
    assert draft.facts.aggregate_names == {made: AggregateName("shelf"), RACK: AggregateName("rack", "rack")}


def test_an_aggregate_that_was_renamed_keeps_its_name() -> None:
    """Its uuid was made from the name that it had: the name is new again, and goes to another aggregate."""
    ledger = filled()
    made = made_aggregate_uuid("shelf")
    ledger.carry_out(NameAggregate(uuid=made, name="bench"))
    draft = ledger.draft()
    imported(draft, "shelf")
    assert draft.facts.aggregate_names == {made_aggregate_uuid("shelf", 1): AggregateName("shelf")}


def test_an_import_by_name_keeps_a_spelling() -> None:
    ledger = filled()
    ledger.carry_out(
        SetAggregates(uuid=EMPTY, aggregates=(RACK.upper(),)),
        NameAggregate(uuid=RACK, name="rack"),
    )
    draft = ledger.draft()
    assert imported(draft, "rack").became is RecordStatus.UNCHANGED
    assert draft.facts == Facts()


@pytest.mark.parametrize(
    ("aggregates", "specs", "why"),
    [
        (("a,b",), {}, "cannot contain ','"),
        (("rack",), {"rack": AggregateRecord(ROW)}, f"{RACK} has the name rack already"),
        (("row",), {"row": AggregateRecord(RACK)}, f"{RACK} is named rack: records do not rename aggregates"),
        (("one", "two"), dict.fromkeys(("one", "two"), AggregateRecord(ROW)), f"{ROW} is named one: records do not"),
        (("row",), {"row": AggregateRecord(kind="A Row")}, "is not a kind of aggregate"),
        (("row",), {"row": AggregateRecord("x")}, "is not a uuid"),
        (("rack",), {"row": AggregateRecord(ROW)}, "has row, which is not in aggregates"),
    ],
)
def test_names_that_contradict_are_refused_and_change_nothing(
    aggregates: tuple[str, ...], specs: dict[str, AggregateRecord], why: str
) -> None:
    ledger = filled()
    ledger.carry_out(NameAggregate(uuid=RACK, name="rack"))
    draft = ledger.draft()
    outcome = imported(draft, *aggregates, **specs)
    assert (outcome.became, why in outcome.why) == (RecordStatus.REFUSED, True), outcome.why
    assert draft.facts == Facts()
