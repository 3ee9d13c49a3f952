"""Consumers in sentences: by their names, and by their uuids where they have none."""

from __future__ import annotations

from berth.model.consumer_name import ConsumerName


def called(uuid: str, name: str | None) -> str:
    """Return a consumer as `train (c0000000-...)`, or its uuid if it has no name."""
    return f"{name} ({uuid})" if name else uuid


def named_text(consumer: str, named: ConsumerName) -> str:
    """Return what a consumer is called from a change on, as a sentence."""
    name = f"is named {named.name}" if named.name else "has no name"
    return f"consumer {consumer} {name}, {f'with the note: {named.note}' if named.note else 'without a note'}"
