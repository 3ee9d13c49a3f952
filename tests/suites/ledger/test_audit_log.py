"""What the audit log says of each thing that is done, or tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import berth
from berth.ledger import open_ledger
from berth.ledger.audit import chain
from berth.ledger.ledger import Ledger
from berth.ledger.write import notes
from berth.model import commands
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.errors import CapacityExceeded, Forbidden
from berth.model.record import ProviderRecord
from berth.store.engine import Database
from tests.support.filled_ledger import HOST, JOB, NODE, POOL, VM, ZONE, fill

ALICE = Caller(user="alice", project="lab", roles=frozenset({"admin", "reader"}), via="token", address="192.0.2.7")


@pytest.fixture
def url(ledger_url: str) -> str:
    return ledger_url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url, actor="tests") as ledger:
        fill(ledger)
        yield ledger


def done(ledger: Ledger, command: commands.Command, caller: Caller = ALICE) -> berth.AuditRecord:
    """The record of a command."""
    answer = ledger.queue(command, caller, "req-1")
    ledger.work()
    answer.result()
    return ledger.audit(most=1)[0]


def test_who_did_it(ledger: Ledger) -> None:
    record = done(ledger, commands.CreateTrait(name="CUSTOM_A"))
    told = (record.actor, record.user, record.project, record.roles, record.via, record.address, record.request)
    assert told == ("alice", "alice", "lab", ("admin", "reader"), "token", "192.0.2.7", "req-1")
    assert (record.operation, record.target, record.outcome, record.why) == ("CreateTrait", "CUSTOM_A", "done", "")
    assert record.at == ledger.changes(after=record.change - 1)[0].at if record.change else False


def test_what_was_there_before_and_after(ledger: Ledger) -> None:
    record = done(ledger, commands.SetInventories(uuid=POOL, inventories={"DISK_GB": berth.Inventory(total=200)}))
    assert record.target == POOL
    assert record.before is not None
    assert record.after is not None
    assert record.before.inventories == {POOL: {"DISK_GB": berth.Inventory(total=100)}}
    assert record.after.inventories == {POOL: {"DISK_GB": berth.Inventory(total=200)}}
    record = done(ledger, commands.ReleaseAllocations(consumer=VM))
    assert record.before is not None
    assert record.before.claims == {VM: {HOST: {"VCPU": 2}, NODE: {"MEMORY_MB": 1024}}}
    assert record.after is not None
    assert record.after.claims == {VM: {}}
    record = done(ledger, commands.SetTraits(uuid=NODE, traits=frozenset()))
    assert record.before is not None
    assert record.before.traits == {NODE: ["CUSTOM_FAST", "HW_CPU_X86_AVX2"]}
    record = done(ledger, commands.UpdateProvider(uuid=NODE, name="numa"))
    assert record.before is not None
    assert [fact.name for fact in record.before.providers] == ["node"]
    done(ledger, commands.ReleaseAllocations(consumer=JOB))
    record = done(ledger, commands.DeleteProvider(uuid=POOL))
    assert record.before is not None
    assert (record.before.providers[0].name, record.before.aggregates) == ("pool", {POOL: [ZONE]})
    assert record.before.inventories == {POOL: {"DISK_GB": berth.Inventory(total=200)}}


def test_two_of_a_batch_each_know_what_was_before(ledger: Ledger) -> None:
    for total in (300, 400):
        ledger.queue(commands.SetInventories(uuid=POOL, inventories={"DISK_GB": berth.Inventory(total=total)}))
    ledger.work()
    second, first = ledger.audit(most=2)
    assert first.before is not None
    assert second.before is not None
    assert first.before.inventories[POOL]["DISK_GB"].total == 100
    assert second.before.inventories[POOL]["DISK_GB"].total == 300


def test_a_provider_s_and_a_consumer_s_history(ledger: Ledger) -> None:
    assert [each.operation for each in ledger.history(JOB)] == ["SetAllocations", "SetAllocations"]
    assert [each.operation for each in ledger.history(POOL)] == [
        "SetAllocations", "SetAllocations", "SetAggregates", "SetInventories", "CreateProvider",
    ]  # fmt: skip
    (newest,) = ledger.history(POOL, most=1)
    assert [each.number for each in ledger.history(POOL, before=newest.number, most=1)] == [newest.number - 1]
    ledger.release(JOB)
    ledger.delete_provider(POOL)
    assert [each.operation for each in ledger.history(POOL, most=2)] == ["DeleteProvider", "ReleaseAllocations"]


def test_the_log_is_searched(ledger: Ledger) -> None:
    record = done(ledger, commands.CreateTrait(name="CUSTOM_A"))
    assert ledger.audit(actor="alice") == [record]
    assert ledger.audit(operation="CreateTrait", actor="tests", most=None)[0].target == "CUSTOM_FAST"
    assert ledger.audit(since=record.at, outcome="done")[0] == record
    assert ledger.audit(until=record.at, most=1)[0].number == record.number - 1
    assert ledger.audit(outcome="403") == []
    assert [each.number for each in ledger.audit(after=2, most=2)] == [3, 4]


def test_what_is_refused_leaves_no_record(ledger: Ledger) -> None:
    before = ledger.audit(most=1)
    with pytest.raises(CapacityExceeded):
        ledger.claim(berth.Claim(consumer=VM, allocations={HOST: {"VCPU": 99}}, project="p", user="u"))
    assert ledger.audit(most=1) == before


def attempt(number: int = 0, why: str = "no") -> RefusedRequest:
    return RefusedRequest(
        caller=ALICE, request=f"req-{number}", operation="providers.create", target="POST /x", outcome="403", why=why
    )


def test_attempts_are_written_with_the_next_work(ledger: Ledger, url: str) -> None:
    ledger.record_refusal(attempt(why="a\r\nforged line \x1b[2J"))
    assert ledger.waiting
    ledger.work()
    assert not ledger.waiting
    (record,) = ledger.audit(outcome="403")
    told = (record.actor, record.operation, record.target, record.change, record.before, record.after)
    assert told == ("alice", "providers.create", "POST /x", None, None, None)
    assert record.why == "a\\r\\nforged line \\x1b[2J"
    database = Database(url)
    assert chain.verify(database).findings == ()
    database.close()


def test_of_a_flood_of_attempts_the_number_is_kept(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST_REFUSALS", 3)
    for number in range(10):
        ledger.record_refusal(attempt(number))
    ledger.work()
    left_out, *kept = ledger.audit(most=4)
    assert [each.request for each in kept] == ["req-2", "req-1", "req-0"]
    assert (left_out.outcome, left_out.why) == ("left out", "7 more refused requests than could be written")


# --- Owners of trees ---

OWNER = Caller(user="lab", roles=frozenset({"provider-owner"}), trees=frozenset({HOST}))
NEW = "00000000-0000-4000-8000-0000000000b1"

OWN: tuple[commands.Command, ...] = (
    commands.SetInventories(uuid=NODE, inventories={"MEMORY_MB": berth.Inventory(total=8192)}),
    commands.SetTraits(uuid=HOST, traits=frozenset({"CUSTOM_FAST"})),
    commands.SetAggregates(uuid=NODE, aggregates=(ZONE,)),
    commands.CreateProvider(uuid=NEW, name="new", parent=NODE),
    commands.UpdateProvider(uuid=NODE, name="numa"),
    commands.PutRecords(records=(ProviderRecord(name="new", parent="node"),), new_uuids=(NEW,)),
)
NOT_OWN: tuple[commands.Command, ...] = (
    commands.SetInventories(uuid=POOL, inventories={}),
    commands.AddInventory(uuid=POOL, resource_class="VCPU", inventory=berth.Inventory(total=1)),
    commands.DeleteInventory(uuid=POOL, resource_class="DISK_GB"),
    commands.SetTraits(uuid=POOL, traits=frozenset()),
    commands.SetAggregates(uuid=POOL, aggregates=()),
    commands.DeleteProvider(uuid=POOL),
    commands.CreateProvider(uuid=NEW, name="new"),
    commands.CreateProvider(uuid=NEW, name="new", parent=POOL),
    commands.UpdateProvider(uuid=NODE, parent=POOL),
    commands.UpdateProvider(uuid=POOL, parent=HOST),
    commands.UpdateProvider(uuid=NODE, parent=None),
    commands.PutRecords(records=(ProviderRecord(name="new"),), new_uuids=(NEW,)),
    commands.PutRecords(records=(ProviderRecord(name="pool"),), new_uuids=(NEW,)),
    commands.PutRecords(records=(ProviderRecord(name="new", parent="pool"),), new_uuids=(NEW,)),
    commands.PutRecords(records=(ProviderRecord(name="pool", uuid=POOL, parent="host"),), new_uuids=(NEW,)),
    commands.ReleaseAllocations(consumer=VM),
    commands.SetAllocations(claims=()),
    commands.Reshape(inventories=(), claims=()),
    commands.CreateTrait(name="CUSTOM_A"),
    commands.DeleteClass(name="CUSTOM_SLOT"),
    commands.RevokeToken(name="t"),
)


@pytest.mark.parametrize("command", OWN, ids=lambda command: type(command).__name__)
def test_an_owner_writes_its_own_trees(ledger: Ledger, command: commands.Command) -> None:
    assert done(ledger, command, OWNER).actor == "lab"


@pytest.mark.parametrize("command", NOT_OWN, ids=lambda command: type(command).__name__)
def test_an_owner_writes_nothing_else(ledger: Ledger, command: commands.Command) -> None:
    before = ledger.changes(most=1000)
    answer = ledger.queue(command, OWNER)
    ledger.work()
    with pytest.raises(Forbidden):
        answer.result()
    assert ledger.changes(most=1000) == before


def test_a_provider_that_moves_in_the_same_batch_is_another_s_by_then(ledger: Ledger) -> None:
    """What counts is where it stands when the command is decided, not when it was sent."""
    move = ledger.queue(commands.UpdateProvider(uuid=NODE, parent=POOL))
    write = ledger.queue(commands.SetTraits(uuid=NODE, traits=frozenset()), OWNER)
    ledger.work()
    move.result()
    with pytest.raises(Forbidden):
        write.result()
