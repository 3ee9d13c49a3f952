"""A batch: queued commands, their outcomes, and what the change log and the audit log record of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import msgspec

from berth.ledger.write.decide import decide
from berth.ledger.write.decide.allocate import Deferred
from berth.ledger.write.draft import Draft
from berth.ledger.write.ownership import check_ownership
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.change import Change, Facts, subjects_of
from berth.model.commands import Allocate, Command, CreateToken, PutRecords, Reshape, SetAllocations
from berth.model.errors import BerthError, Refusal
from berth.model.text import log_text
from berth.model.token import Token
from berth.store.audit import Chain, caller_columns
from berth.store.changes import text_of

_NOTHING = Facts()
_BERTH = Caller(name="berth", via="local")


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """A queued command and the future of its result.

    caller: on whose behalf; request: the request's unique id, as the logs keep it; token: the one that authenticated
    the caller, if it must be unchanged when the command is carried out.
    """

    command: Command
    caller: Caller
    request: str
    answer: Future[Any]
    token: Token | None = None

    @property
    def operation(self) -> str:
        """The command's name in the logs."""
        return type(self.command).__name__


@dataclass(slots=True)
class Outcome:
    """The outcome of one command: a result or a refusal. deferred: it has to be decided in the next batch instead."""

    pending: PendingCommand
    result: Any = None
    refusal: BerthError | None = None
    deferred: bool = False


@dataclass(slots=True)
class DecidedBatch:
    """A decided batch. texts: the facts of `log` as they are stored, so that the audit log seals exactly those."""

    chain: Chain
    outcomes: list[Outcome] = field(default_factory=list)
    log: list[Change] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def decide_batch(batch: Sequence[PendingCommand], draft: Draft, number: int, chain: Chain) -> DecidedBatch:
    """Decide each command in turn, on the draft as those before it left it. number: of the last committed change."""
    done = DecidedBatch(chain)
    for pending in batch:
        outcome = Outcome(pending)
        try:
            if pending.caller.trees is not None:
                check_ownership(draft, pending.caller.trees, pending.caller, pending.command)
            outcome.result = decide(draft, pending.command)
        except Refusal as refusal:
            outcome.refusal = refusal
        except Deferred:
            outcome.deferred = True
        done.outcomes.append(outcome)
        facts, before = draft.pop_facts()
        if facts != _NOTHING:
            number += 1
            actor = caller_columns(pending.caller)["actor"]
            change = Change(number, draft.now, pending.operation, actor, pending.request, facts)
            _enter(done, change, pending, before)
    return done


def record_refusals(chain: Chain, refused: Sequence[RefusedRequest], left_out: int, now: int) -> None:
    """Add refused requests to the audit log. left_out: the number of those that did not fit into the queue."""
    for each in refused:
        chain.add(
            now, each.caller, log_text(each.request), each.operation, each.target, outcome=each.outcome, why=each.why
        )
    if left_out:
        why = f"{left_out} more refused requests than could be written"
        chain.add(now, _BERTH, "", "", "", outcome="left out", why=why)


def _enter(done: DecidedBatch, change: Change, pending: PendingCommand, before: Facts) -> None:
    target, text = target_of(pending.command), text_of(change.facts)
    done.log.append(change)
    done.texts.append(text)
    done.chain.add(
        change.at,
        pending.caller,
        pending.request,
        change.operation,
        target,
        change=change.number,
        before=None if before == _NOTHING else text_of(before),
        facts=text,
        about=subjects_of(change.facts),
    )


def target_of(command: Command) -> str:
    """Return the target of a command, in a few words."""
    match command:
        case SetAllocations(claims=[claim]):
            return claim.consumer
        case SetAllocations(claims=claims):
            return f"{len(claims)} consumers"
        case Allocate(consumer=consumer):
            return consumer
        case Reshape(inventories=inventories):
            return f"{len(inventories)} providers"
        case CreateToken(token=token):
            return token.name
        case PutRecords(records=[record]):
            return record.name
        case PutRecords(records=records):
            return f"{len(records)} records"
    values: dict[str, Any] = msgspec.structs.asdict(command)
    return next((str(values[name]) for name in ("uuid", "consumer", "name") if name in values), "")
