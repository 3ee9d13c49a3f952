"""The log's part of a review, read from a ledger: its chain, a noted seal, rights never used, unusual activity."""

import datetime
from dataclasses import dataclass
from typing import Final

from berth.api.auth.policy import Policy
from berth.ledger.audit.chain import RecordSeal, verify
from berth.model.errors import BerthError
from berth.review.deployment_part import no_ledger
from berth.review.log.activity import unusual_activity
from berth.review.log.log import WINDOW, LogEvidence, log_verdicts, review_log
from berth.review.model import OpenQuestion, PartReview, ReviewPart, Verdict, VerdictKind
from berth.review.subject import SubjectUnreadable
from berth.store import audit, tokens
from berth.store.audit import AuditFilter
from berth.store.engine import Database

MOST_RECORDS: Final = 100_000
"""The most records of the log that are compared with rights."""

LOG_WEAKNESSES: Final = (223, 354, 778)
"""The weaknesses that the log's part gives verdicts on."""


@dataclass(frozen=True, slots=True)
class LogSubject:
    """Which log is looked at. now: microseconds since 1970 UTC; seal: of a record, noted outside of the ledger."""

    database: Database
    policy: Policy
    now: int
    seal: RecordSeal | None = None


def review_log_part(subject: LogSubject, *, alone: bool) -> tuple[PartReview, tuple[Verdict, ...]]:
    """Review a ledger's log, and return its part with its verdicts.

    alone: whether nothing else is asked for: then SubjectUnreadable is raised if there is none, instead of a question.
    """
    database = subject.database
    try:
        if database.capabilities.embedded and not database.path.exists():
            raise no_ledger(database)
        evidence = _evidence(subject)
    except BerthError as error:
        if alone:
            raise SubjectUnreadable(f"the log cannot be read: {error}") from None
        return _without_log(f"a ledger: {error}")
    part = review_log(evidence, subject.policy, subject.now)
    return part, log_verdicts(part)


def _without_log(needs: str) -> tuple[PartReview, tuple[Verdict, ...]]:
    question = OpenQuestion("Is the audit log whole, and what does it show?", needs, LOG_WEAKNESSES)
    verdicts = tuple(Verdict(cwe, VerdictKind.UNKNOWN, "no log was read", needs) for cwe in LOG_WEAKNESSES)
    return PartReview(ReviewPart.LOG, questions=(question,)), verdicts


def _evidence(subject: LogSubject) -> LogEvidence:
    database = subject.database
    verification = verify(database, subject.seal)
    since = subject.now - WINDOW // datetime.timedelta(microseconds=1)
    with database.reading() as connection:
        held = tokens.all_tokens(connection)
        newest = audit.records(connection, AuditFilter(since=since, most=MOST_RECORDS, facts=False))
        noted = None if subject.seal is None else audit.records(connection, _one(subject.seal[0]))
    return LogEvidence(
        verification,
        tuple(reversed(newest)),
        tuple(held),
        since=newest[-1].at if len(newest) == MOST_RECORDS else since,
        seal=subject.seal,
        sealed_at=noted[0].at if noted else None,
        anomalies=unusual_activity(database, since),
    )


def _one(number: int) -> AuditFilter:
    return AuditFilter(after=number - 1, before=number + 1, most=1, facts=False)
