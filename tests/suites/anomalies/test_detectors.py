"""Each kind of unusual activity at its limits: what is just not unusual, and what just is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from berth.ledger.audit.anomalies import Analysis
from berth.ledger.audit.anomalies.log_entry import network_of
from berth.ledger.audit.anomalies.rates import MOST_REMEMBERED, Rate
from berth.model.anomaly import MOST_NAMED, Anomaly, AnomalyKind
from berth.model.audit import repeated
from berth.model.caller import Caller
from berth.model.change import CatalogueEntry, Facts, NameKind
from berth.model.inventory import Inventory
from berth.model.token import TokenRejection
from tests.suites.anomalies.records import DAY, HOUR, MINUTE, SECOND, START, Host, Log

ADMIN = Caller(name="ada", roles=frozenset({"admin"}), via="oidc", address="203.0.113.5")
SERVICE = Caller(name="nova", roles=frozenset({"service"}), via="token", address="10.1.2.3")
STRANGER = Caller(address="198.51.100.9")


def found(log: Log) -> list[Anomaly]:
    analysis = Analysis(whole=True)
    for stored in log.records():
        analysis.add(stored)
    analysis.set_totals(len(log.held), log.capacity())
    return analysis.anomalies().items


def kinds(log: Log) -> list[AnomalyKind]:
    return [each.kind for each in found(log)]


@pytest.fixture
def log() -> Log:
    """Ten hosts, and two weeks of ten claims a day, of which four end."""
    log = Log(1)
    for number in range(10):
        log.stock(
            START + 9 * HOUR,
            ADMIN,
            Host(log.new_uuid(), ""),
            {"VCPU": Inventory(100), "CUSTOM_A": Inventory(10 + number)},
        )
    for moment in days(14):
        for number in range(10):
            log.claim(moment + number * MINUTE, SERVICE)
            log.claim(moment + number * MINUTE, ADMIN)
        for _ in range(4):
            log.release(moment + HOUR, SERVICE, [next(iter(log.held))])
    assert found(log) == []
    return log


def days(count: int, hour: int = 9, first: int = 0) -> Iterator[int]:
    return (START + day * DAY + hour * HOUR for day in range(first, first + count))


NOW = START + 14 * DAY + 10 * HOUR


@pytest.mark.parametrize(("count", "unusual"), [(19, False), (20, True)])
def test_refusals(log: Log, count: int, unusual: bool) -> None:
    for number in range(count):
        log.refused(NOW + number * 10 * SECOND, STRANGER, "401", "no")
    assert kinds(log) == [AnomalyKind.REFUSALS] * unusual


@pytest.mark.parametrize(("more", "unusual"), [(18, False), (19, True)])
def test_a_record_of_many_refusals_counts_as_many(log: Log, more: int, unusual: bool) -> None:
    log.refused(NOW, STRANGER, "401", "no")
    log.refused(NOW + MINUTE, STRANGER, "401", repeated(more, "no"))
    assert kinds(log) == [AnomalyKind.REFUSALS] * unusual


def test_a_reason_with_a_number_is_the_reason(log: Log) -> None:
    log.refused(NOW, SERVICE, "401", repeated(2, TokenRejection.REVOKED))
    assert kinds(log) == [AnomalyKind.CREDENTIAL]


def test_slow_refusals_are_no_burst(log: Log) -> None:
    for number in range(100):
        log.refused(NOW + number * MINUTE, STRANGER, "401", "no")
    assert kinds(log) == []


def test_a_burst_that_comes_each_day_is_usual(log: Log) -> None:
    for moment in days(10, first=14):
        for number in range(25):
            log.refused(moment + number * SECOND, SERVICE, "403", "no")
    assert [each.first_at // DAY - START // DAY for each in found(log)] == [14]
    for number in range(101):
        log.refused(START + 25 * DAY + number * SECOND, SERVICE, "403", "no")
    assert len(found(log)) == 2, "four times as many are not"


def test_what_a_burst_says(log: Log) -> None:
    first = log.refused(NOW, STRANGER, "401", "no")
    for number in range(1, 50):
        log.refused(NOW + number * SECOND, STRANGER, "401", "no")
    (burst,) = found(log)
    assert burst.records == tuple(range(first, first + MOST_NAMED))
    assert (burst.count, burst.first_at, burst.last_at) == (50, NOW, NOW + 49 * SECOND)
    assert (burst.actor, burst.via, burst.address) == ("", "", "198.51.100.9")
    assert burst.why == (
        "an unknown caller at 198.51.100.9 was refused 50 times within 10 minutes, last with 401; "
        "usually at most 0, others at most 0"
    )


def test_one_guess_each_from_many_addresses(log: Log) -> None:
    for number in range(20):
        for _ in range(3):
            log.refused(NOW + number * SECOND, Caller(address=f"198.51.{number}.1"), "401", "no")
    (burst,) = found(log)
    assert "from 20 addresses within 10 minutes" in burst.why


@pytest.mark.parametrize(
    ("address", "unusual"),
    [("10.1.99.99", False), ("10.2.0.1", True), ("192.0.2.1", True), ("2001:db8::1", True), ("127.0.0.1", False),
     ("", False), ("::ffff:10.1.0.7", False)],
)  # fmt: skip
def test_a_new_network(log: Log, address: str, unusual: bool) -> None:
    number = log.claim(NOW, Caller(name="nova", via="token", address=address))
    told = found(log)
    assert [(each.kind, each.records) for each in told] == [(AnomalyKind.NETWORK, (number,))] * unusual
    if unusual:
        assert told[0].why == f"nova (token) came from {address}; in the 28 days before from 10.1.0.0/16 only"


def test_whoever_is_new_has_no_network_of_their_own(log: Log) -> None:
    for moment in days(6, first=14):
        for number in range(9):
            log.claim(moment, Caller(name="new", via="token", address=f"192.0.{number}.1"))
    assert kinds(log) == []


def test_whoever_often_moves_is_no_news(log: Log) -> None:
    for day, moment in enumerate(days(10, first=14)):
        log.claim(moment, Caller(name="nova", via="token", address=f"192.0.{day}.1"))
    assert kinds(log) == [AnomalyKind.NETWORK] * 3


def test_a_network_that_a_refused_token_came_from_is_not_learned(log: Log) -> None:
    thief = Caller(name="nova", via="token", address="192.0.2.1")
    log.refused(NOW - DAY, thief, "401", "The token is not known.")
    log.claim(NOW, thief)
    assert kinds(log) == [AnomalyKind.NETWORK]


@pytest.mark.parametrize(("hour", "unusual"), [(11, False), (12, True), (7, False), (6, True), (0, True)])
def test_an_administrator_s_hours(log: Log, hour: int, unusual: bool) -> None:
    log.claim(START + 15 * DAY + hour * HOUR, ADMIN)  # it acts at 9 to 10
    told = found(log)
    assert [each.kind for each in told] == [AnomalyKind.HOUR] * unusual
    if unusual:
        assert told[0].why == (
            f"ada (oidc) acted as an administrator at {hour:02}:00 UTC; on 14 other days it acted only at 09"
        )


def test_others_may_act_at_any_hour(log: Log) -> None:
    log.claim(START + 15 * DAY + 3 * HOUR, SERVICE)
    assert kinds(log) == []


@pytest.mark.parametrize(("share", "unusual"), [(0.24, False), (0.25, True), (1.0, True)])
def test_a_mass_release(log: Log, share: float, unusual: bool) -> None:
    there = len(log.held)
    gone = list(log.held)[: int(there * share + 0.999)]
    numbers = [log.release(NOW + number * SECOND // 10, ADMIN, [each]) for number, each in enumerate(gone)]
    told = found(log)
    assert [each.kind for each in told] == [AnomalyKind.RELEASE] * unusual
    if unusual:
        assert told[0].records == tuple(numbers[:MOST_NAMED])
        assert told[0].why == (
            f"ada (oidc) released {len(gone)} consumers within 60 minutes (usually at most 0): "
            f"{len(gone) / there:.0%} of the total"
        )


def test_a_slow_end_is_no_mass(log: Log) -> None:
    for number, each in enumerate(list(log.held)):
        log.release(NOW - HOUR + number * 5 * MINUTE, SERVICE, [each])
    assert AnomalyKind.RELEASE not in kinds(log)


def test_what_comes_back_was_not_lost(log: Log) -> None:
    for number, each in enumerate(list(log.held)):
        log.release(NOW + number * SECOND, SERVICE, [each])
        log.claim(NOW + number * SECOND, SERVICE)
    assert kinds(log) == []


@pytest.mark.parametrize(
    ("hosts", "name", "unusual"),
    [(2, "VCPU", False), (3, "VCPU", True), (3, "CUSTOM_A", False), (6, "CUSTOM_A", True)],
)
def test_an_inventory_shrink(log: Log, hosts: int, name: str, unusual: bool) -> None:
    for host in list(log.hosts.values())[:hosts]:
        log.stock(NOW, SERVICE, host, {each: stock for each, stock in host.inventories.items() if each != name})
    told = found(log)
    assert [each.kind for each in told] == [AnomalyKind.SHRINK] * unusual
    if unusual:
        assert f"of {name} within 60 minutes" in told[0].why


def test_a_pool_that_had_most(log: Log) -> None:
    pool = Host(log.new_uuid(), "")
    log.stock(NOW - 2 * DAY, SERVICE, pool, {"DISK_GB": Inventory(10_000), "CUSTOM_B": Inventory(9)})
    number = log.stock(NOW, SERVICE, pool, {"DISK_GB": Inventory(10_000, reserved=6_000)})
    assert [(each.kind, each.records) for each in found(log)] == [(AnomalyKind.SHRINK, (number,))]


def test_taking_down_what_was_set_up_today_is_no_news() -> None:
    log = Log(1)
    hosts = [Host(log.new_uuid(), "") for _ in range(10)]
    for host in hosts:
        log.stock(START, ADMIN, host, {"VCPU": Inventory(4)})
    for _ in range(50):
        log.claim(START + HOUR, ADMIN)
    for each in list(log.held):
        log.release(START + 2 * HOUR, ADMIN, [each])
    for host in hosts:
        log.remove(START + 3 * HOUR, ADMIN, host)
    assert kinds(log) == []


def test_a_class_that_was_renamed_is_the_same_class(log: Log) -> None:
    for host in log.hosts.values():
        host.inventories = {"CUSTOM_B" if name == "CUSTOM_A" else name: has for name, has in host.inventories.items()}
    named = (CatalogueEntry(NameKind.CLASS, 9, "CUSTOM_A", 1), CatalogueEntry(NameKind.CLASS, 9, "CUSTOM_B", 1))
    log.done(NOW, ADMIN, "RenameClass", "CUSTOM_A", Facts(names=[named[1]]), Facts(names=[named[0]]))
    for host in list(log.hosts.values())[:9]:
        log.stock(NOW + MINUTE, ADMIN, host, {"VCPU": Inventory(100)})
    (shrink,) = found(log)
    assert "of CUSTOM_B within" in shrink.why
    assert "87% of the total" in shrink.why


@pytest.mark.parametrize("why", [TokenRejection.EXPIRED, TokenRejection.REVOKED, TokenRejection.REPLACED])
@pytest.mark.parametrize("outcome", ["401", "429"])
def test_a_token_that_has_ended(log: Log, why: TokenRejection, outcome: str) -> None:
    number = log.refused(NOW, Caller(name="ci", via="token", address="192.0.2.1"), outcome, why)
    (told,) = found(log)
    assert (told.kind, told.actor, told.records) == (AnomalyKind.CREDENTIAL, "ci", (number,))
    assert told.why.endswith(f"but is not valid: {why[:-1].lower()}")


def test_a_gap_is_found_and_said_where(log: Log) -> None:
    del log.chain.rows[40:42], log.facts[40:42]
    told = found(log)
    assert {each.kind for each in told} == {AnomalyKind.CHAIN}
    assert (told[0].records, told[0].why) == ((41,), "records 41 to 42 are missing")


def test_facts_that_are_none_any_more(log: Log) -> None:
    log.facts[40] = "{"
    (told, *_) = found(log)
    assert (told.kind, told.records) == (AnomalyKind.CHAIN, (41,))


def test_names_are_not_taken_for_anything_else(log: Log) -> None:
    evil = Caller(name="{share} {0} %s", via="token", address="192.0.2.1", roles=frozenset({"admin"}))
    for each in list(log.held):
        log.release(NOW, evil, [each])
    (told,) = found(log)
    assert told.why.startswith("{share} {0} %s (token) released")


def test_however_many_come_no_more_are_remembered() -> None:
    log = Log(1)
    analysis = Analysis(whole=True)
    for number in range(MOST_REMEMBERED + 50):
        log.refused(START + number * SECOND, Caller(address=f"2001:db8:{number:x}::1"), "401", "no")
    for stored in log.records():
        analysis.add(stored)
    assert len(analysis.baseline.refusals) == MOST_REMEMBERED
    assert analysis.baseline.refused_addresses.total > 500


def test_a_clock_that_goes_back() -> None:
    rate = Rate(10)
    for at in (START, START + 5 * MINUTE, START - DAY, START + 11 * MINUTE):
        rate.add(at, 1, at)
    assert (rate.total, len(rate.numbers)) == (3, 3)


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.0/24"), ("172.31.9.9", "172.31.0.0/16"), ("172.32.9.9", "172.32.9.0/24"),
     ("2001:db8:1:2::3", "2001:db8:1::/48"), ("::1", ""), ("nonsense", ""), ("fe80::1%eth0", "fe80::/48")],
)  # fmt: skip
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network
