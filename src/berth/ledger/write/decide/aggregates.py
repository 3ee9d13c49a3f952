"""Aggregates: named, renamed, and their names removed."""

from __future__ import annotations

from berth.ledger.write.draft import Draft
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.change import NameKind
from berth.model.commands import Keep
from berth.model.edits import NameAggregate
from berth.model.errors import AggregateNameTaken
from berth.model.names import parse_uuid


def name_aggregate(draft: Draft, command: NameAggregate) -> str:
    """Give an aggregate a name and a kind, or remove them. Return its uuid. It is created if it is new."""
    given = draft.aggregate_names.resolve(command.uuid)
    uuid = parse_uuid(given) or given
    if command.name is None:
        if draft.aggregate_names.named(uuid) != NO_NAME:
            give_name(draft, uuid, NO_NAME)
        return uuid
    check_name_free(draft, uuid, command.name)
    kind = draft.aggregate_names.named(uuid).kind if isinstance(command.kind, Keep) else command.kind
    give_name(draft, uuid, AggregateName(command.name, kind))
    return uuid


def check_name_free(draft: Draft, uuid: str, name: str) -> None:
    """Raise AggregateNameTaken if another aggregate has a name."""
    having = draft.aggregate_names.uuid_of(name)
    if having is not None and having != uuid:
        raise AggregateNameTaken(name, having)


def give_name(draft: Draft, uuid: str, named: AggregateName) -> None:
    """Give an aggregate a name that is free, or remove its name (NO_NAME)."""
    before = draft.aggregate_names.named(uuid)
    if draft.id_of(NameKind.AGGREGATE, uuid) is None:
        draft.add_name(NameKind.AGGREGATE, uuid)
    if named == before:
        return
    if before != NO_NAME:
        draft.before.aggregate_names.setdefault(uuid, before)
    draft.aggregate_names.put(uuid, named)
    draft.facts.aggregate_names[uuid] = named
