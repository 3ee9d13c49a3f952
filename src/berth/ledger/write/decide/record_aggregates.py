"""The aggregates of records: by uuid, or by name. A name that is new is given to an aggregate that is new."""

from __future__ import annotations

from itertools import count

from berth.ledger.write.decide.aggregates import check_name_free
from berth.ledger.write.draft import Draft
from berth.model.aggregate import AggregateName, AggregateRecord, checked_aggregate_kind, made_aggregate_uuid
from berth.model.errors import Invalid
from berth.model.names import parse_uuid
from berth.model.record import ProviderRecord
from berth.model.validation import canonical_uuid, spelled_aggregates

NewNames = dict[str, AggregateName]
"""Names to give, by uuid."""


def record_aggregates(draft: Draft, record: ProviderRecord) -> tuple[tuple[str, ...], NewNames]:
    """Return the aggregates of a record as uuids, and the names that have to be given. Raises a Refusal."""
    new: NewNames = {}
    uuids: dict[str, str] = {}
    for given in spelled_aggregates(record.aggregates):
        uuid = given if parse_uuid(given) is not None else _uuid_of_name(draft, record, given, new)
        uuids.setdefault(parse_uuid(uuid) or uuid, uuid)
    if unknown := sorted(record.aggregate_names.keys() - set(record.aggregates)):
        raise Invalid(f"aggregate_names has {unknown[0]}, which is not in aggregates")
    return tuple(uuids.values()), new


def _uuid_of_name(draft: Draft, record: ProviderRecord, name: str, new: NewNames) -> str:
    spec = record.aggregate_names.get(name, AggregateRecord())
    wanted = None if spec.uuid is None else canonical_uuid(spec.uuid)
    uuid = draft.aggregate_names.uuid_of(name)
    if wanted is not None:
        check_name_free(draft, wanted, name)
    if uuid is not None:
        return uuid
    uuid = _free_uuid(draft, name) if wanted is None else wanted
    other = new.get(uuid) or draft.aggregate_names.named(uuid)
    if other.name:
        raise Invalid(f"the aggregate {uuid} is named {other.name}: records do not rename aggregates")
    new[uuid] = AggregateName(name, checked_aggregate_kind(spec.kind))
    return uuid


def _free_uuid(draft: Draft, name: str) -> str:
    """Return the first uuid made from a name whose aggregate has no other name: it may have been renamed since."""
    made = (made_aggregate_uuid(name, number) for number in count())
    return next(uuid for uuid in made if not draft.aggregate_names.named(uuid).name)
