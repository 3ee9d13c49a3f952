"""Consumers that a batch ends because of Berth, not of their owners, and those that get their claims again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from berth.ledger.write.draft_entities import DraftConsumer
from berth.model.consumer import Owner
from berth.model.ended_consumer import EndedConsumer, EndReason


class DraftEndings:
    """The ended consumers that the commands of one batch are about.

    number: of the change that is being decided; restored: by change and consumer; stored: of the changes that are to be
    undone, as the database has them.
    """

    def __init__(self, stored: Mapping[int, Sequence[EndedConsumer]]) -> None:
        self._stored = stored
        self.number = 0
        self._new: list[EndedConsumer] = []
        self.restored: dict[tuple[int, str], None] = {}

    def add(self, consumer: DraftConsumer, owner: Owner, why: EndReason, now: int) -> EndedConsumer:
        """Remember, and return, what a consumer has that the present command is about to end."""
        span = consumer.span
        ended = EndedConsumer(
            consumer=consumer.uuid,
            why=why,
            at=now,
            project=owner.project,
            user=owner.user,
            type=owner.type,
            end=None if span is None else span.end,
            deadline=None if span is None else span.deadline,
            held=consumer.held,
            **consumer.named.fields,
        )
        self._new.append(ended)
        return ended

    def pop(self) -> list[EndedConsumer]:
        """Return the consumers that the last command ended, and begin those of the next."""
        new, self._new = self._new, []
        return new

    def ended_by(self, change: int) -> list[EndedConsumer]:
        """Return the consumers that a change ended, but for those that have their claims again."""
        return [each for each in self._stored.get(change, ()) if (change, each.consumer) not in self.restored]
