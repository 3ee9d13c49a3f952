"""Holds: confirmed, in all or in part, added to another consumer, put in place of one; or extended."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, Holdings
from berth.model import commands
from berth.model.commands import KEEP
from berth.model.errors import (
    AllocationsNotFound,
    DoesNotJoin,
    HoldLapsed,
    HoldTooLong,
    InvalidTerm,
    NoEnd,
    NotHeld,
    NotPending,
)
from berth.model.term import SECOND, Span, checked_end


@dataclass(frozen=True, slots=True)
class Hold:
    """A consumer whose claim is pending. deadline: of its span."""

    consumer: DraftConsumer
    span: Span
    deadline: int


def confirm(draft: Draft, command: commands.Confirm) -> None:
    """Make a hold a claim. It needs no room: what is confirmed has counted since the hold was made.

    Raises AllocationsNotFound, HoldLapsed, NotPending, NotHeld, DoesNotJoin, InvalidTerm.
    """
    hold = _hold_of(draft, command.consumer)
    if isinstance(hold, DraftConsumer):
        _check_confirmed(hold, command)
        return
    kept, end = _kept(hold.consumer, command.allocations), _end(draft, hold.span, command)
    target = _target(draft, hold, command)
    if target is None:
        _release_rest(draft, hold.consumer, kept)
        _write(draft, hold.consumer, kept, end)
        return
    consumer, is_replaced = target
    joined = kept if is_replaced else _check_joins(draft, hold.consumer, consumer, kept, end)
    _release_rest(draft, hold.consumer, kept)
    if is_replaced:
        _release_rest(draft, consumer, {})
    draft.hold(hold.consumer, {})
    _write(draft, consumer, joined, end)


def extend(draft: Draft, command: commands.Extend) -> int:
    """Extend a hold, or a claim that has an end. Return its deadline or end, in microseconds since 1970 UTC.

    Raises AllocationsNotFound, HoldLapsed, NoEnd, HoldTooLong, InvalidTerm.
    """
    if command.seconds < 1:
        raise InvalidTerm(f"a claim is extended by 1 second or more, not {command.seconds}", "/seconds")
    hold = _hold_of(draft, command.consumer)
    if isinstance(hold, DraftConsumer):
        return _extend_end(draft, hold, command.seconds)
    longest = hold.span.start + draft.longest_hold_s * SECOND
    if command.seconds > draft.longest_hold_s or draft.now + command.seconds * SECOND > longest:
        pending_s = (draft.now - hold.span.start) // SECOND
        raise HoldTooLong(pending_s + command.seconds, draft.longest_hold_s)
    deadline = max(hold.deadline, draft.now + command.seconds * SECOND)
    if deadline != hold.deadline:
        _set_span(draft, hold.consumer, replace(hold.span, deadline=deadline))
    return deadline


def _extend_end(draft: Draft, consumer: DraftConsumer, seconds: int) -> int:
    """Let a confirmed claim end later. Return its end. Raises NoEnd, InvalidTerm."""
    span = consumer.span
    if span is None or span.end is None:
        raise NoEnd(consumer.uuid)
    end = max(span.end, checked_end(draft.now + seconds * SECOND, draft.now, "/seconds"))
    if end != span.end:
        _set_span(draft, consumer, replace(span, end=end))
    return end


def _set_span(draft: Draft, consumer: DraftConsumer, span: Span) -> None:
    consumer.generation += 1
    look_up(draft, consumer.held)
    draft.hold(consumer, consumer.held, span)


def _hold_of(draft: Draft, uuid: str) -> Hold | DraftConsumer:
    """Return the hold of a consumer; the consumer itself if its claim is confirmed.

    Raises HoldLapsed, AllocationsNotFound.
    """
    consumer = draft.consumer(uuid)
    if consumer is None:
        ended = draft.ended.get(uuid)
        if ended is not None and ended.deadline is not None:
            raise HoldLapsed(uuid, ended.at, draft.now)
        raise AllocationsNotFound(uuid)
    span = consumer.span
    return consumer if span is None or span.deadline is None else Hold(consumer, span, span.deadline)


def _check_confirmed(consumer: DraftConsumer, command: commands.Confirm) -> None:
    """Raise NotPending unless a claim that is confirmed is what the command asks for: it may have been sent twice."""
    end = None if consumer.span is None else consumer.span.end
    held = command.allocations is KEEP or command.allocations == consumer.held
    if not held or command.onto is not None or (command.end is not KEEP and command.end != end):
        raise NotPending(command.consumer)


def _kept(consumer: DraftConsumer, wanted: Holdings | commands.Keep) -> Holdings:
    """Return what is confirmed. Raises NotHeld if that is more than the hold has."""
    if isinstance(wanted, commands.Keep):
        return consumer.held
    for uuid, resources in wanted.items():
        for name, amount in resources.items():
            held = consumer.held.get(uuid, {}).get(name, 0)
            if amount > held:
                raise NotHeld(consumer.uuid, uuid, name, amount, held)
    return wanted


def _end(draft: Draft, span: Span, command: commands.Confirm) -> int | None:
    """Return when the confirmed claim ends. Raises InvalidTerm."""
    if isinstance(command.end, commands.Keep):
        return span.end
    return None if command.end is None else checked_end(command.end, draft.now, "/end")


def _target(draft: Draft, hold: Hold, command: commands.Confirm) -> tuple[DraftConsumer, bool] | None:
    """Return the consumer that gets the amounts, if it is another one, and whether they replace what it has.

    Raises DoesNotJoin.
    """
    uuid = command.onto or hold.span.replaces
    if uuid is None:
        return None
    if command.onto is not None and hold.span.replaces is not None and command.onto != hold.span.replaces:
        raise DoesNotJoin(command.consumer, uuid, f"it will replace consumer {hold.span.replaces}")
    consumer = draft.consumer(uuid)
    if consumer is None:
        raise DoesNotJoin(command.consumer, uuid, "the other holds nothing")
    if consumer is hold.consumer:
        raise DoesNotJoin(command.consumer, uuid, "they are the same")
    if consumer.project != hold.consumer.project:
        raise DoesNotJoin(command.consumer, uuid, "they belong to different projects")
    if consumer.span is not None and consumer.span.deadline is not None:
        raise DoesNotJoin(command.consumer, uuid, "the other is pending, too")
    return consumer, hold.span.replaces is not None


def _check_joins(
    draft: Draft, hold: DraftConsumer, consumer: DraftConsumer, kept: Holdings, end: int | None
) -> Holdings:
    """Return what a consumer has together with what is added to it. Raises DoesNotJoin."""
    if (None if consumer.span is None else consumer.span.end) != end:
        raise DoesNotJoin(hold.uuid, consumer.uuid, "they end at different times")
    joined = {uuid: dict(resources) for uuid, resources in consumer.held.items()}
    for uuid, resources in kept.items():
        for name, amount in resources.items():
            held = joined.setdefault(uuid, {})
            held[name] = held.get(name, 0) + amount
            inventory = draft.inventory(draft.provider(uuid), name)
            if inventory is not None and held[name] > max(inventory.max_unit, amount, held[name] - amount):
                raise DoesNotJoin(hold.uuid, consumer.uuid, f"{held[name]} of {name} of {uuid} exceed its max_unit")
    return joined


def _release_rest(draft: Draft, consumer: DraftConsumer, kept: Holdings) -> None:
    """Release what a consumer has beyond what is kept."""
    for uuid, resources in consumer.held.items():
        for name, amount in resources.items():
            rest = amount - kept.get(uuid, {}).get(name, 0)
            if rest:
                provider = draft.provider(uuid)
                draft.set_used(provider, name, draft.used(provider, name) - rest)


def _write(draft: Draft, consumer: DraftConsumer, held: Holdings, end: int | None) -> None:
    """Give a consumer a confirmed claim."""
    look_up(draft, held)
    consumer.generation += 1
    start, lease = (draft.now, None) if consumer.span is None else (consumer.span.start, consumer.span.lease)
    draft.hold(consumer, held, None if end is None and lease is None else Span(start, end, lease=lease))


def look_up(draft: Draft, held: Holdings) -> None:
    """Look up the ids of providers and classes that are not changed, but whose rows are written again."""
    for uuid, resources in held.items():
        draft.provider(uuid)
        for name in resources:
            draft.class_id(name)
