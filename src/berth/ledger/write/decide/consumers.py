"""Consumers: their names, and the notes on them."""

from __future__ import annotations

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_names import given_name, put_name
from berth.model.edits import EditConsumer
from berth.model.errors import AllocationsNotFound


def edit_consumer(draft: Draft, command: EditConsumer) -> None:
    """Give a consumer another name or note. Its generation stays. Raises AllocationsNotFound."""
    consumer = draft.consumer(command.consumer)
    if consumer is None:
        raise AllocationsNotFound(command.consumer)
    put_name(draft.facts, draft.before, consumer, given_name(consumer.named, command.name, command.note))
