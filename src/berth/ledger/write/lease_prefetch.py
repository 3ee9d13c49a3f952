"""What a batch needs of leases: those that its commands name, and those that a sweep decides on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.draft_entities import DraftLease, LeasesToSweep
from berth.model.commands import Allocate, Command, Keep, Lapse, Reshape, SetAllocations
from berth.model.lease import OnEnd
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.term import Term
from berth.store import leases
from berth.store.leases import LeaseRow

MOST_SWEPT: Final = 256
"""How many consumers one sweep of leases releases: as many as one of claims that lapse."""

MOST_RELEASED: Final = 1_024
"""How many consumers the end of a lease releases at once; sweeps release the rest."""


@dataclass(frozen=True, slots=True)
class LeaseMoment:
    """The moment of a batch. now: ledger time; last_at: that of the last commit, both in microseconds since 1970 UTC.

    used: whether there has ever been a lease; may_end: whether this process's clock and the database's agree.
    """

    now: int
    last_at: int
    used: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class FoundLeases:
    """Leases that were found. named: all that are needed; rows: those of them that were read; consumers: to read."""

    named: Collection[str] = ()
    rows: Sequence[LeaseRow] = ()
    to_sweep: LeasesToSweep | None = None
    consumers: Sequence[str] = ()


_NONE: Final = FoundLeases()


def find_leases(
    connection: Connection, fleet: Fleet, commands: Sequence[Command], moment: LeaseMoment | None
) -> FoundLeases:
    """Return what the commands need of leases; nothing, without a query, if there are none."""
    named = dict.fromkeys(uuid for command in commands for uuid in _named(command))
    members = [uuid for command in commands if isinstance(command, EndLease) for uuid in _members(fleet, command)]
    if moment is None or not moment.used or not any(isinstance(command, Lapse) for command in commands):
        return FoundLeases(named, consumers=members) if named else _NONE
    due, counts = leases.due(connection, moment.now), leases.counts(connection, moment.now)
    silent = frozenset(row.uuid for row in due if row.overdue_at is not None and row.on_end == OnEnd.RELEASE.value)
    ending = fleet.leased.ending
    members += islice(fleet.leased.consumers_of(silent | ending), MOST_SWEPT)
    to_sweep = LeasesToSweep(
        due=[row.uuid for row in due],
        live=counts.live,
        overdue=counts.overdue,
        ended_lately=counts.ended_lately,
        last_at=moment.last_at,
        may_end=moment.may_end,
        old=[key for key, uuid in leases.old(connection, moment.now) if uuid not in fleet.leased.counts] if due else (),
    )
    return FoundLeases({**named, **dict.fromkeys(ending)}, due, to_sweep, members)


def read_leases(connection: Connection, fleet: Fleet, found: FoundLeases, consumers: Iterable[str]) -> list[DraftLease]:
    """Return the leases that were found, and those of the claims that these consumers have."""
    named = dict.fromkeys(found.named)
    if fleet.leased.lease_of:
        named.update(dict.fromkeys(filter(None, map(fleet.leased.lease_of.get, consumers))))
    have = {row.uuid for row in found.rows}
    missing = [uuid for uuid in named if uuid not in have]
    rows = [*found.rows, *(leases.by_uuid(connection, missing) if missing else ())]
    return [DraftLease(**row._asdict(), stored=True) for row in rows]


def _members(fleet: Fleet, command: EndLease) -> Iterator[str]:
    """Yield the consumers of a lease that is to end: all, if they go on without it."""
    members = fleet.leased.consumers_of(frozenset((command.uuid,)))
    return members if command.claims == "detach" else islice(members, MOST_RELEASED)


def _named(command: Command) -> Iterator[str]:
    """Yield the leases that a command names."""
    match command:
        case Allocate(term=term):
            yield from _of_term(term)
        case SetAllocations(claims=claims) | Reshape(claims=claims):
            for claim in claims:
                yield from _of_term(claim.term)
        case GrantLease(uuid=uuid) | EndLease(uuid=uuid):
            yield uuid
        case RenewLeases(uuids=uuids):
            yield from uuids


def _of_term(term: Term | Keep) -> Iterator[str]:
    if isinstance(term, Term) and term.lease is not None:
        yield term.lease
