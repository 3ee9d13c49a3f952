"""Which refusals are records, and which are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from berth.api.http.refusals import MOST_SITES, RefusalLog
from berth.model.audit import RefusedRequest, parse_repeated
from berth.model.caller import Caller

ADDRESS = "192.0.2.7"


def refused(why: str = "no", address: str = ADDRESS, name: str = "", outcome: str = "401") -> RefusedRequest:
    caller = Caller(address=address, name=name, via="token" if name else "")
    return RefusedRequest(caller=caller, request="r", operation="o", target="t", outcome=outcome, why=why)


class Recorded(list[RefusedRequest]):
    """The records, and how many refusals they stand for."""

    @property
    def reasons(self) -> list[str]:
        return [each.why for each in self]

    @property
    def number(self) -> int:
        return sum(parse_repeated(each.why)[0] for each in self)


@pytest.fixture
def records() -> Recorded:
    return Recorded()


@pytest.fixture
def log(records: Recorded) -> RefusalLog:
    return RefusalLog(records.append, most=5)


def test_the_first_at_once_and_the_rest_as_a_number(log: RefusalLog, records: Recorded) -> None:
    for _ in range(418):
        log.add(refused())
    assert records.reasons == ["no"]
    log.flush()
    assert records.reasons == ["no", "417 more: no"]
    assert (records[1].outcome, records[1].caller.address) == ("401", ADDRESS)


def test_while_it_goes_on_one_record_for_each_window(log: RefusalLog, records: Recorded) -> None:
    for _ in range(3):
        log.add(refused())
        log.add(refused())
        log.flush()
    assert records.reasons == ["no", "1 more: no", "2 more: no", "2 more: no"]
    log.flush()
    assert not log.counting
    log.add(refused())
    assert records.reasons[4:] == ["no"]


DIFFERENT: dict[str, tuple[RefusedRequest, int]] = {
    "another reason": (refused("never"), 2),
    "another figure in it": (refused("no 17"), 2),
    "another outcome": (refused(outcome="403"), 2),
    "another caller": (refused(name="ada"), 2),
    "another address": (refused(address="192.0.2.8"), 2),
    "nothing else": (refused(), 1),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_is_of_another_kind(log: RefusalLog, records: Recorded, case: str) -> None:
    other, number = DIFFERENT[case]
    log.add(refused())
    log.add(other)
    assert len(records) == number


def test_figures_make_no_kind_of_their_own(log: RefusalLog, records: Recorded) -> None:
    for seconds in (1, 22, 3):
        log.add(refused(f"try again in {seconds} s"))
    log.flush()
    assert records.reasons == ["try again in 1 s", "2 more: try again in 3 s"]


FLOODS: dict[str, Callable[[int], RefusedRequest]] = {
    "one kind": lambda _: refused(),
    "ever new reasons": lambda number: refused(f"{number:b}".replace("0", "a").replace("1", "b")),
    "ever new callers": lambda number: refused(name=f"n{number}"),
    "all of an IPv6 network": lambda number: refused(address=f"2001:db8::{number:x}"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_records_of_one_address_are_few_and_count_every_refusal(log: RefusalLog, records: Recorded, flood: str) -> None:
    marks = [0]
    for _ in range(4):
        for number in range(500):
            log.add(FLOODS[flood](number))
        marks.append(len(records))
        log.flush()
        marks.append(len(records))
    assert records.number == 2_000
    within_a_minute = [after - before for before, after in zip(marks, marks[3:], strict=False)]  # also around its end
    assert max(within_a_minute) <= 5


def test_the_rest_of_an_address_names_no_caller(log: RefusalLog, records: Recorded) -> None:
    for number in range(8):
        log.add(refused("no", name=f"caller {number}x"))
    log.flush()
    for number in range(8):
        log.add(refused("no", name="ada" if number % 2 else "bob"))
    assert {each.caller.called for each in records if "more" in each.why} <= {""}


def test_the_memory_is_bounded(log: RefusalLog, records: Recorded) -> None:
    for number in range(2 * MOST_SITES):
        log.add(refused(address=f"10.0.{number // 256}.{number % 256}"))
    assert len(log._sites) == MOST_SITES + 1
    log.flush()
    assert (records.number, len(log._sites)) == (2 * MOST_SITES, 1)
    log.flush()
    assert not log.counting


def test_without_a_limit_each_is_a_record(records: Recorded) -> None:
    log = RefusalLog(records.append, most=0)
    for _ in range(3):
        log.add(refused())
    assert Counter(records.reasons) == {"no": 3}
    assert not log.counting
