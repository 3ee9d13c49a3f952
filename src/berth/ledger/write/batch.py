"""A batch, decided: what the change log and the audit log are to say of it."""

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
from berth.model.token import Token
from berth.store.audit import Chain, fitting
from berth.store.changes import text_of

_NOTHING = Facts()
_BERTH = Caller(name="berth", via="local")


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """A command on its way. caller: who asks; request: an id that no other request has.

    token: what let the caller in, if that is to be made certain when the command is carried out.
    """

    command: Command
    caller: Caller
    request: str
    answer: Future[Any]
    token: Token | None = None

    @property
    def operation(self) -> str:
        """What logs call it."""
        return type(self.command).__name__


@dataclass(slots=True)
class Outcome:
    """What became of one order: a result or a refusal; or it is to be decided in the next batch."""

    order: PendingCommand
    result: Any = None
    refusal: BerthError | None = None
    later: bool = False


@dataclass(slots=True)
class DecidedBatch:
    """What became of a batch. texts: the log's facts as they are stored, so that the audit log seals just those."""

    chain: Chain
    outcomes: list[Outcome] = field(default_factory=list)
    log: list[Change] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def decide_batch(batch: Sequence[PendingCommand], draft: Draft, number: int, chain: Chain) -> DecidedBatch:
    """Each order in turn, on what those before it have made of the draft. number: of the last change there is."""
    done = DecidedBatch(chain)
    for order in batch:
        outcome = Outcome(order)
        try:
            check_ownership(draft, order.caller, order.command)
            outcome.result = decide(draft, order.command)
        except Refusal as refusal:
            outcome.refusal = refusal
        except Deferred:
            outcome.later = True
        done.outcomes.append(outcome)
        facts, before = draft.take_facts()
        if facts != _NOTHING:
            number += 1
            actor = fitting(order.caller.called)
            change = Change(number, draft.now, order.operation, actor, order.request, facts)
            _enter(done, change, order, before)
    return done


def record_refusals(chain: Chain, attempts: Sequence[RefusedRequest], left_out: int, now: int) -> None:
    """Enter what was refused before it came to the ledger. left_out: how many more there were than could wait."""
    for each in attempts:
        chain.add(now, each.caller, each.request, each.operation, each.target, outcome=each.outcome, why=each.why)
    if left_out:
        why = f"{left_out} more refused attempts came than could be written"
        chain.add(now, _BERTH, "", "", "", outcome="left out", why=why)


def _enter(done: DecidedBatch, change: Change, order: PendingCommand, before: Facts) -> None:
    text = text_of(change.facts)
    done.log.append(change)
    done.texts.append(text)
    done.chain.add(
        change.at,
        order.caller,
        order.request,
        order.operation,
        target_of(order.command),
        change=change.number,
        before=None if before == _NOTHING else text_of(before),
        facts=text,
        about=subjects_of(change.facts),
    )


def target_of(command: Command) -> str:
    """What a command is aimed at, in a few words."""
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
