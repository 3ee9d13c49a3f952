"""Sweeping: the logs and rows are brought up to what time has decided already. No answer depends on it."""

from __future__ import annotations

from typing import Final

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer
from berth.model.ended_consumer import EndedConsumer, EndReason
from berth.model.term import Span

MOST_AT_ONCE: Final = 256
"""How many consumers one change sweeps: 36 ms of a processor, when measured, for which all others wait."""

BESIDE_CLAIMS: Final = 64
"""How many consumers a commit of claims and releases sweeps, besides those that it names: half as long as 32 claims."""


def lapsed(draft: Draft) -> list[DraftConsumer]:
    """Return the consumers read for this batch whose claims count no more, in the order of their instants."""
    due = [(consumer.span, consumer) for consumer in draft.consumers.values() if consumer.span is not None]
    over = [(span.due, consumer.uuid, consumer) for span, consumer in due if _is_over(span, draft.now)]
    return [consumer for *_, consumer in sorted(over, key=lambda each: each[:2])]


def _is_over(span: Span, now: int) -> bool:
    return span.due is not None and span.due <= now


def sweep(draft: Draft, consumers: list[DraftConsumer]) -> None:
    """Release what these consumers have, which counts no more."""
    for consumer in consumers:
        for uuid, resources in consumer.held.items():
            provider = draft.provider(uuid)
            for name, amount in resources.items():
                draft.sweep(provider, name, amount)
        draft.ended[consumer.uuid] = _ended(draft, consumer)
        draft.hold(consumer, {})


def _ended(draft: Draft, consumer: DraftConsumer) -> EndedConsumer:
    span, owner = consumer.span, draft.owner(consumer)
    assert span is not None, "only claims with a term lapse"
    return EndedConsumer(
        consumer=consumer.uuid,
        why=EndReason.LAPSED if span.due == span.deadline else EndReason.ENDED,
        at=span.due or draft.now,
        project=owner.project,
        user=owner.user,
        type=owner.type,
        end=span.end,
        deadline=span.deadline,
        held=consumer.held,
        **consumer.named.fields,
    )
