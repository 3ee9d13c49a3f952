"""The log's part of a review: its chain and seal, its silence, rights that were never used, unusual activity."""

import datetime
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from berth.api.auth.policy import Policy
from berth.ledger.audit.chain import RecordSeal, Verification
from berth.model.anomaly import Anomaly
from berth.model.audit import AuditRecord
from berth.model.plural import plural
from berth.model.token import Token
from berth.review.deployment.result import deployment_finding
from berth.review.log.activity import activity_questions, refusals_by_address
from berth.review.log.roles import role_uses, unused_rights
from berth.review.model import (
    Coverage,
    OpenQuestion,
    PartReview,
    ReviewFinding,
    ReviewPart,
    Severity,
    Verdict,
    VerdictKind,
)

WINDOW: Final = datetime.timedelta(days=90)
"""How far back rights are compared with what was done."""

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_SILENT_TIMES: Final = 20
_SHORTEST_SILENCE: Final = 7 * _DAY
_FEWEST: Final = 20
_MOST_SENTENCES: Final = 5
_FEWEST_DAYS: Final = 30
"""How many days of records say what a token needs."""
_OLDEST_SEAL: Final = 30 * _DAY


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """What was read of a ledger's log: the verification of its chain, and the records of the window, oldest first.

    since: from when on the records are all there, in microseconds since 1970 UTC; seal: noted outside of the ledger;
    sealed_at: the time of its record, None if that is not in the database.
    """

    verification: Verification
    records: tuple[AuditRecord, ...]
    tokens: tuple[Token, ...]
    since: int = 0
    seal: RecordSeal | None = None
    sealed_at: int | None = None
    anomalies: tuple[Anomaly, ...] = ()


def review_log(evidence: LogEvidence, policy: Policy, now: int) -> PartReview:
    """Review a ledger's log. now: microseconds since 1970 UTC."""
    verification, since = evidence.verification, _since(evidence)
    days = (now - since) // _DAY
    uses = tuple(role_uses(evidence.tokens, evidence.records, policy, since, now)) if days >= _FEWEST_DAYS else ()
    rights = tuple(unused_rights(uses, days))
    findings = (*_chain(verification), *_old_seal(evidence, now), *_silence(evidence.records, now), *rights)
    anomalies = plural(len(evidence.anomalies), "finding")
    facts = {
        "audit log": f"records {verification.first} to {verification.last}",
        "seal": _seal_fact(evidence, now),
        "refusals by address": refusals_by_address(evidence.records),
        "rights never used": _rights_fact(len(uses), len(rights), days),
        "unusual activity": f"{anomalies} of `berth audit anomalies` in {WINDOW.days} days",
    }
    questions = (*_seal_question(evidence), *activity_questions(evidence.anomalies))
    return PartReview(ReviewPart.LOG, findings, questions, Coverage(), facts)


def _since(evidence: LogEvidence) -> int:
    """Return from when on the records are complete: those before the first one may be in an archive."""
    if evidence.verification.first > 1 and evidence.records:
        return max(evidence.since, evidence.records[0].at)
    return evidence.since


def _rights_fact(judged: int, unused: int, days: int) -> str:
    if not judged:
        return f"not known: no token is as old as the records of {days} days (at least {_FEWEST_DAYS} are needed)"
    return f"{unused} of {plural(judged, 'token')} with more rights than used in {days} days; reading is not recorded"


def _seal_fact(evidence: LogEvidence, now: int) -> str:
    if evidence.seal is None:
        return "none was given"
    if evidence.sealed_at is None:
        return f"of record {evidence.seal[0]}, which is in an archive"
    return f"of record {evidence.seal[0]}, noted {(now - evidence.sealed_at) // _DAY} days ago at most"


def _seal_question(evidence: LogEvidence) -> Iterator[OpenQuestion]:
    if evidence.seal is None:
        yield OpenQuestion(
            "Was the whole log replaced? A chain alone cannot show it.",
            f"a seal noted elsewhere: `berth review --seal NUMBER:HASH` "
            f"(now {evidence.verification.last}:{evidence.verification.seal})",
            (354,),
        )


def _old_seal(evidence: LogEvidence, now: int) -> Iterator[ReviewFinding]:
    if evidence.sealed_at is not None and now - evidence.sealed_at > _OLDEST_SEAL:
        yield deployment_finding(
            "seal-old",
            354,
            Severity.LOW,
            "seal",
            f"The noted seal is {(now - evidence.sealed_at) // _DAY} days old: later records could have been replaced",
            "Note the seal that `berth audit verify` prints elsewhere, daily",
            ReviewPart.LOG,
        )


def _chain(verification: Verification) -> Iterator[ReviewFinding]:
    for each in verification.findings[:_MOST_SENTENCES]:
        yield deployment_finding(
            "log-altered",
            354,
            Severity.CRITICAL,
            f"record {each.number}",
            each.why,
            "Compare with an archive or a backup, and find out who could write to the database",
            ReviewPart.LOG,
        )


def _silence(records: Iterable[AuditRecord], now: int) -> Iterator[ReviewFinding]:
    """Yield a finding if the log has been silent for much longer than it ever is."""
    times = [each.at for each in records]
    if len(times) < _FEWEST:
        return
    usual = sorted(later - earlier for earlier, later in itertools.pairwise(times))[-2]
    silent = now - times[-1]
    if silent > max(_SHORTEST_SILENCE, _SILENT_TIMES * usual):
        yield deployment_finding(
            "log-silent",
            778,
            Severity.MEDIUM,
            "audit log",
            f"Nothing was recorded for {silent // _DAY} days, where a pause usually is shorter",
            "Find out whether servers write to another database",
            ReviewPart.LOG,
        )


def log_verdicts(part: PartReview) -> tuple[Verdict, ...]:
    """Return the verdicts on the log: whether it is whole, records what it must, and what it says of rights."""
    read = part.facts["audit log"]
    evidence = {
        354: f"{read}: each has its hash and that of the one before it; the seal is {part.facts['seal']}",
        778: f"{read}: changes are recorded in the transaction that makes them, refusals as well",
        223: f"{read}: each has caller, address, operation, target and outcome",
        269: part.facts["rights never used"],
        284: part.facts["unusual activity"],
    }
    always = {cwe: text for cwe, text in evidence.items() if cwe in (223, 354, 778) or _is_open(cwe, part)}
    return tuple(_verdict(cwe, part, text) for cwe, text in sorted(always.items()))


def _is_open(cwe: int, part: PartReview) -> bool:
    return any(each.cwe == cwe for each in part.findings) or any(cwe in each.cwes for each in part.questions)


def _verdict(cwe: int, part: PartReview, evidence: str) -> Verdict:
    found = [each for each in part.findings if each.cwe == cwe]
    if found:
        return Verdict(cwe, VerdictKind.FINDING, found[0].sentence)
    needs = "; ".join(each.needs for each in part.questions if cwe in each.cwes)
    return Verdict(cwe, VerdictKind.UNKNOWN if needs else VerdictKind.CHECKED, evidence, needs)
