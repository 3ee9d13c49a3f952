"""A ledger under any sequence of commands, compared with the oracle: same state, same refusals."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from berth.model.commands import Claim, Command, PutRecords, RenameClass, SetAllocations
from tests.suites.properties.commands import any_command
from tests.suites.properties.ledgers import DONE, LocalLedger, RemoteLedger, other_process, status_line
from tests.suites.properties.name_pools import CONSUMERS, NEW_CONSUMERS, PROJECTS, USERS
from tests.suites.properties.requests import candidate_requests
from tests.suites.properties.worlds import chance, commands_for, drained_worlds
from tests.support.databases import runs_whole
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.oracle import candidates as oracle
from tests.support.oracle import records
from tests.support.oracle.commands import tried
from tests.support.oracle.rows import rows
from tests.support.oracle.world import World

TOO_MANY = 5_000
ALL_CONSUMERS = (*CONSUMERS, *NEW_CONSUMERS)
MOST_IN_A_BATCH = 6
SHARE_OF_EXAMPLES = 8
"""One example is some thirty commands: an eighth as many of them as elsewhere."""

SHARE_IN_PART = 32
"""The same where it does not run as a whole."""


class Ledgers(RuleBasedStateMachine):
    """One database with two ledgers on it, one of them in another process; and the oracle's world."""

    shelf: EmptyLedgers
    remote: RemoteLedger

    def __init__(self) -> None:
        super().__init__()
        self.url = self.shelf.new()
        self.local = LocalLedger(self.url)
        self.remote.ask("open", self.url)
        self.world = World()
        self.turn = False

    @initialize(start=drained_worlds(6))
    def begin(self, start: World) -> None:
        """With a small fleet that is in use; it is made in one transaction."""
        self.carry_out(self.local.do, list(commands_for(start)))

    @rule(data=st.data())
    def one_command(self, data: st.DataObject) -> None:
        """Here: a batch of one."""
        self.carry_out(self.local.do, [data.draw(any_command(self.world))])

    @rule(data=st.data())
    def one_command_elsewhere(self, data: st.DataObject) -> None:
        """There, after whatever was written here; and here must be told."""
        self.carry_out(lambda given: self.remote.ask("do", given), [data.draw(any_command(self.world))])

    @rule(data=st.data(), count=st.integers(2, MOST_IN_A_BATCH))
    def several_at_once(self, data: st.DataObject, count: int) -> None:
        """In one transaction: each command must see the effects of those before it."""
        given: list[Command] = []
        world = self.world
        for _ in range(count):
            given.append(data.draw(any_command(world)))
            world, _ = expected(world, given[-1])
        self.carry_out(self.local.do, given)

    @precondition(lambda self: any(provider.inventories for provider in self.world.providers.values()))
    @rule(data=st.data())
    def find_and_claim(self, data: st.DataObject) -> None:
        """What is found is what there is, here and there; and any of it can be claimed."""
        ask = data.draw(candidate_requests(self.world))
        if oracle.size(self.world, ask) > TOO_MANY:
            return
        answer = self.local.find(ask)
        assert {oracle.found(each) for each in answer.candidates} == oracle.find(self.world, ask)
        assert {oracle.found(each) for each in self.remote.ask("find", ask).candidates} == oracle.find(self.world, ask)
        free = [uuid for uuid in NEW_CONSUMERS if uuid not in self.world.consumers]
        event("claimed what was found", bool(answer.candidates and free))
        if answer.candidates and free:
            wanted = data.draw(st.sampled_from(answer.candidates)).allocations
            claim = Claim(consumer=free[0], allocations=wanted, project=PROJECTS[0], user=USERS[0], generation=None)
            assert self.carry_out(self.local.do, [SetAllocations(claims=(claim,))]) == [DONE]

    @rule(really=chance(20))
    def open_again(self, really: bool) -> None:
        """Reopen the ledger of this process; its fleet must equal those built from the tables and from the log."""
        if really:
            self.compare_views()
            self.local.close()
            self.local = LocalLedger(self.url)

    @invariant()
    def one_of_them_knows_everything(self) -> None:
        """Check the two ledgers in turn, to save time: a wrong one stays wrong."""
        self.turn = not self.turn
        known = rows(self.world)
        assert (self.local.rows(ALL_CONSUMERS) if self.turn else self.remote.ask("rows", ALL_CONSUMERS)) == known

    def carry_out(self, do: Callable[[Sequence[Command]], list[str]], given: Sequence[Command]) -> list[str]:
        """Let commands be carried out, and see that each is done or refused as it should be, and nothing oversold."""
        before = self.local.stock()
        outcomes = []
        for command in given:
            self.world, outcome = expected(self.world, command)
            outcomes.append(outcome)
            event(type(command).__name__, outcome)
        assert do(given) == outcomes
        for place, (capacity, used) in self.local.stock().items():
            assert used == self.world.used(*place)
            if len(given) == 1 and not isinstance(given[0], RenameClass):
                assert used <= capacity or used <= before.get(place, (0, 0))[1], f"{place} is oversold"
        return outcomes

    def compare_views(self) -> None:
        assert self.remote.ask("rows", ALL_CONSUMERS) == self.local.rows(ALL_CONSUMERS)
        in_memory, in_tables, in_log = self.local.three_views()
        assert in_memory == in_tables
        assert in_memory == in_log
        assert self.local.findings() == ()

    def teardown(self) -> None:
        self.compare_views()
        self.local.close()


def expected(world: World, command: Command) -> tuple[World, str]:
    """What a world should become, and what should be said."""
    if isinstance(command, PutRecords):
        after = copy.deepcopy(world)
        pairs = zip(command.records, command.new_uuids, strict=True)
        return after, status_line(records.put(after, record, uuid) for record, uuid in pairs)
    after, refusal = tried(world, command)
    return after, refusal.__name__ if refusal else DONE


def test_any_sequence_of_commands(database_kind: str, ledgers: EmptyLedgers) -> None:
    examples = max(1, settings().max_examples // (SHARE_OF_EXAMPLES if runs_whole(database_kind) else SHARE_IN_PART))
    Ledgers.shelf = ledgers
    with other_process() as Ledgers.remote:
        run_state_machine_as_test(Ledgers, settings=settings(max_examples=examples))
