"""A draft as rows: the one place where decisions become rows to write."""

from __future__ import annotations

from typing import Any

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, DraftProvider, NewToken
from berth.model.change import NameKind
from berth.model.term import Span
from berth.store.leases import LeaseRow
from berth.store.tokens import row_of
from berth.store.write_set import WriteSet


def write_set_of(draft: Draft, beat: int = 0) -> WriteSet:
    """Return everything that a batch has decided as rows to write. beat: the number of this write to leases."""
    rows = WriteSet()
    _add_names(draft, rows)
    for provider in draft.providers.values():
        _add_provider(draft, provider, rows)
    _add_drains(draft, rows)
    _add_leases(draft, rows, beat)
    for consumer in draft.consumers.values():
        if consumer.changed:
            _add_consumer(draft, consumer, rows)
    rows.clear_endings = [{"key": change, "whose": consumer} for change, consumer in draft.endings.restored]
    for token in draft.new_tokens.values():
        _add_token(token, rows)
    if draft.answers is not None:
        rows.drop_answers = [{"key": key} for key in draft.answers.over]
        rows.add_answers = [kept.row for kept in draft.answers.new]
    return rows


def _add_names(draft: Draft, rows: WriteSet) -> None:
    _name_consumers(draft, rows)
    rows.delete_names = [{"key": number} for number in draft.removed_names]
    rows.rename_names = [{"key": named.id, "to": named.name} for named in draft.renamed.values()]
    rows.add_names = [
        {"id": named.id, "kind": named.kind.value, "name": named.name, "created_at": named.at}
        for named in draft.added_names.values()
    ]
    rows.label_names = [
        {
            "key": draft.id_of(NameKind.AGGREGATE, uuid),
            "new_label": named.name or None,
            "new_kind": named.kind or None,
        }
        for uuid, named in draft.aggregate_names.given.items()
    ]


def _name_consumers(draft: Draft, rows: WriteSet) -> None:
    """Add the names of consumers that have new ones: their rows are written before, without them."""
    renamed = (consumer for consumer in draft.consumers.values() if consumer.renamed and consumer.held)
    rows.name_consumers = [
        {"key": consumer.id, "new_name": consumer.named.name or None, "new_note": consumer.named.note or None}
        for consumer in renamed
    ]


def _add_provider(draft: Draft, provider: DraftProvider, rows: WriteSet) -> None:
    if provider.deleted:
        for clear in (rows.clear_inventories, rows.clear_traits, rows.clear_aggregates):
            clear.append({"key": provider.id})
        rows.clear_drains += [{"key": provider.id}] * (provider.slot in draft.fleet.drains.by_slot)
        rows.delete_providers.append({"key": provider.id, "seen": provider.seen})
        return
    if provider.seen is None:
        rows.add_providers.append(_new_provider(draft, provider))
    elif provider.placed:
        rows.change_providers.append(_changed_provider(draft, provider))
    elif provider.generation != provider.seen:
        rows.touch_providers.append(
            {"key": provider.id, "seen": provider.seen, "to": provider.generation, "at": provider.updated_at}
        )
    _add_provider_sets(draft, provider, rows)


def _add_drains(draft: Draft, rows: WriteSet) -> None:
    for uuid, drain in draft.drains.items():
        key = draft.provider_id(uuid)
        rows.clear_drains.append({"key": key})
        if drain is not None:
            rows.add_drains.append({"provider_id": key, "since": drain.since, "actor": drain.by, "why": drain.why})


def _new_provider(draft: Draft, provider: DraftProvider) -> dict[str, Any]:
    return {
        "id": provider.id,
        "uuid": provider.uuid,
        "name": provider.name,
        "generation": provider.generation,
        "parent_id": _id_of(draft, provider.parent),
        "root_id": _id_of(draft, provider.root),
        "created_at": provider.created_at,
        "updated_at": provider.updated_at,
    }


def _changed_provider(draft: Draft, provider: DraftProvider) -> dict[str, Any]:
    return {
        "key": provider.id,
        "seen": provider.seen,
        "new_name": provider.name,
        "to": provider.generation,
        "parent": _id_of(draft, provider.parent),
        "root": _id_of(draft, provider.root),
        "at": provider.updated_at,
    }


def _id_of(draft: Draft, uuid: str | None) -> int | None:
    return None if uuid is None else draft.provider_id(uuid)


def _add_provider_sets(draft: Draft, provider: DraftProvider, rows: WriteSet) -> None:
    """Add the rows of those inventories, traits and aggregates that were replaced."""
    key = provider.id
    stored = provider.seen is not None
    if provider.inventories is not None:
        rows.clear_inventories += [{"key": key}] * stored
        rows.add_inventories += [
            {
                "provider_id": key,
                "class_id": draft.class_ids[name],
                "total": inventory.total,
                "reserved": inventory.reserved,
                "min_unit": inventory.min_unit,
                "max_unit": inventory.max_unit,
                "step_size": inventory.step_size,
                "allocation_ratio": inventory.allocation_ratio,
                "updated_at": draft.now,
            }
            for name, inventory in provider.inventories.items()
        ]
    if provider.traits is not None:
        rows.clear_traits += [{"key": key}] * stored
        rows.add_traits += [
            {"provider_id": key, "trait_id": draft.id_of(NameKind.TRAIT, name)} for name in provider.traits
        ]
    if provider.aggregates is not None:
        rows.clear_aggregates += [{"key": key}] * stored
        rows.add_aggregates += [
            {"provider_id": key, "aggregate_id": draft.id_of(NameKind.AGGREGATE, uuid)} for uuid in provider.aggregates
        ]


def _add_consumer(draft: Draft, consumer: DraftConsumer, rows: WriteSet) -> None:
    if consumer.stored_held:
        rows.end_allocations.append({"key": consumer.id})
    if not consumer.held:
        rows.end_consumers += [{"key": consumer.id}] * consumer.stored
        return
    if consumer.stored:
        changes = rows.change_consumer_terms if consumer.span or consumer.stored_span else rows.change_consumers
        changes.append(_changed_consumer(draft, consumer))
    else:
        (rows.add_consumer_terms if consumer.span else rows.add_consumers).append(_new_consumer(draft, consumer))
    rows.add_allocations += [
        {
            "consumer_id": consumer.id,
            "provider_id": draft.providers[provider].id,
            "class_id": draft.class_ids[name],
            "amount": amount,
        }
        for provider, resources in consumer.held.items()
        for name, amount in resources.items()
    ]


def _changed_consumer(draft: Draft, consumer: DraftConsumer) -> dict[str, Any]:
    row = {
        "key": consumer.id,
        "to": consumer.generation,
        "new_project": consumer.project,
        "new_user": consumer.user,
        "type": consumer.type_id,
        "at": draft.now,
        "number": consumer.change,
    }
    return {**row, **_term(draft, consumer.span)} if consumer.span or consumer.stored_span else row


def _new_consumer(draft: Draft, consumer: DraftConsumer) -> dict[str, Any]:
    row = {
        "id": consumer.id,
        "uuid": consumer.uuid,
        "generation": consumer.generation,
        "project": consumer.project,
        "user": consumer.user,
        "type_id": consumer.type_id,
        "updated_at": draft.now,
        "change": consumer.change,
    }
    return {**row, **_term(draft, consumer.span)} if consumer.span else row


def _term(draft: Draft, span: Span | None) -> dict[str, Any]:
    """Return the columns of a term; all null without one."""
    if span is None:
        return {"start": None, "end": None, "deadline": None, "replaces": None, "lease_id": None}
    lease = None if span.lease is None else draft.leases.known[span.lease].id
    return {
        "start": span.start,
        "end": span.end,
        "deadline": span.deadline,
        "replaces": span.replaces,
        "lease_id": lease,
    }


def _add_leases(draft: Draft, rows: WriteSet, beat: int) -> None:
    leases = draft.leases
    rows.drop_leases = [{"key": number} for number in leases.dropped]
    rows.restart_grace = [{"at": draft.now, "beats": beat}] if leases.restarts_grace else []
    for lease in map(leases.known.__getitem__, leases.changed):
        if lease.stored:
            rows.change_leases.append(
                {
                    "key": lease.id,
                    "until": lease.deadline,
                    "overdue": lease.overdue_at,
                    "ended": lease.ended_at,
                    "then": lease.on_end.value,
                    "beats": beat,
                }
            )
        else:
            row = {name: getattr(lease, name) for name in LeaseRow._fields}
            rows.add_leases.append({**row, "on_end": lease.on_end.value, "beat": beat})


def _add_token(token: NewToken, rows: WriteSet) -> None:
    if token.stored:
        rows.change_tokens.append(
            {
                "key": token.now.id,
                "to": token.now.hash,
                "old": token.now.previous_hash,
                "until": token.now.previous_until,
                "expires": token.now.expires_at,
                "revoked": token.now.revoked_at,
            }
        )
    else:
        rows.add_tokens.append(row_of(token.now))
