"""Reconciliation: ending consumers that are not alive any more, and undoing that."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from berth.ledger.write.decide.allocations import apply_claims, check_claims, collect_claims, release_all
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer
from berth.model.commands import KEEP, Claim, Undo
from berth.model.ended_consumer import EndedConsumer, EndReason, UndoOutcome
from berth.model.errors import CannotUndo, PlanOutdated, Refusal
from berth.model.reconciliation import Orphan, Reconcile, ReconcileReport, check_plan
from berth.model.term import Term

Reasons = dict[str, str]
"""Why a consumer cannot have its claim again, by consumer."""


def reconcile(draft: Draft, command: Reconcile) -> ReconcileReport:
    """End the orphans. Return the report with the number of the change, None if there are none.

    Raises PlanOutdated, also if one was written since it was found; ReconcileTooLarge.
    """
    check_plan(command.report, command.expect, command.at_most)
    found = [_orphan(draft, each, command.expect) for each in command.orphans]
    end_all(draft, found, EndReason.RECONCILED)
    return replace(command.report, change=draft.endings.number if found else None)


def end_all(draft: Draft, consumers: Sequence[DraftConsumer], why: EndReason) -> None:
    """End consumers whose owners did not ask for it, and keep what they had."""
    for consumer in consumers:
        draft.ended[consumer.uuid] = draft.endings.add(consumer, draft.owner(consumer), why, draft.now)
    release_all(draft, consumers)


def _orphan(draft: Draft, orphan: Orphan, digest: str) -> DraftConsumer:
    """Return the consumer of an orphan. Its id tells it from one that was released and claimed again since."""
    consumer = draft.consumer(orphan.consumer)
    if consumer is None or (consumer.id, consumer.generation) != (orphan.id, orphan.generation):
        raise PlanOutdated(digest)
    return consumer


def undo(draft: Draft, command: Undo) -> UndoOutcome:
    """Restore claims that Berth ended in a change. Raises CannotUndo; partial: only if there is none left."""
    ended = {each.consumer: each for each in draft.endings.ended_by(command.change)}
    reasons = {uuid: why for uuid, each in ended.items() if (why := _obstacle(draft, each))}
    claims = [_claim(each) for uuid, each in ended.items() if uuid not in reasons]
    restored: Sequence[Claim]
    if command.partial:
        restored = [claim for claim in claims if _claim_alone(draft, claim, reasons)]
    else:
        restored = [] if reasons else _claim_together(draft, claims, reasons)
    if not restored:
        raise CannotUndo(command.change, reasons)
    for claim in restored:
        draft.endings.restored[command.change, claim.consumer] = None
    return UndoOutcome(restored=[claim.consumer for claim in restored], left=reasons)


def _obstacle(draft: Draft, ended: EndedConsumer) -> str:
    """Return why a consumer cannot have its claim again, whether there is room for it or not; "" if it can."""
    if draft.consumer(ended.consumer) is not None:
        return "the consumer has a claim again"
    until = [each for each in (ended.end, ended.deadline) if each is not None]
    return "the time of its claim is over" if until and min(until) <= draft.now else ""


def _claim(ended: EndedConsumer) -> Claim:
    return Claim(
        consumer=ended.consumer,
        allocations=ended.held,
        project=ended.project,
        user=ended.user,
        generation=None,
        type=ended.type,
        term=KEEP if ended.end is None else Term(end=ended.end),
        name=ended.name,
        note=ended.note,
    )


def _claim_alone(draft: Draft, claim: Claim, reasons: Reasons) -> bool:
    """Claim if that is granted. Return whether it was; if not, add the reason."""
    collected = collect_claims(draft, (claim,), draft.inventory)
    try:
        check_claims(collected)
    except Refusal as refusal:
        reasons[claim.consumer] = str(refusal)
        return False
    apply_claims(draft, collected)
    return True


def _claim_together(draft: Draft, claims: Sequence[Claim], reasons: Reasons) -> Sequence[Claim]:
    """Claim if all of it is granted, and return the claims. If not, return none, and add the reasons."""
    collected = collect_claims(draft, claims, draft.inventory)
    try:
        check_claims(collected)
    except Refusal as refusal:
        reasons.update((claim.consumer, why) for claim in claims if (why := _refused_alone(draft, claim)))
        if not reasons:  # each would be granted, but not all of them together
            place = getattr(refusal, "provider", None)
            reasons.update((each.consumer, str(refusal)) for each in claims if place in each.allocations)
        return ()
    apply_claims(draft, collected)
    return claims


def _refused_alone(draft: Draft, claim: Claim) -> str:
    """Return why a claim would be refused if it were the only one; "" if it would not."""
    try:
        check_claims(collect_claims(draft, (claim,), draft.inventory))
    except Refusal as refusal:
        return str(refusal)
    return ""
