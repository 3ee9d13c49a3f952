"""Batches: commands that are carried out together, their outcomes, and what the logs record of them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from berth.fleet.find.budget import Budget
from berth.ledger.observer import CommitObserver
from berth.ledger.request_scope import TokenChanged
from berth.ledger.write.answers import replayed
from berth.ledger.write.decide import decide
from berth.ledger.write.decide.allocate import Deferred, LockedSearch, allocate
from berth.ledger.write.decide.lapses import MOST_AT_ONCE, lapsed, sweep
from berth.ledger.write.draft import Draft
from berth.ledger.write.life_events import life_events
from berth.ledger.write.membership import CLAIMING, check_membership
from berth.ledger.write.ownership import check_ownership
from berth.ledger.write.pending_command import PendingCommand
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.change import Change, Facts, subjects_of
from berth.model.commands import (
    Allocate,
    Command,
    CreateToken,
    Lapse,
    PutRecords,
    Reshape,
    SetAllocations,
    Undo,
)
from berth.model.drain import Drain, Undrain
from berth.model.errors import Invalid, KeyReused, Refusal
from berth.model.idempotency import CommandKey
from berth.model.inventory_edits import EditInventories
from berth.model.lease_commands import RenewLeases
from berth.model.plural import plural
from berth.model.reconciliation import Reconcile
from berth.model.releases import ReleaseMatching
from berth.model.text import log_text
from berth.store import audit
from berth.store.answers import KeptAnswer
from berth.store.audit import Chain, caller_columns
from berth.store.changes import text_of
from berth.store.endings import rows_of

MOST_S: Final = 0.1
"""How long the commands of one batch are decided, in seconds: others wait for the head. The next decides the rest."""

BRIEF_S: Final = 0.005
"""The same in a thread that must not take long."""

LOCKED_STEPS: Final = 8_000
"""Steps of all searches of a batch together: less than MOST_S when measured."""

MOST_BYTES: Final = 4 * 2**20
"""How many bytes of facts the commands of one batch may have before the rest is left to the next."""

MOST_COMMAND_BYTES: Final = 8 * 2**20
"""How many bytes of facts one command may have: a server may take no more than 16 MiB at once."""

_NOTHING = Facts()
BERTH = Caller(name="berth", via="local")


class Outcome(msgspec.Struct, eq=False):
    """The outcome of one command: a result or a refusal.

    deferred: it has to be decided in a later batch; search: with candidates that are searched for again; replayed: it
    is an answer that was kept.
    """

    pending: PendingCommand
    result: Any = None
    refusal: Exception | None = None
    deferred: bool = False
    search: bool = False
    replayed: bool = False

    def report(self, observer: CommitObserver) -> None:
        """Tell an observer of a kept answer or of a refusal."""
        if self.replayed:
            observer.replayed()
        # If a token has changed, the request starts again: that is not its answer yet.
        elif self.refusal is not None and not isinstance(self.refusal, TokenChanged):
            observer.refused(self.refusal)
            observer.command_refused(self.pending.command, self.refusal)


class DecidedBatch(msgspec.Struct, eq=False):
    """A decided batch.

    draft: what it was decided on; texts: the facts of `log` as they are stored, which the audit log seals; ended: rows
    of the consumers that Berth ended; life: what was done with claims that have a term: confirmed and so on.
    """

    chain: Chain
    draft: Draft
    outcomes: list[Outcome] = []
    log: list[Change] = []
    texts: list[str] = []
    ended: list[dict[str, Any]] = []
    life: list[str] = []

    def is_stored(self, connection: Connection) -> bool:
        """Whether the database has its records: whether it was committed.

        Without changes it has none. Then its commands are decided again, and those with a key find their answers.
        """
        return bool(self.log) and audit.has(connection, self.chain.number, self.chain.hash)


class Batch(msgspec.Struct, eq=False):
    """Commands that are carried out together.

    attempts: all that may have been committed without this process having seen it; halves of a batch share them.
    commits: the transactions that carried them out: requests, beginning and end by time.time_ns(). life: as of
    DecidedBatch, of those. writing: whether the present attempt is writing rows.
    """

    pending: Sequence[PendingCommand]
    attempts: list[DecidedBatch] = []
    commits: list[tuple[tuple[str, ...], int, int]] = []
    life: list[str] = []
    writing: bool = False

    def __bool__(self) -> bool:
        return bool(self.pending)

    @property
    def deadline(self) -> float:
        """The latest deadline of its commands."""
        return max(each.deadline for each in self.pending)

    @property
    def requests(self) -> tuple[str, ...]:
        """The ids of its requests."""
        return tuple(each.request for each in self.pending)

    def halves(self) -> tuple[Batch, Batch]:
        """Return the first half and the rest."""
        middle = len(self.pending) // 2
        first, rest = self.pending[:middle], self.pending[middle:]
        return (
            Batch(first, self.attempts, self.commits, self.life),
            Batch(rest, self.attempts, self.commits, self.life),
        )

    @property
    def is_settled(self) -> bool:
        """Whether all its callers have an answer."""
        return all(each.settled for each in self.pending)

    def unsettled(self, left_out: Collection[PendingCommand] = ()) -> list[PendingCommand]:
        """Return the commands whose callers have no answer yet, but these."""
        left = [each for each in self.pending if not each.settled]
        return [each for each in left if each not in left_out] if left_out else left

    def landed(self, connection: Connection) -> list[Outcome]:
        """Return what earlier attempts decided that were committed after all: it must not be carried out twice."""
        return [
            outcome
            for attempt in self.attempts
            if attempt.is_stored(connection)
            for outcome in attempt.outcomes
            if outcome.pending in self.pending
        ]


def without(pending: Iterable[PendingCommand], outcomes: Iterable[Outcome]) -> list[PendingCommand]:
    """Return the commands that have no outcome yet."""
    done = {id(outcome.pending) for outcome in outcomes}
    return [each for each in pending if id(each) not in done]


def decide_batch(
    batch: Sequence[PendingCommand], draft: Draft, number: int, chain: Chain, most_s: float = MOST_S
) -> DecidedBatch:
    """Decide each command in turn, on the draft as those before it left it.

    number: of the last committed change. After `most_s` seconds, or MOST_BYTES of facts, the rest is deferred. Raises
    Invalid if a command has too many facts for a commit: nothing of the draft can be used then.
    """
    done, size, ends = DecidedBatch(chain, draft), 0, time.monotonic() + most_s
    if any(consumer.span is not None for consumer in draft.consumers.values()):
        number = _sweep(done, number)
    search = LockedSearch(draft, Budget.limited(LOCKED_STEPS, ends))
    for pending in batch:
        if draft.decided and (size > MOST_BYTES or time.monotonic() >= ends):
            done.outcomes.append(Outcome(pending, deferred=True))
            continue
        draft.endings.number = number + 1
        outcome = _decided(pending, draft, search)
        done.outcomes.append(outcome)
        if pending.key is not None:
            size += _keep(outcome, draft)
        facts, before = draft.pop_facts()
        if facts != _NOTHING:
            number += 1
            actor = caller_columns(pending.caller)["actor"]
            change = Change(number, draft.now, pending.operation, actor, pending.request, facts)
            why, draft.leases.alarm = draft.leases.alarm, ""
            grown = _enter(done, change, pending.caller, target_of(pending.command), before, why)
            if grown > MOST_COMMAND_BYTES:
                raise Invalid(f"the command changes too much at once: {grown:,} bytes of {MOST_COMMAND_BYTES:,}")
            size += grown
            if ended := draft.endings.pop():
                done.ended += rows_of(ended, number)
    return done


def _sweep(done: DecidedBatch, number: int) -> int:
    """Sweep what counts no more, in changes of their own. Return the number of the last change."""
    draft, over = done.draft, lapsed(done.draft)
    for some in (over[first : first + MOST_AT_ONCE] for first in range(0, len(over), MOST_AT_ONCE)):
        number += 1
        sweep(draft, some)
        facts, before = draft.pop_facts()
        draft.decided = 0  # at least one command is decided, however long this takes
        change = Change(number, draft.now, Lapse.__name__, caller_columns(BERTH)["actor"], "", facts)
        target = some[0].uuid if len(some) == 1 else plural(len(some), "consumer")
        _enter(done, change, BERTH, target, before)
        done.ended += rows_of((draft.ended[each.uuid] for each in some), number)
    return number


def _decided(pending: PendingCommand, draft: Draft, search: LockedSearch) -> Outcome:
    kept = None if pending.key is None or draft.answers is None else draft.answers.known.get(pending.key.id)
    if pending.key is not None and kept is not None:
        return _replayed(pending, pending.key, kept)
    if isinstance(pending.command, Drain | Undrain):
        draft.actor = caller_columns(pending.caller)["actor"]
    try:
        if pending.caller.own_project or pending.caller.trees is not None:
            _check_reach(draft, pending.caller, pending.command)
        if isinstance(pending.command, Allocate):
            return Outcome(pending, allocate(draft, pending.command, pending.shortlist, search))
        return Outcome(pending, decide(draft, pending.command))
    except Refusal as refusal:
        return Outcome(pending, refusal=refusal)
    except Deferred:
        return Outcome(pending, deferred=True, search=pending.shortlist is not None)


def _check_reach(draft: Draft, caller: Caller, command: Command) -> None:
    """Raise Forbidden if a caller of one project, or of some trees, writes anything else."""
    if caller.own_project and (caller.trees is None or isinstance(command, CLAIMING)):
        check_membership(draft, caller, command)
    elif caller.trees is not None:
        check_ownership(draft, caller.trees, caller, command)


def _replayed(pending: PendingCommand, key: CommandKey, kept: KeptAnswer) -> Outcome:
    try:
        return Outcome(pending, replayed(pending.command, key, kept), replayed=True)
    except KeyReused as refusal:
        return Outcome(pending, refusal=refusal)
    except Refusal as refusal:
        return Outcome(pending, refusal=refusal, replayed=True)


def _keep(outcome: Outcome, draft: Draft) -> int:
    """Keep the answer of a command with an idempotency key, unless it is a kept one; return its length."""
    if outcome.deferred or outcome.replayed or draft.answers is None:
        return 0
    return draft.answers.keep(outcome.pending, draft.now, outcome.result, outcome.refusal)


def record_refusals(chain: Chain, refused: Sequence[RefusedRequest], left_out: int, now: int) -> None:
    """Add refused requests to the audit log. left_out: the number of those that did not fit into the queue."""
    for each in refused:
        chain.add(
            now, each.caller, log_text(each.request), each.operation, each.target, outcome=each.outcome, why=each.why
        )
    if left_out:
        why = f"{left_out} more refused requests than could be written"
        chain.add(now, BERTH, "", "", "", outcome="left out", why=why)


def _enter(done: DecidedBatch, change: Change, caller: Caller, target: str, before: Facts, why: str = "") -> int:
    """Enter a change into the logs, and return its size in bytes. why: a person has to look at it, for this reason."""
    text = text_of(change.facts)
    text_before = None if before == _NOTHING else text_of(before)
    if before.terms:
        done.life += life_events(change, before)
    done.log.append(change)
    done.texts.append(text)
    for uuid in change.facts.claims:
        done.draft.consumers[uuid].change = change.number
    done.chain.add(
        change.at,
        caller,
        change.request,
        change.operation,
        target,
        change=change.number,
        before=text_before,
        why=why,
        facts=text,
        about=subjects_of(change.facts),
    )
    return len(text) + len(text_before or "")


def target_of(command: Command) -> str:
    """Return the target of a command, in a few words."""
    match command:
        case SetAllocations(claims=[claim]):
            return claim.consumer
        case SetAllocations(claims=claims):
            return plural(len(claims), "consumer")
        case Allocate(consumer=consumer):
            return consumer
        case Reshape(inventories=inventories):
            return plural(len(inventories), "provider")
        case CreateToken(token=token):
            return token.name
        case PutRecords(records=[record]):
            return record.name
        case PutRecords(records=records):
            return plural(len(records), "record")
    return _target_of_many(command) or _first_name(command)


def _target_of_many(command: Command) -> str:
    """Return the target of a command about all that match; "" of others."""
    match command:
        case Reconcile(orphans=orphans):
            return plural(len(orphans), "consumer")
        case Undo(change=number):
            return f"change {number}"
        case EditInventories(resource_class=name):
            return name
        case ReleaseMatching():
            return _target_of_release(command)
        case RenewLeases(uuids=uuids):
            return plural(len(uuids), "lease")
        case Drain(providers=[uuid], where=None) | Undrain(providers=[uuid], where=None):
            return uuid
        case Drain() | Undrain():
            return plural(len(command.providers), "provider") if command.where is None else "all that match"
    return ""


def _first_name(command: Command) -> str:
    values: dict[str, Any] = msgspec.structs.asdict(command)
    return next((str(values[name]) for name in ("uuid", "consumer", "name") if name in values), "")


def _target_of_release(command: ReleaseMatching) -> str:
    """Return the provider if there is one, else the project, else the consumers."""
    uuids = command.consumers or ()
    several = uuids[0] if len(uuids) == 1 else plural(len(uuids), "consumer")
    return command.on or command.holders_of or command.project or several
