"""Verification of a ledger: everything is recomputed from rows, and once more from the change log.

It holds all of the ledger in memory, in plain dictionaries, and uses none of the code that serves requests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain, islice
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import Connection

from berth.ledger import checkpoint
from berth.ledger.replay import Account, Books, in_words, replay
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.consumer import Owner, Resources
from berth.model.consumer_name import UNNAMED, ConsumerName
from berth.model.inventory import Inventory, differences, is_sound, sound
from berth.model.plural import plural
from berth.store import changes, consumers, drains, fleet_rows, head, leases, names
from berth.store.engine import Database

MOST_FINDINGS: Final = 100
"""How many findings are reported; the rest is only counted."""

_NOTHING: Final = Account(-1, "", -1, None, "")


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, one sentence each, and a summary of what was verified."""

    findings: tuple[str, ...]
    summary: str


def verify(database: Database) -> Report:
    """Recompute usages, generations, trees and names of a ledger, as of one moment, and report what differs."""
    with database.reading() as connection:
        at = head.read(connection)
        rows, findings = _read_rows(connection)
        rows.number = at.number
        log, of_checkpoint = checkpoint.load(connection)
        since = log.number
        by_log = of_checkpoint or _compare_with_log(connection, rows, log)
        found = chain(findings, _check_trees(rows), _check_values(rows), _check_ids(rows, at.next_id), by_log)
        reported = list(islice(found, MOST_FINDINGS))
        left_out = sum(1 for _ in found)
    verified = plural(len(rows.providers), "provider"), plural(len(rows.held), "consumer"), _changes(since, at.number)
    summary = f"{', '.join(verified)}: " + (
        plural(len(reported) + left_out, "finding") if reported else "all agree" + _unknown_owners(rows, log)
    )
    return Report((*reported, f"and {left_out} more") if left_out else tuple(reported), summary)


def _changes(since: int, last: int) -> str:
    return (
        f"{plural(last - since, 'change')} since the checkpoint of change {since}" if since else plural(last, "change")
    )


def _unknown_owners(rows: Books, log: Books) -> str:
    """Return how many owners could not be verified, because their claims are older than owners in the log."""
    number = len(rows.held.keys() - log.owners.keys())
    return f"; not in the log until their next change: the owners of {plural(number, 'consumer')}" if number else ""


def _compare_with_log(connection: Connection, rows: Books, log: Books) -> Iterator[str]:
    """Replay the change log from a checkpoint on, and compare the result with the rows."""
    yield from replay(log, changes.after(connection, log.number))
    for number, change in log.damaged.items():
        yield f"change {number} cannot be read ({change.fault}): `berth db mend` records again what it was about"
    yield from _compare(rows, log)


def _read_rows(connection: Connection) -> tuple[Books, list[str]]:
    """Return the books that the rows make, and a finding for each row that belongs to nothing."""
    books = Books()
    books.names = {named.id: (named.kind.value, named.name) for named in names.all_names(connection)}
    accounts = _read_providers(connection, books)
    books.aggregate_names = names.aggregate_names(connection)
    books.drains = drains.drains_by_uuid(connection)
    findings = [
        *_read_provider_sets(connection, books, accounts),
        *_read_allocations(connection, books, accounts),
    ]
    _read_leases(connection, books)
    return books, findings


def _read_providers(connection: Connection, books: Books) -> dict[int, Account]:
    rows = [row for chunk in fleet_rows.all_providers(connection) for row in chunk]
    uuids: dict[int, str] = {row.id: row.uuid for row in rows}
    for row in rows:
        parent = None if row.parent_id is None else uuids.get(row.parent_id, f"number {row.parent_id}")
        root = uuids.get(row.root_id, f"number {row.root_id}")
        books.providers[row.uuid] = Account(row.id, row.name, row.generation, parent, root)
    return {account.id: account for account in books.providers.values()}


def _read_provider_sets(connection: Connection, books: Books, accounts: dict[int, Account]) -> Iterator[str]:
    def name(number: int) -> str:
        return books.names[number][1]

    traits: dict[int, set[str]] = defaultdict(set)
    aggregates: dict[int, set[str]] = defaultdict(set)
    try:
        for row in (row for chunk in fleet_rows.all_inventories(connection) for row in chunk):
            accounts[row.provider_id].inventories[name(row.class_id)] = _inventory(row)
        for row in (row for chunk in fleet_rows.all_traits(connection) for row in chunk):
            traits[row.provider_id].add(name(row.trait_id))
        for row in (row for chunk in fleet_rows.all_aggregates(connection) for row in chunk):
            aggregates[row.provider_id].add(name(row.aggregate_id))
        for number, account in accounts.items():
            account.traits = frozenset(traits.pop(number, ()))
            account.aggregates = frozenset(aggregates.pop(number, ()))
    except KeyError as missing:
        yield f"an inventory, trait or aggregate belongs to number {missing}, which is not there"
    yield from (f"traits or aggregates belong to number {number}, which is not there" for number in traits | aggregates)


def _inventory(row: Any) -> Inventory:
    return Inventory(row.total, row.reserved, row.min_unit, row.max_unit, row.step_size, row.allocation_ratio)


def _read_allocations(connection: Connection, books: Books, accounts: dict[int, Account]) -> Iterator[str]:
    uuids = {account.id: uuid for uuid, account in books.providers.items()}
    consumer_uuids: dict[int, str] = {}
    for each in consumers.all_consumers(connection):
        consumer_uuids[each.id] = each.uuid
        books.generations[each.uuid] = each.generation
        if each.type_id is not None and each.type_id not in books.names:
            yield f"the type of {each.uuid} is number {each.type_id}, which is not there"
        type_ = None if each.type_id is None else books.names.get(each.type_id, ("", ""))[1]
        books.owners[each.uuid] = Owner(each.project, each.user, type_)
        if each.span is not None:
            books.terms[each.uuid] = each.span
        if each.named != UNNAMED:
            books.consumer_names[each.uuid] = each.named
    for row in consumers.all_allocations(connection):
        consumer, account = consumer_uuids.get(row.consumer_id), accounts.get(row.provider_id)
        if consumer is None or account is None or row.class_id not in books.names:
            yield f"an allocation is of {tuple(row)}, not all of which is there"
            continue
        name = books.names[row.class_id][1]
        held: Resources = books.held.setdefault(consumer, {}).setdefault(uuids[row.provider_id], {})
        held[name] = row.amount
        account.used[name] = account.used.get(name, 0) + row.amount
        if name not in account.inventories:
            yield f"{consumer} holds {name} of {uuids[row.provider_id]}, which has none"
        if row.amount < 1:
            yield f"{consumer} holds {row.amount} of {name}"
    for uuid in books.generations.keys() - books.held.keys():
        yield f"consumer {uuid} holds nothing"


def _read_leases(connection: Connection, books: Books) -> None:
    for row in leases.all_leases(connection):
        books.enter_lease(row.uuid, row.fact)
    for consumer, lease, _ in leases.leased(connection):
        books.terms[consumer] = replace(books.terms[consumer], lease=lease)


def _check_trees(books: Books) -> Iterator[str]:
    """Check each provider's root by following its parents."""
    for uuid, account in books.providers.items():
        top, seen = uuid, {uuid}
        while (parent := books.providers.get(top, _NOTHING).parent) is not None:
            if parent in seen:
                yield f"{uuid} is below itself"
                break
            top = parent
            seen.add(parent)
        else:
            if account.root != top:
                yield f"the root of {uuid} is {top}, not {account.root}"


def _check_values(books: Books) -> Iterator[str]:
    """Check that each inventory is one that can be set, and each amount a whole number."""
    advice = "`berth db mend` shows and sets the nearest one that can be"
    for uuid, account in books.providers.items():
        for name, inventory in account.inventories.items():
            if not is_sound(inventory):
                why = differences(inventory, sound(inventory))
                yield f"{name} of {account.name} ({uuid}) is an inventory that cannot be set ({why}): {advice}"
    for consumer, providers in books.held.items():
        for uuid, resources in providers.items():
            fractions = (f"{amount} {name}" for name, amount in resources.items() if type(amount) is not int)
            yield from (f"{consumer} holds {each} of {uuid}, no whole number: `berth db mend`" for each in fractions)


def _check_ids(books: Books, next_id: int) -> Iterator[str]:
    used = [*books.names, *(account.id for account in books.providers.values())]
    if used and max(used) >= next_id:
        yield f"the next number to give out is {next_id}, but {max(used)} is given"


def _compare(rows: Books, log: Books) -> Iterator[str]:
    """Compare the rows with the change log."""
    if rows.number != log.number:
        yield f"the head is at change {rows.number}, the log ends with {log.number}"
    for number in rows.names.keys() | log.names.keys():
        if rows.names.get(number) != log.names.get(number):
            yield f"name {number} is {rows.names.get(number)}, by the log {log.names.get(number)}"
    for uuid in rows.aggregate_names.keys() | log.aggregate_names.keys():
        actual, by_log = rows.aggregate_names.get(uuid, NO_NAME), log.aggregate_names.get(uuid, NO_NAME)
        if actual != by_log:
            yield f"the name of aggregate {uuid} is {_in_words(actual)}, by the log {_in_words(by_log)}"
    for uuid in rows.drains.keys() | log.drains.keys():
        if rows.drains.get(uuid) != log.drains.get(uuid):
            yield f"the drain of {uuid} is {rows.drains.get(uuid)}, by the log {log.drains.get(uuid)}"
    for uuid in rows.providers.keys() | log.providers.keys():
        yield from _compare_accounts(uuid, rows.providers.get(uuid, _NOTHING), log.providers.get(uuid, _NOTHING))
    yield from _compare_consumers(rows, log)
    yield from _compare_consumer_names(rows, log)


def _in_words(named: AggregateName) -> str:
    return f"{named.name!r}{named.kind and f', a {named.kind}'}" if named != NO_NAME else "none"


def _compare_consumer_names(rows: Books, log: Books) -> Iterator[str]:
    for consumer in rows.consumer_names.keys() | log.consumer_names.keys():
        actual, by_log = (books.consumer_names.get(consumer, UNNAMED) for books in (rows, log))
        if actual != by_log:
            yield f"{consumer} is {_called(actual)}, by the log {_called(by_log)}"


def _called(named: ConsumerName) -> str:
    """Return the name and the note of a consumer in words."""
    return f"named {named.name!r} with the note {named.note!r}" if named != UNNAMED else "without a name"


def _compare_consumers(rows: Books, log: Books) -> Iterator[str]:
    for consumer in rows.held.keys() | log.held.keys():
        if rows.held.get(consumer) != log.held.get(consumer):
            yield f"{consumer} holds {rows.held.get(consumer)}, by the log {log.held.get(consumer)}"
        if rows.generations.get(consumer) != log.generations.get(consumer):
            generations = rows.generations.get(consumer), log.generations.get(consumer)
            yield f"the generation of consumer {consumer} is {generations[0]}, by the log {generations[1]}"
    for consumer in rows.terms.keys() | log.terms.keys():
        if rows.terms.get(consumer) != log.terms.get(consumer):
            yield f"the term of {consumer} is {rows.terms.get(consumer)}, by the log {log.terms.get(consumer)}"
    for lease in rows.leases.keys() | log.leases.keys():
        if rows.leases.get(lease) != log.leases.get(lease):
            yield f"lease {lease} is {rows.leases.get(lease)}, by the log {log.leases.get(lease)}"
    for consumer, owner in log.owners.items():
        if consumer in rows.owners and rows.owners[consumer] != owner:
            yield f"{consumer} is of {in_words(rows.owners[consumer])}, by the log of {in_words(owner)}"


def _compare_accounts(uuid: str, rows: Account, log: Account) -> Iterator[str]:
    log.used = {name: amount for name, amount in log.used.items() if amount}
    for field in fields(Account):
        actual, by_log = getattr(rows, field.name), getattr(log, field.name)
        if actual != by_log:
            yield f"{field.name} of {uuid} is {actual}, by the log {by_log}"
