"""Aggregates are named, renamed and have their names removed: facts, and the state before."""

from __future__ import annotations

import pytest

from berth.ledger.write.decide import decide
from berth.ledger.write.write_set import write_set_of
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.change import Facts, NameKind
from berth.model.commands import KEEP, Keep, SetAggregates
from berth.model.edits import EditAggregates, NameAggregate
from berth.model.errors import AggregateNameTaken, AggregateNotFound, Refusal
from tests.unit.ledger.write.memory_ledger import HOST, MemoryLedger, filled

RACK, ROW = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2))
NAMED = AggregateName("rack-7", "rack")


@pytest.fixture
def ledger() -> MemoryLedger:
    ledger = filled()
    ledger.carry_out(NameAggregate(uuid=RACK, name="rack-7", kind="rack"))
    return ledger


@pytest.mark.parametrize(
    ("uuid", "name", "kind", "now"),
    [
        (RACK, "rack-8", KEEP, AggregateName("rack-8", "rack")),
        ("rack-7", "rack-8", "", AggregateName("rack-8")),
        ("rack-7", "rack-7", "zone", AggregateName("rack-7", "zone")),
        ("rack-7", None, "zone", NO_NAME),
    ],
)
def test_a_name_is_changed(
    uuid: str, name: str | None, kind: str | Keep, now: AggregateName, ledger: MemoryLedger
) -> None:
    draft = ledger.draft()
    assert decide(draft, NameAggregate(uuid=uuid, name=name, kind=kind)) == RACK
    number = ledger.fleet.catalogue.id_of(NameKind.AGGREGATE, RACK)
    assert write_set_of(draft).label_names == [
        {"key": number, "new_label": now.name or None, "new_kind": now.kind or None}
    ]
    assert draft.pop_facts() == (Facts(aggregate_names={RACK: now}), Facts(aggregate_names={RACK: NAMED}))


def test_a_new_aggregate_is_created(ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    assert decide(draft, NameAggregate(uuid=ROW, name="row")) == ROW
    facts, before = draft.pop_facts()
    assert ([each.name for each in facts.names], facts.aggregate_names) == ([ROW], {ROW: AggregateName("row")})
    assert before == Facts()


@pytest.mark.parametrize(
    "command",
    [
        NameAggregate(uuid=RACK, name="rack-7"),
        NameAggregate(uuid="rack-7", name="rack-7", kind="rack"),
        NameAggregate(uuid=ROW, name=None),
    ],
)
def test_what_is_so_already_is_not_logged(command: NameAggregate, ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    decide(draft, command)
    assert draft.pop_facts() == (Facts(), Facts())


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (NameAggregate(uuid=ROW, name="rack-7"), AggregateNameTaken),
        (NameAggregate(uuid="row", name="rack-8"), AggregateNotFound),
        (EditAggregates(uuid=HOST, add=(ROW, "row")), AggregateNotFound),
        (EditAggregates(uuid=HOST, remove=("row",)), AggregateNotFound),
        (SetAggregates(uuid=HOST, aggregates=(ROW, "row")), AggregateNotFound),
    ],
)
def test_a_refused_command_leaves_no_trace(
    command: NameAggregate | EditAggregates | SetAggregates, refusal: type[Refusal], ledger: MemoryLedger
) -> None:
    draft = ledger.draft()
    with pytest.raises(refusal):
        decide(draft, command)
    assert (draft.facts, draft.next_id) == (Facts(), ledger.next_id)


def test_names_stand_for_uuids(ledger: MemoryLedger) -> None:
    """The aggregate and its name are one: in the spelling of the first."""
    draft = ledger.draft()
    decide(draft, SetAggregates(uuid=HOST, aggregates=(RACK.upper(), "rack-7", ROW)))
    assert draft.facts.aggregates == {HOST: [RACK.upper(), ROW]}
    decide(draft, EditAggregates(uuid=HOST, remove=("rack-7",)))
    assert draft.facts.aggregates == {HOST: [ROW]}
