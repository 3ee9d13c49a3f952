"""Mending of a ledger that an earlier Berth, or a program that wrote its tables, has damaged.

Two things are mended: inventories and amounts that no command would take, and entries of the change log that cannot be
read. Both by one new entry that records again, in sound values, everything that they were about. No entry is altered,
so that the audit log's chain stays whole; a record of the mend, and one for each entry, are sealed with it.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from berth.ledger import checkpoint
from berth.ledger.audit.chain import verify as verify_chain
from berth.ledger.damaged_entries import MEND, MENDED
from berth.ledger.replay import replay
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.caller import Caller
from berth.model.change import Change, Facts, ProviderFact, subjects_of
from berth.model.consumer import Owner, Resources
from berth.model.consumer_name import UNNAMED, ConsumerName
from berth.model.drain_state import DrainFact
from berth.model.errors import Conflict
from berth.model.inventory import FIELDS, Inventory, differences, is_sound, sound
from berth.model.term import Span
from berth.store import audit, changes, consumers, drains, fleet_rows, head, leases, names
from berth.store import mend as rows
from berth.store.engine import Database
from berth.store.head import Head

T = TypeVar("T")


@dataclass(slots=True)
class Subjects:
    """What has to be recorded again: ids of providers and consumers, and the entries that cannot be read, by number.

    aggregate_names, consumer_names, drains: those that are not as in the log, where an entry cannot be read, by uuid.
    """

    providers: set[int] = field(default_factory=set)
    consumers: set[int] = field(default_factory=set)
    entries: dict[int, Change] = field(default_factory=dict)
    aggregate_names: dict[str, AggregateName] = field(default_factory=dict)
    drains: dict[str, DrainFact | None] = field(default_factory=dict)
    consumer_names: dict[str, ConsumerName] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mending:
    """A mend. lines: what differs afterwards, a sentence each; change: its entry, None if it was only planned."""

    lines: tuple[str, ...]
    change: int | None = None


@dataclass(slots=True)
class _State:
    """Sound values, with those that they replace where they differ."""

    facts: Facts = field(default_factory=Facts)
    before: Facts = field(default_factory=Facts)
    inventories: list[dict[str, Any]] = field(default_factory=list)
    amounts: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def mend(database: Database, caller: Caller, *, apply: bool) -> Mending:
    """Find what has to be mended and, if `apply`, mend it in one transaction. Servers may keep running.

    Raises Conflict if the audit log is not whole: an entry that was altered since has to be examined, not mended.
    """
    with database.reading() as connection:
        found = _subjects(connection)
        if not apply:
            return Mending(tuple(_stated(connection, found, 0).lines))
    if not (found.providers or found.consumers or found.entries):
        return Mending(())
    findings = verify_chain(database).findings
    if findings:
        raise Conflict(f"the audit log is not whole, so that nothing is mended: {findings[0].why}")
    with database.writing() as connection:
        at, now = head.lock(connection, database.capabilities), time.time_ns() // 1000
        state = _stated(connection, found, now)
        rows.set_inventories(connection, state.inventories)
        rows.set_amounts(connection, state.amounts)
        rows.touch(connection, sorted(found.providers), sorted(found.consumers), now)
        _enter(connection, at, state, found, caller, now)
    return Mending(tuple(state.lines), at.number + 1)


def _subjects(connection: Connection) -> Subjects:
    """Return what has to be recorded again, by all rows and by all of the change log that is not archived."""
    found = Subjects()
    for row in (row for chunk in fleet_rows.all_inventories(connection) for row in chunk):
        if not is_sound(_inventory(row)):
            found.providers.add(row.provider_id)
    fractions = (held for held in consumers.all_allocations(connection) if type(held.amount) is not int)
    found.consumers.update(held.consumer_id for held in fractions)
    books, _ = checkpoint.load(connection)
    for _ in replay(books, changes.after(connection, books.number)):
        pass
    found.entries = books.damaged
    if found.entries:
        found.aggregate_names = _differing(names.aggregate_names(connection), books.aggregate_names, NO_NAME)
        found.consumer_names = _differing(consumers.names(connection), books.consumer_names, UNNAMED)
        found.drains = _differing(drains.drains_by_uuid(connection), books.drains, None)
    uuids = {uuid for change in books.damaged.values() for uuid in subjects_of(change.facts)}
    found.providers |= rows.provider_ids(connection, uuids)
    found.consumers |= rows.consumer_ids(connection, uuids)
    return found


def _differing(actual: Mapping[str, T], log: Mapping[str, T], none: T) -> dict[str, T]:
    """Return the names that are not as in the log, by uuid. none: for one that was removed."""
    uuids = actual.keys() | log.keys()
    return {uuid: actual.get(uuid, none) for uuid in uuids if actual.get(uuid) != log.get(uuid)}


def _stated(connection: Connection, found: Subjects, now: int) -> _State:
    """Return what is to be recorded again, as this transaction sees it; all that a consumer holds belongs to it."""
    state = _State()
    found.providers |= {held.provider_id for held in rows.held_by(connection, found.consumers)}
    called = {named.id: named.name for named in names.all_names(connection)}
    for number, change in found.entries.items():
        what = f"change {number}, {change.operation} by {change.actor or 'an unknown caller'}"
        state.lines.append(f"{what}, cannot be read ({change.fault}): what it was about is recorded again")
    state.facts.mended, state.facts.aggregate_names = sorted(found.entries), found.aggregate_names
    state.facts.drains = found.drains
    state.facts.consumer_names = found.consumer_names
    uuids = _state_providers(connection, found, called, state, now)
    _state_inventories(connection, found, called, state, uuids, now)
    _state_holdings(connection, found, called, state, uuids)
    return state


def _state_providers(
    connection: Connection, found: Subjects, called: dict[int, str], state: _State, now: int
) -> dict[int, str]:
    """State providers with their traits and aggregates. Return their uuids by id."""
    given = rows.provider_rows(connection, found.providers)
    others = {number for row in given for number in (row.parent_id, row.root_id) if number is not None}
    uuids = rows.provider_uuids(connection, found.providers | others)
    for row in given:
        generation, parent = row.generation + 1, None if row.parent_id is None else uuids[row.parent_id]
        state.facts.providers.append(
            ProviderFact(row.id, row.uuid, row.name, generation, parent, uuids[row.root_id], row.created_at, now)
        )
        state.facts.generations[row.uuid] = generation
        state.facts.traits[row.uuid], state.facts.aggregates[row.uuid] = [], []
        state.facts.inventories[row.uuid], state.facts.used[row.uuid] = {}, {}
    for each in rows.trait_rows(connection, found.providers):
        state.facts.traits[uuids[each.provider_id]].append(called[each.trait_id])
    for each in rows.aggregate_rows(connection, found.providers):
        state.facts.aggregates[uuids[each.provider_id]].append(called[each.aggregate_id])
    return uuids


def _state_inventories(
    connection: Connection, found: Subjects, called: dict[int, str], state: _State, uuids: dict[int, str], now: int
) -> None:
    shown = {fact.uuid: fact.name for fact in state.facts.providers}
    for row in rows.inventory_rows(connection, found.providers):
        uuid, name, old = uuids[row.provider_id], called[row.class_id], _inventory(row)
        new = state.facts.inventories[uuid][name] = sound(old)
        state.facts.used[uuid][name] = 0
        if is_sound(old):
            continue
        state.before.inventories.setdefault(uuid, {})[name] = old
        values = {f"new_{each}": getattr(new, each) for each in FIELDS}
        state.inventories.append({"provider": row.provider_id, "class": row.class_id, **values, "new_updated_at": now})
        state.lines.append(f"{name} of {shown[uuid]} ({uuid}): {differences(old, new)}")


def _state_holdings(
    connection: Connection, found: Subjects, called: dict[int, str], state: _State, uuids: dict[int, str]
) -> None:
    """State what consumers hold, and what is held of each provider."""
    owned = rows.consumer_rows(connection, found.consumers)
    shown = {row.id: row.uuid for row in owned}
    claims: dict[str, dict[str, Resources]] = defaultdict(dict)
    for row in rows.held_by(connection, found.consumers):
        amount, uuid, name = math.ceil(row.amount), uuids[row.provider_id], called[row.class_id]
        claims[shown[row.consumer_id]].setdefault(uuid, {})[name] = amount
        if type(row.amount) is not int:
            key = {"consumer": row.consumer_id, "provider": row.provider_id, "class": row.class_id}
            state.amounts.append({**key, "new_amount": amount})
            state.lines.append(f"{shown[row.consumer_id]} holds {row.amount} {name} of {uuid}: {amount}")
    state.facts.claims = dict(claims)
    for row in owned:
        kind = None if row.type_id is None else called[row.type_id]
        state.facts.owners[row.uuid] = Owner(row.project, row.user, kind)
        if row.start is not None:
            state.facts.terms[row.uuid] = Span(row.start, row.end, row.deadline, row.replaces)
    _state_leases(connection, state)
    for row in rows.held_of(connection, found.providers):
        used, name = state.facts.used[uuids[row.provider_id]], called[row.class_id]
        if name in used:
            used[name] += math.ceil(row.amount)


def _state_leases(connection: Connection, state: _State) -> None:
    """State every lease, if an entry is to be mended: there are few, and none of it says which one it was about."""
    if not state.facts.mended:
        return
    for row in leases.all_leases(connection):
        state.facts.leases[row.uuid] = row.fact
    for consumer, lease, _ in leases.leased(connection):
        if consumer in state.facts.terms:
            state.facts.terms[consumer] = replace(state.facts.terms[consumer], lease=lease)


def _enter(connection: Connection, at: Head, state: _State, found: Subjects, caller: Caller, now: int) -> None:
    """Append the entry and its records, and move the head."""
    number, text = at.number + 1, changes.text_of(state.facts)
    before = changes.text_of(state.before) if state.before != Facts() else None
    actor = audit.caller_columns(caller)["actor"]
    changes.append(connection, [Change(number, now, MEND, actor, "", state.facts)], [text])
    chain = audit.Chain(at.audit_number, at.audit_hash)
    about = subjects_of(state.facts)
    chain.add(now, caller, "", MEND, "", change=number, before=before, facts=text, about=about)
    for each, change in found.entries.items():
        chain.add(now, caller, "", MENDED, str(each), why=change.fault)
    audit.append(connection, chain)
    if not head.move(connection, at, Head(number, at.next_id, chain.number, chain.hash)):
        raise Conflict("another program wrote without the head's lock, so that nothing was mended: try again")


def _inventory(row: Any) -> Inventory:
    return Inventory(*(getattr(row, each) for each in FIELDS))
