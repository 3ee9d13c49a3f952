"""Reconciliation: the claims of a part of the ledger, compared with a list of the consumers that are alive there."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from berth.model.commands import Command
from berth.model.consumer import Resources
from berth.model.errors import PlanOutdated, ReconcileTooLarge

MOST_ENDED: Final = 5_000
"""How many orphans one reconciliation may end: as many as one command may have claims."""

MOST_ITEMS: Final = 10_000
"""How many items a page of a report may have."""


class ReconcileRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A question which claims are of consumers that do not exist any more, or the order to end these.

    trees: roots of providers; project, type: of consumers; a consumer has to match all that are given, and at least one
    is. as_of: the number of the ledger's last change before the list was made: consumers that were written since are
    left alone. alive: by the uuid of each consumer that exists there, what it really has by provider uuid and class, or
    None if that is not known; a long list is given beside the request (AliveList). dry_run: change nothing; without it,
    expect: the digest of a dry run's report, and at_most: how many consumers may be ended. limit, after: of the
    report's items, by consumer.
    """

    as_of: int
    alive: dict[str, dict[str, Resources] | None] = {}
    trees: tuple[str, ...] = ()
    project: str = ""
    type: str = ""
    at_most: int = 10
    expect: str | None = None
    dry_run: bool = True
    limit: int = 1_000
    after: str = ""


class ReconcileFinding(enum.StrEnum):
    """How a claim and the list differ.

    ORPHAN: claimed, but not alive; DIFFERING: it really has other amounts; UNKNOWN: alive, but has no claim there;
    SKIPPED: it is not alive or has other amounts, but must not be judged by this list.
    """

    ORPHAN = "orphan"
    DIFFERING = "differing"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class SkipReason(enum.StrEnum):
    """Why a consumer is not judged.

    WRITTEN_SINCE: after `as_of`; PENDING: it is a hold; ELSEWHERE: it has a claim outside the trees as well, on other
    providers than those that share, so that it may be alive there.
    """

    WRITTEN_SINCE = "written-since"
    PENDING = "pending"
    ELSEWHERE = "elsewhere"


class ReconcileItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference. allocations: what the consumer has in the ledger; actual: what it has by the list, if given."""

    consumer: str
    finding: ReconcileFinding
    why: SkipReason | None = None
    generation: int | None = None
    project: str = ""
    user: str = ""
    type: str | None = None
    allocations: dict[str, Resources] = {}
    actual: dict[str, Resources] | None = None


class ReconcileReport(msgspec.Struct, frozen=True, kw_only=True):
    """All differences, counted, and a page of them in the order of consumers.

    head: the number of the change that was compared with; matching: how many claims are as the list has them;
    skipped: consumers by reason; digest: of the orphans with their generations; next: the value of `after` for the next
    page, None at the end; change: the number of the change that ended the orphans, None if nothing was changed.
    """

    head: int
    orphans: int
    differing: int
    unknown: int
    matching: int
    skipped: dict[SkipReason, int]
    digest: str
    items: list[ReconcileItem]
    next: str | None = None
    change: int | None = None


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer that is not alive any more. id: of its row: another consumer of the same uuid has another one."""

    consumer: str
    generation: int
    id: int


class Reconcile(Command, frozen=True):
    """End consumers that a reconciliation found not to be alive: all, if none has been written since, or none.

    expect: the digest of the plan that the caller has seen; at_most: how many may be ended; report: the answer, but for
    the number of the change. It is not sent to a server, which finds the orphans itself.
    """

    orphans: tuple[Orphan, ...]
    expect: str
    at_most: int
    report: ReconcileReport


def check_plan(report: ReconcileReport, expect: str, at_most: int) -> None:
    """Raise PlanOutdated if a report is not of the plan that was expected; ReconcileTooLarge."""
    if report.digest != expect:
        raise PlanOutdated(expect, report.digest)
    if report.orphans > at_most:
        raise ReconcileTooLarge(report.orphans, at_most)


def digest_of(orphans: Iterable[Orphan]) -> str:
    """Return a digest of which consumers would be ended, in which generation: 16 hexadecimal digits."""
    lines = sorted(f"{each.consumer} {each.generation}" for each in orphans)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
