"""Unusual activity that the audit log shows, as `berth audit anomalies` finds it, and refusals by address."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from berth.ledger.audit.anomalies import LogScanner
from berth.ledger.replica import Replica
from berth.model.anomaly import Anomaly, AnomalyKind
from berth.model.audit import AuditRecord, parse_repeated
from berth.model.plural import plural
from berth.review.model import CodePlace, OpenQuestion
from berth.store.engine import Database

REFUSED: Final = ("401", "403", "429")
_MOST_NAMED: Final = 5


def unusual_activity(database: Database, since: int) -> tuple[Anomaly, ...]:
    """Return the unusual activity since a moment (microseconds since 1970 UTC). Raises BerthError if it cannot."""
    scanner = LogScanner(Replica(database), since)
    while scanner.scan_page():
        pass
    return tuple(scanner.anomalies().within(since, None).items)


def activity_questions(found: Iterable[Anomaly]) -> Iterator[OpenQuestion]:
    """Yield a question for each kind of unusual activity: only people know what was meant.

    Defects of the chain are left out: they have findings of their own.
    """
    kinds: dict[AnomalyKind, list[Anomaly]] = {}
    for each in found:
        if each.kind is not AnomalyKind.CHAIN:
            kinds.setdefault(each.kind, []).append(each)
    for kind, some in sorted(kinds.items()):
        more = f" And {len(some) - 1} more of this kind." if len(some) > 1 else ""
        yield OpenQuestion(
            f"Was this meant, on {_day(some[-1].last_at)}? {_sentence(some[-1])}{more}",
            f"the people who work with it: `berth audit anomalies --since {_day(some[0].first_at)}` ({kind})",
            (284,),
            tuple(CodePlace(f"record {each.records[0]}") for each in some[:_MOST_NAMED] if each.records),
        )


def _sentence(anomaly: Anomaly) -> str:
    who = f"{anomaly.actor}: " if anomaly.actor else ""
    return f"{who}{anomaly.why.rstrip('.')}."


def _day(moment: int) -> str:
    return str(datetime.datetime.fromtimestamp(moment / 1_000_000, datetime.UTC).date())


def refusals_by_address(records: Iterable[AuditRecord]) -> str:
    """Return in words which addresses were refused most often. A record may stand for many refusals."""
    counted: Counter[str] = Counter()
    for each in records:
        if each.outcome in REFUSED:
            counted[each.address or "an unknown address"] += parse_repeated(each.why)[0]
    most = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ", ".join(f"{address}: {count:,}" for address, count in most[:_MOST_NAMED])
    return shown + (
        f" and {plural(len(most) - _MOST_NAMED, 'more address', 'more addresses')}" if len(most) > _MOST_NAMED else ""
    )
