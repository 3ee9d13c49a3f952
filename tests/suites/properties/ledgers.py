"""Ledgers under test: one in this process, and one in another process on the same database."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import berth
from berth.fleet.state.apply import apply
from berth.fleet.state.fleet import Fleet
from berth.fleet.views.providers import snapshot
from berth.ledger import Ledger
from berth.ledger.verify import verify
from berth.model.candidate import Candidates
from berth.model.commands import Command, PutRecords
from berth.model.errors import Refusal
from berth.model.names import CUSTOM_PREFIX
from berth.model.record import RecordStatus
from berth.model.request import CandidateRequest
from tests.support.oracle.rows import Rows, in_order

DONE = "done"
Place = tuple[str, str]
"""A provider's uuid and a class."""


class LocalLedger:
    """A ledger of this process."""

    def __init__(self, url: str) -> None:
        self.url, self.ledger = url, berth.open(url)

    def do(self, commands: Sequence[Command]) -> list[str]:
        """Run commands, together in as few commits as possible; return the outcome of each."""
        answers = [self.ledger.queue(command) for command in commands]
        self.ledger.work()
        return [outcome(command, answer) for command, answer in zip(commands, answers, strict=True)]

    def find(self, ask: CandidateRequest) -> Candidates:
        """Where a request fits."""
        return self.ledger.find(ask)

    def rows(self, consumers: Sequence[str]) -> Rows:
        """All that can be read, of these consumers and of everything else."""
        return in_order({**provider_rows(self.ledger), **consumer_rows(self.ledger, consumers)})

    def stock(self) -> dict[Place, tuple[int, int]]:
        """How much there is to be held of everything, and how much is held."""
        return {
            (provider.uuid, name): (int((had.total - had.reserved) * had.allocation_ratio), had.used)
            for provider in self.ledger.providers()
            for name, had in self.ledger.inventories(provider.uuid).inventories.items()
        }

    def three_views(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Return snapshots of the fleet in memory, of one built from the tables, and of one that followed the log."""
        follower = Fleet()
        for change in self.ledger.changes(most=1_000_000):
            apply(follower, change)
        with berth.open(self.url) as anew, anew._writer.read() as built, self.ledger._writer.read() as fleet:
            return snapshot(fleet), snapshot(built), snapshot(follower)

    def findings(self) -> tuple[str, ...]:
        """Return the findings of the ledger's own check of its rows and its log."""
        return verify(self.ledger._writer.database).findings

    def close(self) -> None:
        self.ledger.close()


class RemoteLedger:
    """A ledger in another process, which calls methods of LocalLedger by name."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def ask(self, verb: str, *arguments: Any) -> Any:
        """Call a method of `LocalLedger` there (or ``open``, with a URL)."""
        self._pipe.send((verb, arguments))
        failure, answer = self._pipe.recv()
        assert failure is None, failure
        return answer


@contextmanager
def other_process() -> Iterator[RemoteLedger]:
    """A process with a ledger of its own, for as long as the block lasts."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield RemoteLedger(mine)
    finally:
        mine.close()
        process.join(10)
        process.kill()


def serve(pipe: Connection) -> None:
    """What the other process does until the pipe is closed."""
    here: LocalLedger | None = None
    while True:
        try:
            verb, arguments = pipe.recv()
        except EOFError:
            return
        try:
            if verb == "open":
                if here is not None:
                    here.close()
                here = LocalLedger(*arguments)
                pipe.send((None, None))
            else:
                pipe.send((None, getattr(here, verb)(*arguments)))
        except Exception as failure:  # noqa: BLE001 - any failure must reach the test in the other process
            pipe.send((repr(failure), None))


def outcome(command: Command, answer: Future[Any]) -> str:
    """What became of a command: the name of its refusal, or of what each record became, or DONE."""
    try:
        result = answer.result(0)
    except Refusal as refusal:
        return type(refusal).__name__
    return status_line(each.became for each in result) if isinstance(command, PutRecords) else DONE


def status_line(became: Iterator[RecordStatus]) -> str:
    """What records became, in a line."""
    return ", ".join(became)


def provider_rows(ledger: Ledger) -> Rows:
    """What can be read of providers and names."""
    found: Rows = {"providers": [], "inventories": [], "traits": [], "aggregates": []}
    for it in ledger.providers():
        assert ledger.provider(it.uuid) == it
        found["providers"].append([it.uuid, it.name, it.generation, it.parent, it.root])
        for name, had in ledger.inventories(it.uuid).inventories.items():
            fields = (had.total, had.reserved, had.min_unit, had.max_unit, had.step_size, had.allocation_ratio)
            found["inventories"].append([it.uuid, name, *fields])
        found["traits"] += [[it.uuid, name] for name in ledger.traits(it.uuid).traits]
        found["aggregates"] += [[it.uuid, uuid] for uuid in ledger.aggregates(it.uuid).aggregates]
    names = [named.name for named in (*ledger.classes(), *ledger.trait_names())]
    return {**found, "custom": [[name] for name in names if name.startswith(CUSTOM_PREFIX)]}


def consumer_rows(ledger: Ledger, consumers: Sequence[str]) -> Rows:
    """What can be read of these consumers."""
    found: Rows = {"consumers": [], "allocations": []}
    for uuid in consumers:
        had = ledger.allocations(uuid)
        if had is not None:
            it = had.consumer
            found["consumers"].append([it.uuid, it.generation, it.project, it.user, it.type])
            for held in had.held:
                found["allocations"] += [[uuid, held.provider, name, amount] for name, amount in held.resources.items()]
    return found
