"""One row on one server: ask, time, and check the answers outside the timed part."""

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import claims
from bench.crowd import Rules, Tally, crowd
from bench.rows import AfterWrite, Brim, Claims, Find, Loading, Row
from bench.single import Caller, Reply
from bench.stands import Stand
from bench.wire import get

SLOW_S = 2.0
"""A first answer that takes longer is not thrown away as a warm-up."""

USAGES_VERSION = "1.9"
"""From 1.38 on, Placement 16.0.0 answers /usages with 500 on PostgreSQL (its GROUP BY leaves a column out)."""

BRIM_S = 120.0
"""How long filling the hosts may take."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a row may take on one server. `patience_s` is for one answer."""

    seconds: float = 5.0
    patience_s: float = 90.0
    least: int = 3
    most: int = 2000


@dataclass(frozen=True, slots=True)
class Figure:
    """What one server did in one row.

    `value` is a median in milliseconds or a number a second, as `unit` says. `late`: no answer came in time, and
    `value` is the time waited. `answer` is the number of candidates, `conflicts` the 409s, `errors` the answers of 500
    and above and those that never came. `wrong` says what was not as expected. `generator` is the share of a core that
    the load generator used.
    """

    unit: str
    value: float
    p99_ms: float
    runs: int
    late: bool = False
    answer: int | None = None
    conflicts: int = 0
    errors: int = 0
    generator: float = 0.0
    wrong: str = ""


def p99(seconds: Sequence[float]) -> float:
    """The 99th percentile (nearest rank) in milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.99))] * 1e3


def measure(row: Row, stand: Stand, hosts: Sequence[str], number: int, budget: Budget) -> Figure:
    """Measure a row. `number` is one that no other measurement of the run has; the hosts are those to claim on."""
    match row:
        case Find():
            return find(row, stand, budget)
        case AfterWrite():
            return after_write(row, stand, hosts, number, budget)
        case Claims():
            return endless_claims(row, stand, hosts, number, budget)
        case Brim():
            return brim(row, stand, hosts, number, budget)
        case Loading():
            assert stand.loading is not None
            return rate(stand.loading, 1, "")


def find(row: Find, stand: Stand, budget: Budget) -> Figure:
    """Ask for candidates until the time is up; a server that does not answer in time is started again."""
    request = get("/allocation_candidates?" + row.query)
    try:
        with Caller(stand.address, budget.patience_s) as caller:
            replies = asked(caller, request, budget, hopeless=row.hopeless and not stand.is_berth)
    except TimeoutError:
        stand.restart()
        waited = budget.patience_s * 1e3
        return Figure("ms", waited, waited, 1, late=True)
    taken = [reply.seconds for reply in replies]
    answer, wrong = judged(replies, row.expect)
    return Figure("ms", statistics.median(taken) * 1e3, p99(taken), len(taken), answer=answer, wrong=wrong)


def asked(caller: Caller, request: bytes, budget: Budget, hopeless: bool) -> list[Reply]:
    """Replies until the time is up, and a few at least unless one took long. A quick first one only warms up."""
    first = caller.call(request)
    replies = [first] if hopeless or first.seconds > SLOW_S else []
    spent = sum(reply.seconds for reply in replies)
    while not hopeless and len(replies) < budget.most:
        if spent > budget.seconds and (len(replies) >= budget.least or spent > budget.patience_s / 3):
            break
        replies.append(caller.call(request))
        spent += replies[-1].seconds
    return replies


def judged(replies: Sequence[Reply], expect: int | None) -> tuple[int | None, str]:
    """(number of candidates, what is wrong with the replies)."""
    bad = next((reply for reply in replies if reply.status != 200), None)
    if bad is not None:
        return None, f"HTTP {bad.status} {bad.body[:120].decode(errors='replace')}"
    counts = {len(json.loads(body)["allocation_requests"]) for body in {reply.body for reply in replies}}
    answer = min(counts)
    wanted = counts == {answer} and expect in (None, answer)
    return answer, "" if wanted else f"{sorted(counts)} candidates, expected {expect}"


def after_write(row: AfterWrite, stand: Stand, hosts: Sequence[str], number: int, budget: Budget) -> Figure:
    """A claim and a find by turns; only the finds are timed."""
    request = get("/allocation_candidates?" + row.query)
    feed = claims.puts(hosts, number, 0)
    replies: list[Reply] = []
    refused = ""
    until = time.perf_counter() + budget.seconds
    with Caller(stand.address, budget.patience_s) as caller:
        while time.perf_counter() < until and len(replies) < budget.most:
            claimed = caller.call(next(feed))
            refused = refused or ("" if claimed.status == 204 else f"a claim got HTTP {claimed.status}")
            replies.append(caller.call(request))
    taken = [reply.seconds for reply in replies]
    answer, wrong = judged(replies, None)
    return Figure("ms", statistics.median(taken) * 1e3, p99(taken), len(taken), answer=answer, wrong=refused or wrong)


def endless_claims(row: Claims, stand: Stand, hosts: Sequence[str], number: int, budget: Budget) -> Figure:
    """Closed-loop clients until the time is up. What was acknowledged must be what is used afterwards."""
    before = used(stand, budget)
    feeds = claims.endless(hosts, number, row.batch)
    tally = crowd(stand.address, row.clients, feeds, Rules(budget.seconds))
    if tally.unanswered:
        return given_up(stand, tally, max(row.batch, 1))
    granted = tally.done * max(row.batch, 1)
    wrong = strange(tally, stand) or counted(stand, before + granted, budget)
    if row.no_conflicts and tally.statuses[409] and stand.is_berth:
        wrong = wrong or f"{tally.statuses[409]} claims got 409 though there was room"
    return rate(tally, max(row.batch, 1), wrong)


def brim(row: Brim, stand: Stand, hosts: Sequence[str], number: int, budget: Budget) -> Figure:
    """Claim exactly what there is room for, then more. Berth must grant all of the first and none of the second."""
    each = row.room // len(hosts)
    feeds = claims.exactly(hosts, number, each, row.clients)
    tally = crowd(stand.address, row.clients, feeds, Rules(None, limit_s=BRIM_S))
    if tally.unanswered:
        return given_up(stand, tally, 1)
    lost = row.room - tally.done
    more = crowd(stand.address, row.clients, claims.exactly(hosts, number + 100, 8 + lost, row.clients), Rules(None))
    wrong = strange(tally, stand) or strange(more, stand) or counted(stand, tally.done + more.done, budget)
    if tally.done + more.done != row.room:
        wrong = wrong or f"{tally.done + more.done} claims granted where there is room for {row.room}"
    if stand.is_berth and lost:
        wrong = wrong or f"{lost} claims got 409 though there was room"
    return rate(tally, 1, wrong)


def given_up(stand: Stand, tally: Tally, each: int) -> Figure:
    """The figure where requests were never answered: Berth's is wrong, Placement's shows them as errors."""
    stand.restart()
    return rate(tally, each, f"{tally.unanswered} requests were not answered" if stand.is_berth else "")


def rate(tally: Tally, each: int, wrong: str) -> Figure:
    """A crowd's work as a figure; `each` reply stands for that many pieces of work."""
    return Figure(
        "per_s",
        tally.done * each / tally.wall_s,
        p99(tally.seconds) if tally.seconds else 0.0,
        tally.done,
        conflicts=tally.statuses[409],
        errors=tally.unanswered + sum(count for status, count in tally.statuses.items() if status >= 500),
        generator=tally.cpu_s / tally.wall_s,
        wrong=wrong,
    )


def strange(tally: Tally, stand: Stand) -> str:
    """Statuses that are neither granted nor a conflict. Placement's 500s under contention are only counted."""
    taken = (409,) if stand.is_berth else (409, 500)
    odd = {status: count for status, count in tally.statuses.items() if status >= 300 and status not in taken}
    return f"HTTP {odd}: {tally.refusals[:1]}" if odd else ""


def used(stand: Stand, budget: Budget) -> int:
    """The VCPUs that the benchmark's project uses: one for each claim."""
    with Caller(stand.address, budget.patience_s) as caller:
        reply = caller.call(get(f"/usages?project_id={claims.PROJECT}", USAGES_VERSION))
    return int(json.loads(reply.body)["usages"].get("VCPU", 0))


def counted(stand: Stand, expected: int, budget: Budget) -> str:
    """What is wrong if the usage is not the number of acknowledged claims."""
    found = used(stand, budget)
    return "" if found == expected else f"{expected} claims acknowledged, {found} counted afterwards"
