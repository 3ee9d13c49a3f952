"""Finding and claiming in one step, on a draft that commands before have changed."""

from __future__ import annotations

import pytest

from berth.ledger.write.decide import allocate, decide
from berth.ledger.write.decide.allocate import Deferred
from berth.ledger.write.draft import Draft
from berth.model.candidate import Grant
from berth.model.change import Facts, NameKind
from berth.model.commands import Allocate, CreateProvider, SetInventories
from berth.model.errors import ConsumerGenerationConflict, NothingFits
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.unit.ledger.write.memory_ledger import HOST, OLD, OTHER, POOL, MemoryLedger, filled


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


def test_a_batch_fills_one_host_after_another() -> None:
    draft = _draft(3)
    grants: list[Grant] = [decide(draft, _command(number, VCPU=2)) for number in range(6)]
    assert sorted(next(iter(grant.allocations))[-2:] for grant in grants) == ["00", "00", "01", "01", "02", "02"]
    with pytest.raises(NothingFits):
        decide(draft, _command(7, VCPU=2))


def test_one_that_looks_at_too_many_full_hosts_waits_for_the_next_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocate, "MOST_TRIED", 2)
    draft = _draft(3)
    for number in range(2):
        decide(draft, _command(number, VCPU=4))
    draft.pop_facts()
    with pytest.raises(Deferred):
        decide(draft, _command(3, VCPU=4))
    assert draft.pop_facts() == (Facts(), Facts())


def test_what_fits_nowhere_is_refused_at_once() -> None:
    with pytest.raises(NothingFits):
        decide(_draft(2), _command(0, VCPU=5))


def test_the_consumer_must_be_new() -> None:
    request = CandidateRequest(groups=(Group(resources={"DISK_GB": 1}),))
    draft = filled().draft()
    with pytest.raises(ConsumerGenerationConflict):
        decide(draft, Allocate(request=request, consumer=OLD, project="p", user="u"))


def test_what_is_granted_is_held() -> None:
    draft = filled().draft()
    request = CandidateRequest(groups=(Group(resources={"DISK_GB": 30}),))
    grant = decide(draft, Allocate(request=request, consumer=OTHER, project="p", user="u", type="JOB"))
    assert grant == Grant(OTHER, 1, {POOL: {"DISK_GB": 30}}, {"": [POOL]})
    consumer = draft.consumer(OTHER)
    assert consumer is not None
    assert (consumer.held, consumer.project) == ({POOL: {"DISK_GB": 30}}, "p")
    assert consumer.type_id == draft.id_of(NameKind.TYPE, "JOB")
    assert HOST not in draft.pop_facts()[0].generations
