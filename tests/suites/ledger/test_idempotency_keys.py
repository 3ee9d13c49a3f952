"""Commands that are sent again with their idempotency key: one effect, one answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import event, func, select

from berth import CandidateRequest, Claim, Group, Inventory, NewInventories, errors
from berth.ledger import Ledger, open_ledger
from berth.ledger.observer import CommitObserver
from berth.ledger.verify import verify
from berth.ledger.write import answers as kept_answers
from berth.model import commands
from berth.model.caller import Caller
from berth.model.commands import Allocate, Command, CreateTrait, ReleaseAllocations, RevokeToken, SetAllocations
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditConsumer, EditTraits, NameAggregate, RenameTree
from berth.model.idempotency import command_key
from berth.model.inventory_edits import EditInventories, InventoryFields
from berth.model.lease_commands import EndLease, GrantLease
from berth.model.message import RESULTS, UNKEYED, message
from berth.model.overview import ProviderFilter
from berth.model.record import ProviderRecord
from berth.model.releases import ReleaseMatching
from berth.model.term import Term
from berth.store.backend import Purpose, Unreachable
from berth.store.tables import answers
from tests.suites.bench.operation_counts import statements
from tests.support.filled_ledger import JOB, POOL, VM, ZONE, fill

SPARE, NEW, OTHER = (f"00000000-0000-4000-8000-0000000000e{digit}" for digit in "123")
BOTH_SLOTS = CandidateRequest(groups=(Group(resources={"CUSTOM_SLOT": 2}),))
MINUTE_US = 60_000_000
ADA, BOB = Caller(user="ada", project="p"), Caller(user="bob", project="p")

COMMANDS: tuple[Command, ...] = (
    commands.CreateProvider(uuid=SPARE, name="spare"),
    commands.UpdateProvider(uuid=SPARE, name="rack", parent=POOL),
    commands.CreateTrait(name="CUSTOM_NEW"),
    commands.SetTraits(uuid=SPARE, traits=frozenset({"CUSTOM_FAST", "HW_CPU_X86_AVX"})),
    commands.DeleteTrait(name="CUSTOM_NEW"),
    commands.CreateClass(name="CUSTOM_NEW"),
    commands.RenameClass(name="CUSTOM_NEW", new_name="CUSTOM_OLD"),
    commands.DeleteClass(name="CUSTOM_OLD"),
    commands.SetInventories(uuid=SPARE, inventories={"VCPU": Inventory(total=4)}, generation=1),
    commands.AddInventory(uuid=SPARE, resource_class="VGPU", inventory=Inventory(total=1)),
    commands.UpdateInventory(uuid=SPARE, resource_class="VGPU", inventory=Inventory(total=2)),
    commands.DeleteInventory(uuid=SPARE, resource_class="VGPU"),
    commands.SetAggregates(uuid=SPARE, aggregates=(ZONE,)),
    commands.Reshape(
        inventories=(NewInventories(uuid=SPARE, inventories={"VGPU": Inventory(total=1)}, generation=6),), claims=()
    ),
    SetAllocations(
        claims=(Claim(consumer=NEW, allocations={SPARE: {"VGPU": 1}}, project="p", user="u", generation=None),)
    ),
    EditConsumer(consumer=NEW, name="train"),
    ReleaseAllocations(consumer=NEW),
    EditInventories(where=ProviderFilter(uuid=SPARE), resource_class="VGPU", fields=InventoryFields(total=3)),
    EditTraits(uuid=SPARE, remove=frozenset({"HW_CPU_X86_AVX"})),
    EditAggregates(uuid=SPARE, remove=(ZONE,)),
    Drain(providers=(SPARE,), why="fan"),
    Undrain(providers=(SPARE,)),
    NameAggregate(uuid=ZONE, name="zone-1", kind="zone"),
    SetAllocations(
        claims=(
            Claim(
                consumer=OTHER,
                allocations={SPARE: {"VGPU": 1}},
                project="p",
                user="u",
                generation=None,
                term=Term(confirm_within=600),
            ),
        )
    ),
    commands.Extend(consumer=OTHER, seconds=1200),
    commands.Confirm(consumer=OTHER),
    ReleaseMatching(consumers=(OTHER,)),
    Allocate(request=BOTH_SLOTS, consumer=NEW, project="p", user="u"),
    commands.DeleteProvider(uuid=SPARE),
    commands.CreateProvider(uuid=SPARE, name="tree"),
    RenameTree(uuid=SPARE, name="spare-2"),
    DeleteTree(uuid=SPARE),
    commands.PutRecords(records=(ProviderRecord(name="rack"), ProviderRecord(name="shelf"))),
    GrantLease(uuid=NEW, name="node-1", project="p", ttl=60),
    EndLease(uuid=NEW),
)
"""Every command that takes a key, in an order in which each changes something, and could not be repeated."""


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url) as opened:
        fill(opened)
        yield opened


def test_every_command_is_carried_out_once(ledger: Ledger, url: str) -> None:
    assert {*map(type, COMMANDS)} == {*RESULTS} - UNKEYED - {commands.Undo}  # that needs a change which ended claims
    with open_ledger(url) as other:
        for number, command in enumerate(COMMANDS):
            before = ledger.head()
            first = ledger.do(command, key=f"key {number}")
            assert (ledger.head(), len(ledger.audit())) == (before + 1, min(100, before + 1))
            assert other.do(command, key=f"key {number}") == first, command
            assert other.head() == before + 1
        assert _kept(other) == len(COMMANDS)
    assert verify(ledger._writer.database).findings == ()


def test_another_command_with_the_key_is_refused(ledger: Ledger) -> None:
    ledger.create_trait("CUSTOM_NEW", key="k")
    before = ledger.head()
    for attempt in (
        lambda: ledger.create_trait("CUSTOM_NEWER", key="k"),
        lambda: ledger.create_class("CUSTOM_NEW", key="k"),
        lambda: ledger.release(VM, key="k"),
    ):
        with pytest.raises(errors.KeyReused):
            attempt()
    assert (ledger.head(), _kept(ledger)) == (before, 1)
    assert ledger.allocations(VM) is not None


REFUSED: tuple[tuple[Command, Command, type[errors.BerthError], bool], ...] = (
    (
        Allocate(request=BOTH_SLOTS, consumer=NEW, project="p", user="u"),
        ReleaseAllocations(consumer=OTHER),
        errors.NothingFits,
        True,
    ),
    (
        ReleaseAllocations(consumer=NEW),
        SetAllocations(claims=(Claim(consumer=NEW, allocations={POOL: {"DISK_GB": 1}}, project="p", user="u"),)),
        errors.AllocationsNotFound,
        True,
    ),
    (commands.DeleteProvider(uuid=POOL), ReleaseAllocations(consumer=JOB), errors.ProviderInUse, True),
    (
        commands.CreateProvider(uuid=NEW, name="n", parent=SPARE),
        commands.CreateProvider(uuid=SPARE, name="s"),
        errors.ParentNotFound,
        False,
    ),
)
"""A command that is refused, one that removes the reason, the refusal, and whether it stays refused."""


@pytest.mark.parametrize(("command", "remedy", "kind", "stays"), REFUSED)
def test_a_refusal_stays_one(
    command: Command, remedy: Command, kind: type[errors.BerthError], stays: bool, ledger: Ledger, url: str
) -> None:
    ledger.allocate(BOTH_SLOTS, consumer=OTHER, project="p", user="u")
    before = ledger.head()
    with pytest.raises(kind) as first:
        ledger.do(command, key="k")
    assert (ledger.head(), _kept(ledger)) == (before, int(stays))
    ledger.do(remedy)
    with open_ledger(url) as other:
        if not stays:
            other.do(command, key="k")
            return
        with pytest.raises(kind) as again:
            other.do(command, key="k")
        if kind is not errors.NothingFits:  # its funnel is of the moment
            assert (str(again.value), again.value.args) == (str(first.value), first.value.args)
        assert other.head() == before + 1
        other.do(command)


def test_twins_in_one_batch(ledger: Ledger) -> None:
    """The first is decided, the others have its answer. One with another body is refused; another user's is decided."""

    def queue(consumer: str, caller: Caller, sent: str = "body") -> Any:
        command = Allocate(request=BOTH_SLOTS, consumer=consumer, project="p", user="u")
        key = command_key("k", caller, sent)
        return key, ledger.queue(command, caller, key=key)

    before = ledger.head()
    queued = [queue(NEW, ADA), queue(OTHER, ADA), queue(SPARE, ADA, "other"), queue(OTHER, BOB), queue(VM, ADA)]
    ledger.work()
    assert ledger.head() == before + 1
    keys, futures = zip(*queued, strict=True)
    assert [future.result(0).consumer for future in (futures[0], futures[1], futures[4])] == [NEW] * 3
    assert isinstance(futures[2].exception(0), errors.KeyReused)
    assert isinstance(futures[3].exception(0), errors.NothingFits)
    assert [key.replayed for key in keys] == [False, True, False, False, True]
    assert _kept(ledger) == 2


def test_twins_at_once(ledger: Ledger, url: str) -> None:
    """Threads of two ledgers send the same command with the same key at the same time."""
    with open_ledger(url) as other, ThreadPoolExecutor(8) as threads:
        before = ledger.head()
        ledgers = [ledger, other] * 4
        grants = list(threads.map(lambda each: each.allocate(BOTH_SLOTS, project="p", user="u", key="k"), ledgers))
    assert all(grant == grants[0] for grant in grants)
    assert (ledger.head(), _kept(ledger)) == (before + 1, 1)


def test_replays_are_reported(ledger: Ledger) -> None:
    class Counting(CommitObserver):
        replays, refusals = 0, 0

        def replayed(self) -> None:
            self.replays += 1

        def refused(self, _: Exception) -> None:
            self.refusals += 1

    counting = Counting()
    ledger.observe(counting)
    for key in ("a", "b", "a", "b", "b"):
        with suppress(errors.NothingFits):
            ledger.allocate(BOTH_SLOTS, project="p", user="u", key=key)
    assert (counting.replays, counting.refusals) == (3, 1)


def test_tokens_take_no_key(ledger: Ledger) -> None:
    with pytest.raises(errors.Invalid, match="API tokens"):
        ledger.queue(RevokeToken(name="t"), key=command_key("k", ADA))
    assert _kept(ledger) == 0


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (Allocate(request=BOTH_SLOTS, consumer=NEW, project="p", user="u"), None),
        (commands.DeleteProvider(uuid=POOL), errors.ProviderInUse),  # nothing but its answer is written
        (commands.CreateTrait(name="CUSTOM_FAST"), None),
    ],
)
def test_a_commit_without_an_answer(
    ledger: Ledger, command: Command, kind: type[errors.BerthError] | None, *, after: bool
) -> None:
    """The connection is lost just before or after the commit: there is one effect and one answer."""
    lost = _lose(ledger, after=after)
    for _ in range(2):
        if kind is None:
            ledger.do(command, key="k")
        else:
            with pytest.raises(kind):
                ledger.do(command, key="k")
    assert (lost, _kept(ledger)) == ([1], 1)
    assert [change.operation for change in ledger.changes(most=100)].count("Allocate") == isinstance(command, Allocate)
    assert verify(ledger._writer.database).findings == ()


def _lose(ledger: Ledger, *, after: bool) -> list[int]:
    lost: list[int] = []

    def lose(connection: Any) -> None:
        if not lost:
            lost.append(1)
            raw = connection.connection.dbapi_connection
            raw.commit() if after else raw.rollback()
            connection.invalidate()
            raise Unreachable("the network is gone")

    event.listen(ledger._writer.database._engine(Purpose.WRITE), "commit", lose)
    return lost


def test_an_answer_is_kept_for_a_time(ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "MOST_SWEPT", 2)
    with open_ledger(url, keep_keys_s=60) as here:
        writer, now = here._writer, here._writer.time.own()
        writer.time.use(lambda: now)
        first = here.allocate(BOTH_SLOTS, project="p", user="u", key="claim")
        for number in range(5):
            here.create_trait("CUSTOM_FAST", key=f"old {number}")
        now += MINUTE_US
        assert here.allocate(BOTH_SLOTS, project="p", user="u", key="claim") == first
        assert _kept(here) == 6
        now += 1
        writer.answers._next_sweep = 0.0
        with pytest.raises(errors.KeyReused):
            ledger.create_trait("CUSTOM_NEW", key="claim")  # it is kept for longer by this one
        here.create_trait("CUSTOM_NEW", key="claim")
        assert _kept(here) == 4  # two were swept, the third is this key's
        for left in (3, 3, 4):  # the last but one is swept, and from then on this process looks once a minute
            here.create_trait("CUSTOM_FAST", key=f"new {left} {_kept(here)}")
            assert _kept(here) == left


def test_what_a_key_costs(ledger: Ledger) -> None:
    """Without a key no statement is about answers; with keys one reads them and one writes them, for a whole batch."""

    def texts(*keys: str | None) -> list[str]:
        for number, key in enumerate(keys):
            command = CreateTrait(name=f"CUSTOM_{number}")
            ledger.queue(command, key=None if key is None else command_key(key, ADA, message(command)))
        with statements() as seen:
            ledger.work()
        return [text.split()[0] for text in seen.elements() if "answers" in text]

    assert texts("a", "b") == ["SELECT", "SELECT", "INSERT"]  # the first looks for old ones
    assert texts(None, None) == []
    assert texts("c", None, "d", "e") == ["SELECT", "INSERT"]
    assert texts("c", "d") == ["SELECT"]


def _kept(ledger: Ledger) -> int:
    with ledger._writer.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(answers)).scalar_one()
