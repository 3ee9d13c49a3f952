"""Leases: granted, renewed, ended; and swept: who is silent is marked first, ended after a grace, and few at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from berth.ledger.write.decide.allocations import release_all
from berth.ledger.write.decide.holds import look_up
from berth.ledger.write.decide.reconciliation import end_all
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, DraftLease, LeasesToSweep
from berth.ledger.write.lease_prefetch import MOST_RELEASED, MOST_SWEPT
from berth.model.commands import Lapse
from berth.model.ended_consumer import EndReason
from berth.model.errors import LeaseEnded, LeaseExists
from berth.model.lease import (
    AWAY_S,
    LeaseClaims,
    LeaseInfo,
    LeaseState,
    OnEnd,
    Renewal,
    RenewalRefusal,
    most_endings,
    renewed,
)
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.plural import plural
from berth.model.term import SECOND, Span

TICK_S: Final = 2
"""How often a commit shows, while a lease is overdue, that the ledger is there: well within AWAY_S."""


def grant(draft: Draft, command: GrantLease) -> LeaseInfo:
    """Grant a lease. Raises LeaseExists; LeaseEnded if it is one that has ended."""
    grace = command.ttl if command.grace is None else command.grace
    known = draft.leases.known.get(command.uuid)
    if known is not None:
        if known.ended_at is not None:
            raise LeaseEnded(known.uuid, known.ended_at)
        wanted = (command.name, command.project, command.ttl, grace, command.on_end)
        if (known.name, known.project, known.ttl, known.grace, known.on_end) != wanted:
            raise LeaseExists(known.uuid)
        return info_of(known, draft.fleet.leased.counts.get(known.uuid, 0))
    lease = DraftLease(
        id=draft.new_id(),
        uuid=command.uuid,
        name=command.name,
        project=command.project,
        ttl=command.ttl,
        grace=grace,
        on_end=command.on_end,
        deadline=draft.now + command.ttl * SECOND,
    )
    _write(draft, lease)
    return info_of(lease, 0)


def renew(draft: Draft, command: RenewLeases) -> dict[str, Renewal]:
    """Renew leases. Return the deadline of each, or why it was not renewed. Nothing of this enters the logs."""
    answers: dict[str, Renewal] = {}
    for uuid in command.uuids:
        lease = draft.leases.known.get(uuid)
        if lease is None:
            answers[uuid] = RenewalRefusal.UNKNOWN
        elif lease.ended_at is not None:
            answers[uuid] = RenewalRefusal.ENDED
        else:
            answers[uuid] = _renew(draft, lease)
    return answers


def _renew(draft: Draft, lease: DraftLease) -> int:
    overdue = lease.overdue_at is not None
    deadline = renewed(lease.deadline, lease.ttl, draft.now, overdue=overdue)
    if overdue or deadline != lease.deadline:
        lease.deadline, lease.overdue_at = deadline, None
        draft.leases.put(lease)
    return deadline


def end(draft: Draft, command: EndLease) -> int:
    """End a lease. Return how many consumers have, or had, a claim with it. Raises LeaseNotFound, LeaseEnded."""
    lease = draft.leases.usable(command.uuid)
    members = _members(draft, {lease.uuid})
    count = max(len(members), draft.fleet.leased.counts.get(lease.uuid, 0))
    draft.before.leases[lease.uuid] = lease.fact
    if command.claims is LeaseClaims.DETACH:
        for consumer in members:
            _detach(draft, consumer)
    else:
        lease.on_end = OnEnd.RELEASE
        release_all(draft, members[:MOST_RELEASED])
    lease.ended_at, lease.overdue_at = draft.now, None
    _write(draft, lease)
    return count


def _detach(draft: Draft, consumer: DraftConsumer) -> None:
    """Let a consumer's claim go on without a lease."""
    span = consumer.span
    assert span is not None, "it has a lease"
    look_up(draft, consumer.held)
    consumer.generation += 1
    lasting = span.end is None and span.deadline is None
    draft.hold(consumer, consumer.held, None if lasting else Span(span.start, span.end, span.deadline, span.replaces))


def sweep(draft: Draft, _command: Lapse) -> None:
    """Mark leases whose deadline has passed; end those that have been overdue for their grace, while Berth was there.

    If nothing was committed for AWAY_S, no host could renew: all that are overdue get their whole grace again. At most
    a part of all leases ends within a minute: more likely than that more hosts die is that they cannot reach Berth.
    """
    found = draft.leases.to_sweep
    if found is None:
        return
    away = bool(found.overdue) and draft.now - found.last_at > AWAY_S * SECOND
    draft.leases.restarts_grace = away
    draft.leases.ticks = bool(found.overdue) and draft.now - found.last_at >= TICK_S * SECOND
    draft.leases.dropped += found.old
    due = [draft.leases.known[uuid] for uuid in found.due]
    for lease in due:
        if lease.overdue_at is None and lease.ended_at is None and lease.deadline <= draft.now:
            draft.before.leases[lease.uuid] = lease.fact
            lease.overdue_at = draft.now
            _write(draft, lease)
    if not away and found.may_end:
        _end_silent(draft, found, due)
    _release_ended(draft)


def _end_silent(draft: Draft, found: LeasesToSweep, due: Sequence[DraftLease]) -> None:
    """End leases that have been overdue for their grace, the first ones, as far as the brake lets it."""
    silent = [lease for lease in due if lease.ends_at is not None and lease.ends_at <= draft.now]
    most = max(0, most_endings(found.live) - found.ended_lately)
    for lease in silent[:most]:
        draft.before.leases[lease.uuid] = lease.fact
        lease.ended_at = draft.now
        _write(draft, lease)
    if most and len(silent) > most:
        draft.leases.alarm = f"{found.overdue:,} of {plural(found.live, 'lease')} not renewed: they end one by one"


def _release_ended(draft: Draft) -> None:
    """Release some of the claims of leases that have ended. What no caller asked for is kept, to be undone."""
    ended = [each for each in draft.leases.known.values() if each.ended_at is not None and each.on_end is OnEnd.RELEASE]
    by_time = _members(draft, {lease.uuid for lease in ended if lease.overdue_at is not None})
    by_owner = _members(draft, {lease.uuid for lease in ended if lease.overdue_at is None})
    if by_time:
        end_all(draft, by_time[:MOST_SWEPT], EndReason.SILENT)
    if by_owner:
        release_all(draft, by_owner[:MOST_SWEPT])


def _members(draft: Draft, leases: set[str]) -> list[DraftConsumer]:
    """Return the consumers, of those that were read, whose claims go on with some leases."""
    known = draft.consumers.values() if leases else ()
    return [each for each in known if each.held and each.span is not None and each.span.lease in leases]


def _write(draft: Draft, lease: DraftLease) -> None:
    """Enter the present state of a lease into the rows, and into the logs."""
    draft.leases.put(lease)
    draft.facts.leases[lease.uuid] = lease.fact


def info_of(lease: DraftLease, consumers: int) -> LeaseInfo:
    """Return a lease as its caller sees it. consumers: how many have claims with it."""
    state = LeaseState.LIVE if lease.overdue_at is None else LeaseState.OVERDUE
    return LeaseInfo(
        uuid=lease.uuid,
        name=lease.name,
        project=lease.project,
        ttl=lease.ttl,
        grace=lease.grace,
        on_end=lease.on_end,
        state=state if lease.ended_at is None else LeaseState.ENDED,
        deadline=lease.deadline,
        overdue_at=lease.overdue_at,
        ends_at=lease.ends_at,
        ended_at=lease.ended_at,
        consumers=consumers,
    )
