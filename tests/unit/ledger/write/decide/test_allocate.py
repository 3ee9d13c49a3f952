"""Finding and claiming in one step, on a draft that commands before have changed."""

from __future__ import annotations

import pytest

from berth.fleet.find.budget import Budget
from berth.ledger.write.decide.allocate import Deferred, LockedSearch, allocate
from berth.ledger.write.draft import Draft
from berth.ledger.write.shortlist import Shortlist, shortlist
from berth.model.candidate import Grant
from berth.model.change import Facts, NameKind
from berth.model.commands import (
    Allocate,
    Command,
    CreateClass,
    CreateProvider,
    CreateTrait,
    SetAllocations,
    SetInventories,
    SetTraits,
)
from berth.model.errors import ClassNotFound, ConsumerGenerationConflict, NothingFits
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.unit.ledger.write.memory_ledger import HOST, OLD, OTHER, POOL, MemoryLedger, claim, filled


def _draft(hosts: int) -> Draft:
    ledger = MemoryLedger()
    for number in range(hosts):
        uuid = f"00000000-0000-4000-8000-0000000000{number:02}"
        ledger.carry_out(CreateProvider(uuid=uuid, name=f"host-{number}"))
        ledger.carry_out(SetInventories(uuid=uuid, inventories={"VCPU": Inventory(total=4)}))
    return ledger.draft()


def _command(number: int, **amounts: int) -> Allocate:
    request = CandidateRequest(groups=(Group(resources=amounts),))
    return Allocate(request=request, consumer=f"00000000-0000-4000-8000-0000000001{number:02}", project="p", user="u")


def _allocate(draft: Draft, command: Allocate, shortlist: Shortlist | None = None, steps: int = 1_000) -> Grant:
    try:
        return allocate(draft, command, shortlist, LockedSearch(draft, Budget.limited(steps)))
    finally:
        draft.pop_facts()


def _shortlist(draft: Draft, command: Allocate, wanted: int = 16) -> Shortlist:
    return shortlist(draft.fleet, command.request, Budget(), wanted)


def test_a_batch_fills_one_host_after_another() -> None:
    """Claims with the same request share a search, which goes on where the last one has ended."""
    draft = _draft(3)
    search = LockedSearch(draft, Budget())
    grants = [allocate(draft, _command(number, VCPU=2), None, search) for number in range(6)]
    assert [next(iter(grant.allocations))[-2:] for grant in grants] == ["00", "00", "01", "01", "02", "02"]
    with pytest.raises(NothingFits):
        allocate(draft, _command(7, VCPU=2), None, search)


def test_candidates_are_taken_in_turn() -> None:
    draft = _draft(3)
    found = _shortlist(draft, _command(0, VCPU=2))
    grants = [_allocate(draft, _command(number, VCPU=2), found) for number in range(6)]
    assert [next(iter(grant.allocations))[-2:] for grant in grants] == ["00", "00", "01", "01", "02", "02"]
    assert draft.tried == {found: 2}


@pytest.mark.parametrize(("claims_only", "raised"), [(True, NothingFits), (False, Deferred)])
def test_what_others_may_release_is_waited_for(claims_only: bool, raised: type[Exception]) -> None:
    """A claim is refused only if no command of its batch makes room."""
    draft = _draft(2)
    draft.claims_only = claims_only
    found = _shortlist(draft, _command(0, VCPU=4))
    for number in range(2):
        _allocate(draft, _command(number, VCPU=4), found)
    with pytest.raises(raised):
        _allocate(draft, _command(3, VCPU=4), found)


def test_a_short_list_is_not_all() -> None:
    draft = _draft(3)
    draft.claims_only = True
    found = _shortlist(draft, _command(0, VCPU=4), wanted=2)
    for number in range(2):
        _allocate(draft, _command(number, VCPU=4), found)
    with pytest.raises(Deferred):
        _allocate(draft, _command(3, VCPU=4), found)
    assert _allocate(draft, _command(3, VCPU=4)).consumer == _command(3, VCPU=4).consumer


def _ledger_with_host() -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.carry_out(CreateProvider(uuid=HOST, name="host"))
    ledger.carry_out(SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=4)}))
    return ledger


RELEASE = SetAllocations(claims=(claim(OLD, {}),))
TAKE = SetAllocations(claims=(claim(OLD, {HOST: {"VCPU": 4}}),))
OTHER_TRAITS = SetTraits(uuid=HOST, traits=frozenset({"HW_CPU_X86_AVX2"}))


@pytest.mark.parametrize(
    ("before", "between", "raised"),
    [
        (None, TAKE, NothingFits),
        (None, OTHER_TRAITS, Deferred),
        (TAKE, RELEASE, Deferred),
        (TAKE, OTHER_TRAITS, Deferred),
        (TAKE, CreateTrait(name="CUSTOM_X"), Deferred),
        (TAKE, CreateProvider(uuid=POOL, name="pool"), Deferred),
        (TAKE, None, NothingFits),
    ],
)
def test_what_was_found_before_others_wrote(
    before: Command | None, between: Command | None, raised: type[Exception]
) -> None:
    """A refusal holds if nothing can have made room since the search; candidates hold if only amounts held changed."""
    ledger = _ledger_with_host()
    ledger.carry_out(*filter(None, [before]))
    command = _command(0, VCPU=4)
    found = _shortlist(ledger.draft(), command)
    ledger.carry_out(*filter(None, [between]))
    draft = ledger.draft()
    draft.claims_only = True
    with pytest.raises(raised):
        _allocate(draft, command, found)


def test_candidates_stay_right_when_others_claim_and_release() -> None:
    ledger = _ledger_with_host()
    command = _command(0, VCPU=4)
    found = _shortlist(ledger.draft(), command)
    ledger.carry_out(TAKE, RELEASE)
    assert _allocate(ledger.draft(), command, found).allocations == {HOST: {"VCPU": 4}}


def test_what_was_found_on_another_fleet_does_not_count() -> None:
    """The fleet was built from rows again: the same numbers may stand for other changes."""
    found = _shortlist(_draft(1), _command(0, VCPU=4))
    with pytest.raises(Deferred):
        _allocate(_draft(1), _command(0, VCPU=4), found)


def test_an_unknown_name_is_refused_unless_it_may_be_known_by_now() -> None:
    ledger = _ledger_with_host()
    command = _command(0, CUSTOM_X=1)
    found = _shortlist(ledger.draft(), command)
    with pytest.raises(ClassNotFound):
        _allocate(ledger.draft(), command, found)
    ledger.carry_out(CreateClass(name="CUSTOM_X"))
    with pytest.raises(Deferred):
        _allocate(ledger.draft(), command, found)


def test_a_budget_that_others_have_used_up_is_waited_for() -> None:
    """The first command of a batch has the budget for itself: what is not found with that is refused."""
    draft = _draft(2)
    _allocate(draft, _command(0, VCPU=4))
    search = LockedSearch(draft, Budget.limited(10, ends=0.0))
    with pytest.raises(Deferred):
        allocate(draft, _command(1, VCPU=4), None, search)
    assert draft.pop_facts() == (Facts(), Facts())
    draft.decided = 0
    with pytest.raises(NothingFits) as refused:
        allocate(draft, _command(2, VCPU=4), None, search)
    assert refused.value.bounded


def test_what_fits_nowhere_is_refused_at_once() -> None:
    with pytest.raises(NothingFits):
        _allocate(_draft(2), _command(0, VCPU=5))


def test_the_consumer_must_be_new() -> None:
    request = CandidateRequest(groups=(Group(resources={"DISK_GB": 1}),))
    draft = filled().draft()
    with pytest.raises(ConsumerGenerationConflict):
        _allocate(draft, Allocate(request=request, consumer=OLD, project="p", user="u"))


def test_what_is_granted_is_held() -> None:
    draft = filled().draft()
    request = CandidateRequest(groups=(Group(resources={"DISK_GB": 30}),))
    command = Allocate(request=request, consumer=OTHER, project="p", user="u", type="JOB")
    grant = allocate(draft, command, None, LockedSearch(draft, Budget()))
    assert grant == Grant(OTHER, 1, {POOL: {"DISK_GB": 30}}, {"": [POOL]})
    consumer = draft.consumer(OTHER)
    assert consumer is not None
    assert (consumer.held, consumer.project) == ({POOL: {"DISK_GB": 30}}, "p")
    assert consumer.type_id == draft.id_of(NameKind.TYPE, "JOB")
    assert HOST not in draft.pop_facts()[0].generations
