"""The search for candidates before a claim is queued: what is shared, what is bounded, and what is searched again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from berth.fleet.state.fleet import Fleet
from berth.ledger.request_scope import CurrentScope, NeedsTime, RequestScope
from berth.ledger.write import candidate_search
from berth.ledger.write.candidate_search import CandidateSearch
from berth.ledger.write.shortlist import FEW, Shortlist
from berth.model.commands import CreateProvider, SetAllocations, SetInventories
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.support.deadline import until
from tests.unit.ledger.write.memory_ledger import OLD, MemoryLedger, claim

HOSTS = 40


class Searches:
    """Searches on a ledger in memory, counted."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        for number in range(HOSTS):
            uuid = _uuid(number)
            self.ledger.carry_out(CreateProvider(uuid=uuid, name=f"host-{number}"))
            self.ledger.carry_out(SetInventories(uuid=uuid, inventories={"VCPU": Inventory(total=4)}))
        root, devices = _uuid(100), [_uuid(200 + number) for number in range(24)]
        self.ledger.carry_out(CreateProvider(uuid=root, name="root"))
        for number, uuid in enumerate(devices):
            self.ledger.carry_out(CreateProvider(uuid=uuid, name=f"device-{number}", parent=root))
            self.ledger.carry_out(SetInventories(uuid=uuid, inventories={"DISK_GB": Inventory(total=4)}))
        self.current = CurrentScope()
        self.search = CandidateSearch(self.pinned, self.current)
        self.count = 0
        self.hook = lambda: None

    @contextmanager
    def pinned(self) -> Iterator[Fleet]:
        """Give the fleet, and count."""
        self.count += 1
        self.hook()
        yield self.ledger.fleet

    def find(self, request: CandidateRequest, in_turn: bool = True) -> Shortlist:
        """Return the candidates of a request."""
        return self.search.shortlist(request, self.ledger.fleet, in_turn=in_turn)


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _asking(**amounts: int) -> CandidateRequest:
    return CandidateRequest(groups=(Group(resources=amounts),))


PAIRS = tuple(frozenset((str(number), str(number + 1))) for number in range(0, 12, 2))
HARD = CandidateRequest(
    groups=tuple(Group(suffix=str(number), resources={"DISK_GB": 3}) for number in range(12)), same_subtrees=PAIRS
)
"""Each pair would have to share one device, and none has room for two: every choice is tried."""


@pytest.fixture
def searches() -> Searches:
    return Searches()


def test_equal_requests_share_a_search(searches: Searches) -> None:
    found = [searches.find(_asking(VCPU=3)) for _ in range(FEW)]
    assert len(set(map(id, found))) == searches.count == 1
    assert len(found[0].candidates) == FEW


def test_more_claims_get_more_candidates(searches: Searches) -> None:
    """So that claims that each need a candidate of their own find one, and there are few searches for many claims."""
    found = [searches.find(_asking(VCPU=3)) for _ in range(HOSTS)]
    assert len(found[-1].candidates) == 2 * FEW
    assert searches.count == 2
    more = [searches.find(_asking(VCPU=3)) for _ in range(HOSTS)]
    assert (len(more[-1].candidates), more[-1].complete, searches.count) == (HOSTS, True, 3)


def test_a_refusal_is_searched_for_once(searches: Searches) -> None:
    assert [searches.find(_asking(VCPU=5)).complete for _ in range(128)] == [True] * 128
    assert searches.count == 1


@pytest.mark.parametrize(("room", "count"), [(4, 1), (2, 2)])
def test_what_makes_room_is_searched_again(room: int, count: int, searches: Searches) -> None:
    searches.ledger.carry_out(SetAllocations(claims=(claim(OLD, {_uuid(0): {"VCPU": 3}}),)))
    searches.find(_asking(VCPU=5))
    searches.ledger.carry_out(SetAllocations(claims=(claim(OLD, {_uuid(0): {"VCPU": room}}),)))
    searches.find(_asking(VCPU=5))
    assert searches.count == count


def test_what_is_used_up_is_searched_again(searches: Searches) -> None:
    searches.find(_asking(VCPU=3)).first = FEW
    searches.find(_asking(VCPU=3))
    assert searches.count == 2


def test_threads_with_the_same_hard_request_share_a_search(searches: Searches) -> None:
    """A thread that asks while another searches waits for that one."""
    everyone = threading.Barrier(8)
    found: list[Shortlist] = []
    searches.hook = lambda: time.sleep(0.05)

    def ask() -> None:
        everyone.wait()
        found.append(searches.find(HARD))

    _in_threads(8, ask)
    assert [each.bounded for each in found] == [True] * 8
    assert len(set(map(id, found))) == 1
    assert searches.count == 2, "one at once, and one in turn"


def test_different_hard_requests_share_the_time(searches: Searches, monkeypatch: pytest.MonkeyPatch) -> None:
    """The more wait, the fewer steps each has; those that were cut short are tried again."""
    monkeypatch.setattr(candidate_search, "UNSHARED", 1)
    monkeypatch.setattr(candidate_search, "FRUITLESS_STEPS", 4_000)
    steps: list[int] = []
    made = searches.search._made

    def noted(request: CandidateRequest, count: int, *rest: object) -> Shortlist:
        steps.append(count)
        return made(request, count, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(searches.search, "_made", noted)
    everyone = threading.Barrier(8)

    def ask(number: int) -> None:
        everyone.wait()
        searches.find(CandidateRequest(groups=HARD.groups, same_subtrees=PAIRS[number % 6 :] + PAIRS[: number % 6]))

    _in_threads(6, ask, numbered=True, extra=everyone)
    in_turn = [count for count in steps if count != candidate_search.STEPS_AT_ONCE]
    assert min(in_turn) < 4_000
    assert max(in_turn) == 4_000
    assert sum(in_turn) < 6 * 4_000


def test_a_thread_that_must_not_take_long_gives_up_soon(searches: Searches) -> None:
    searches.current.scope = RequestScope(brief=True)
    began = time.process_time()
    with pytest.raises(NeedsTime):
        searches.find(HARD)
    assert time.process_time() - began < 0.5
    assert searches.find(_asking(VCPU=3)).candidates


def test_it_does_not_wait_for_another_thread(searches: Searches) -> None:
    began, end = threading.Event(), threading.Event()

    def hold() -> None:
        began.set()
        end.wait(10)

    searches.hook = hold
    other = threading.Thread(target=searches.find, args=(HARD,))
    other.start()
    began.wait(10)
    searches.hook = lambda: None
    searches.current.scope = RequestScope(brief=True)
    with pytest.raises(NeedsTime):
        searches.find(HARD)
    end.set()
    other.join(10)


def test_a_thread_with_time_goes_on_where_the_one_it_waited_for_had_none(searches: Searches) -> None:
    """The other one, which may not take long, begins again elsewhere: that is not this one's answer."""
    both_here, found = threading.Event(), list[bool]()
    searches.hook = lambda: until(both_here.is_set)

    def ask(long: bool) -> None:
        searches.current.scope = RequestScope(long=long)
        try:
            found.append(searches.find(HARD).bounded)
        except NeedsTime:
            assert not long

    threads = [threading.Thread(target=ask, args=(long,)) for long in (False, True)]
    threads[0].start()
    until(lambda: searches.count == 1)
    threads[1].start()
    until(lambda: any(each._condition._waiters for each in searches.search._shared._running.values()))  # type: ignore[attr-defined]
    both_here.set()
    for each in threads:
        each.join(60)
    assert found == [True]


def test_a_search_ends_before_the_deadline_of_its_request(searches: Searches) -> None:
    """It waits for its turn no longer than that, and has then what it found at once."""
    searches.search._turn.acquire()
    searches.current.scope = RequestScope(deadline=time.monotonic() + candidate_search.MARGIN_S + 0.1)
    assert searches.find(HARD).bounded
    assert searches.count == 1


def _in_threads(count: int, work: object, *, numbered: bool = False, extra: threading.Barrier | None = None) -> None:
    if extra is not None:
        for _ in range(extra.parties - count):
            threading.Thread(target=extra.wait).start()
    threads = [threading.Thread(target=work, args=(number,) if numbered else ()) for number in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
