"""Leases as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from berth.cli.output.table import Table
from berth.cli.times import format_left, format_moment
from berth.model.change import Facts
from berth.model.lease import LeaseFact, LeaseInfo, OnEnd
from berth.model.plural import plural
from berth.model.term import SECOND


def leases_table(items: Iterable[LeaseInfo]) -> Table:
    """Return leases as a table."""
    rows = [
        (
            each.name,
            each.project,
            each.state.value,
            format_moment(each.deadline),
            format_left(each.ttl),
            each.consumers,
            each.uuid,
        )
        for each in items
    ]
    return Table(("NAME", "PROJECT", "STATE", "DEADLINE (UTC)", "TTL", "CLAIMS", "UUID"), rows)


def overdue_line(lease: LeaseInfo, now: int) -> str:
    """Return a sentence on a lease that is overdue. now: the ledger's time, in microseconds since 1970 UTC."""
    ends_at = lease.ends_at or now
    ends = f"ends in {format_left((ends_at - now) // SECOND)}" if ends_at > now else "ends as soon as others have ended"
    then = "releases" if lease.on_end is OnEnd.RELEASE else "keeps"
    claims = plural(lease.consumers, "claim")
    return f"overdue: lease {lease.name} ({lease.uuid}) {ends} and {then} {claims}"


def lease_sentences(facts: Facts) -> Iterator[str]:
    """Yield what facts say of leases, a sentence each."""
    return (f"lease {each.name} ({uuid}) {_state(each)}" for uuid, each in facts.leases.items())


def _state(lease: LeaseFact) -> str:
    if lease.ended_at is not None:
        return "ended"
    return "granted" if lease.overdue_at is None else "is overdue"
