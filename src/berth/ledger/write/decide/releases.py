"""Releases of several consumers: whole, or of one provider and those below it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, Holdings
from berth.ledger.write.subtree import subtree_of
from berth.model.releases import ReleasedHoldings, ReleasedPage, ReleaseMatching


@dataclass(frozen=True, slots=True)
class _Conditions:
    """The conditions of a command, with sets of uuids. None: any."""

    consumers: AbstractSet[str] | None
    project: str | None
    holders_of: AbstractSet[str] | None
    on: AbstractSet[str] | None
    after: str

    def holds(self, consumer: DraftConsumer) -> bool:
        """Whether a consumer matches."""
        return (
            consumer.uuid > self.after
            and (self.consumers is None or consumer.uuid in self.consumers)
            and self.project in (None, consumer.project)
            and all(part is None or not part.isdisjoint(consumer.held) for part in (self.holders_of, self.on))
        )


def release_matching(draft: Draft, command: ReleaseMatching) -> ReleasedPage:
    """Release what the first matching consumers hold, by uuid. Raises ProviderNotFound.

    No provider's generation rises, as only room is gained; that of a consumer rises which keeps something.
    """
    conditions = _conditions(draft, command)
    holding = (draft.consumer(uuid) for uuid in sorted(draft.consumers))
    matching = [each for each in holding if each is not None and conditions.holds(each)]
    page = [(consumer, _part(consumer.held, conditions.on)) for consumer in matching[: command.limit]]
    items = [_item(draft, consumer, part) for consumer, part in page]
    for consumer, part in () if command.dry_run else page:
        _release(draft, consumer, part)
    return ReleasedPage(items, items[-1].consumer if len(matching) > command.limit else None)


def _conditions(draft: Draft, command: ReleaseMatching) -> _Conditions:
    holders_of, on = (
        None if uuid is None else frozenset(subtree_of(draft.fleet, uuid)) for uuid in (command.holders_of, command.on)
    )
    consumers = None if command.consumers is None else frozenset(command.consumers)
    return _Conditions(consumers, command.project, holders_of, on, command.after or "")


def _part(held: Holdings, on: AbstractSet[str] | None) -> Holdings:
    """Return what a consumer holds of these providers."""
    return held if on is None else {uuid: resources for uuid, resources in held.items() if uuid in on}


def _item(draft: Draft, consumer: DraftConsumer, part: Holdings) -> ReleasedHoldings:
    owner, ended = draft.owner(consumer), len(part) == len(consumer.held)
    name = consumer.named.name or None
    return ReleasedHoldings(consumer.uuid, owner.project, owner.user, owner.type, part, ended, name)


def _release(draft: Draft, consumer: DraftConsumer, part: Holdings) -> None:
    rest = {uuid: resources for uuid, resources in consumer.held.items() if uuid not in part}
    for uuid, resources in part.items():
        provider = draft.provider(uuid)
        for name, amount in resources.items():
            draft.set_used(provider, name, draft.used(provider, name) - amount)
    for uuid, resources in rest.items():
        draft.provider(uuid)  # the rows of what is kept need its id, and those of its classes
        for name in resources:
            draft.class_id(name)
    consumer.generation += bool(rest)
    draft.hold(consumer, rest, consumer.span if rest else None)
