"""Every verb does the same, opened or connected, and refuses the same with the same fields."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

import berth
from berth import (
    AliveList,
    CandidateRequest,
    Claim,
    Group,
    Inventory,
    NewInventories,
    ProviderQuery,
    ReconcileFinding,
    ReconcileRequest,
    Term,
    UndoOutcome,
    errors,
)
from berth.model.claim_life import ClaimState
from berth.model.ended_consumer import EndReason
from berth.model.interface import LedgerInterface
from berth.model.record import InventoryRecord, ProviderRecord, RecordStatus


def new() -> str:
    return str(uuid4())


def custom() -> str:
    return f"CUSTOM_{uuid4().hex.upper()}"


def host(verbs: LedgerInterface, total: int = 8) -> str:
    """A provider with room for so many."""
    uuid = verbs.create_provider(f"host-{uuid4()}").uuid
    verbs.set_inventories(uuid, {"VCPU": Inventory(total), "DISK_GB": Inventory(100, reserved=10, step_size=2)})
    return uuid


def claimed(verbs: LedgerInterface, uuid: str, amount: int = 1, project: str = "physics", **fields: Any) -> str:
    consumer = new()
    verbs.claim(Claim(consumer=consumer, allocations={uuid: {"VCPU": amount}}, project=project, user="ada", **fields))
    return consumer


def test_aggregates_by_name(verbs: LedgerInterface) -> None:
    name, uuid, rack = f"rack-{uuid4()}", host(verbs), new()
    assert verbs.name_aggregate(rack.upper(), name, kind="rack") == rack
    assert verbs.edit_aggregates(uuid, add=[name]).aggregates == [rack]
    request = CandidateRequest(groups=(Group(resources={"VCPU": 1}, member_of=(frozenset({name}),)),))
    assert [list(each.allocations) for each in verbs.find(request).candidates] == [[uuid]]
    assert [each.uuid for each in verbs.search(berth.ProviderFilter(aggregate=name)).items] == [uuid]
    assert verbs.details(uuid).aggregate_names == {rack: name}
    listed = {each.name: each for each in verbs.names(berth.NameKind.AGGREGATE)}
    assert (listed[rack].label, listed[rack].kind) == (name, "rack")
    assert verbs.names(berth.NameKind.AGGREGATE, name=name[2:].upper()) == [listed[rack]]
    with pytest.raises(errors.AggregateNameTaken) as taken:
        verbs.name_aggregate(new(), name)
    assert (taken.value.name, taken.value.uuid) == (name, rack)
    with pytest.raises(errors.AggregateNotFound) as unknown:
        verbs.set_aggregates(uuid, [f"{name}x"])
    assert unknown.value.suggestions[:1] == (name,)
    assert verbs.name_aggregate(name, None) == rack
    assert verbs.details(uuid).aggregate_names == {}


def test_consumers_by_name(verbs: LedgerInterface) -> None:
    uuid, name = host(verbs), f"train {uuid4()} 100%"
    job = claimed(verbs, uuid, name=name, note="of Grace", term=Term(confirm_within=600))
    assert verbs.holds.extend(name, 900) > 0
    verbs.holds.confirm(name)
    found = verbs.consumer(name)
    assert (found.uuid, found.name, found.note) == (job, name, "of Grace")
    allocations = verbs.allocations(name)
    assert allocations is not None
    assert allocations.consumer.name == name
    assert [each.name for each in verbs.holders(uuid).items] == [name]
    verbs.edit_consumer(name, note=None)
    for query in (berth.ConsumerQuery(name=name[:20]), berth.ConsumerQuery(text=name), berth.ConsumerQuery(uuid=job)):
        assert [(each.uuid, each.note) for each in verbs.consumers(query).items] == [(job, None)]
    assert verbs.history(name)[0].operation == "EditConsumer"
    twin = claimed(verbs, uuid, name=name)
    with pytest.raises(errors.ConsumerAmbiguous) as several:
        verbs.release(name)
    assert {each.uuid for each in several.value.candidates} == {job, twin}
    assert several.value.candidates[0].hosts == [verbs.provider(uuid).name]
    verbs.edit_consumer(twin, name=None)
    verbs.release(name)
    with pytest.raises(errors.ConsumerNotFound):
        verbs.edit_consumer(name, note="x")
    with pytest.raises(errors.Invalid, match="slash"):
        verbs.release("a/b")


def test_providers(verbs: LedgerInterface) -> None:
    name, renamed = f"rack-{uuid4()}", f"row-{uuid4()}"
    rack = verbs.create_provider(name, uuid=f"{{{new().upper()}}}")
    below = verbs.create_provider(f"{name}-1", parent=rack.uuid)
    assert (below.parent, below.root) == (rack.uuid, rack.uuid)
    assert verbs.provider(rack.uuid.upper()) == rack
    assert verbs.providers(ProviderQuery(name=name)) == [rack]
    assert verbs.update_provider(rack.uuid, name=renamed).name == renamed
    assert verbs.update_provider(below.uuid, parent=None).root == below.uuid
    assert verbs.update_provider(below.uuid, parent=rack.uuid).name == below.name
    verbs.delete_provider(below.uuid)
    with pytest.raises(errors.ProviderNotFound):
        verbs.provider(below.uuid)


def test_what_providers_have(verbs: LedgerInterface) -> None:
    uuid, trait, aggregate = host(verbs), custom(), new()
    assert verbs.create_trait(trait)
    assert not verbs.create_trait(trait)
    before = verbs.provider(uuid).generation
    assert verbs.set_traits(uuid, [trait, "HW_CPU_X86_AVX2"], generation=before).generation == before + 1
    assert verbs.traits(uuid).traits == ["HW_CPU_X86_AVX2", trait]
    assert verbs.set_aggregates(uuid, [aggregate.upper()]).aggregates == [aggregate.upper()]
    assert verbs.aggregates(uuid).aggregates == [aggregate.upper()]
    assert verbs.inventory(uuid, "VCPU").total == 8
    assert set(verbs.inventories(uuid).inventories) == {"VCPU", "DISK_GB"}
    verbs.delete_inventory(uuid, "DISK_GB")
    assert verbs.usages(uuid).usages == {"VCPU": 0}
    verbs.set_traits(uuid, [])
    verbs.delete_trait(trait)


def test_plain_values_and_names_of_providers(verbs: LedgerInterface) -> None:
    name, like_a_uuid, trait = f"gpu r/{uuid4()}", new(), custom()
    uuid, other = (verbs.create_provider(each).uuid for each in (name, like_a_uuid))
    verbs.create_trait(trait)
    assert verbs.set_inventories(name, {"VCPU": {"total": 4}}).inventories["VCPU"].total == 4
    assert verbs.edit_traits(name, add=[trait]).traits == [trait]
    assert verbs.provider(name).uuid == verbs.details(name).uuid == uuid
    assert verbs.provider(like_a_uuid).uuid == other
    verbs.create_provider(uuid)  # its name is the uuid of another, which comes first
    assert verbs.provider(uuid).name == name
    assert name in {each.names.get(uuid) for each in verbs.find({"VCPU": 1}).candidates}
    assert verbs.find({"VCPU": 2**20}).candidates == []
    assert "VCPU" in verbs.explain({"VCPU": 2**20}).why
    group = Group(resources={"VCPU": 1}, required=[trait], in_tree=name)  # type: ignore[arg-type]
    assert verbs.find(CandidateRequest(groups=(group,))).candidates[0].names == {uuid: name}
    consumer = claimed(verbs, name)
    assert verbs.consumers(berth.ConsumerQuery(provider=name)).items[0].uuid == consumer
    assert [item.consumer for page in verbs.pages(verbs.holders, name, limit=1) for item in page.items] == [consumer]
    with verbs.holds.holding({"VCPU": 1}, within=60, project="physics", user="ada") as held:
        assert held.allocations
    assert verbs.history(name)[0].operation
    verbs.release(consumer)


Refused = Callable[[LedgerInterface], object]
NOBODY = "7a5c0000-0000-4000-8000-0000000000ff"


def _within(host: str) -> CandidateRequest:
    return CandidateRequest(groups=(Group(resources={"VCPU": 1}, in_tree=host),))


WRONG: tuple[tuple[str, str, Refused], ...] = (
    ("/VCPU", "an amount is an int", lambda it: it.find({"VCPU": "4"})),  # type: ignore[dict-item]
    ("/groups/0/in_tree", "'no-host' is not a uuid", lambda it: it.find(_within("no-host"))),
    ("/request/groups/0/in_tree", "'no-host'", lambda it: it.allocate(_within("no-host"), project="p", user="u")),
    ("", "not NoneType", lambda it: it.explain(None)),  # type: ignore[arg-type]
    ("/VCPU", "an amount is an int", lambda it: it.allocate({"VCPU": 1.5}, project="p", user="u")),  # type: ignore[dict-item]
    ("/inventories/VCPU/totl", "'total'", lambda it: it.set_inventories(NOBODY, {"VCPU": {"totl": 4}})),
)


@pytest.mark.parametrize(("at", "words", "ask"), WRONG)
def test_a_wrong_plain_value_is_refused_with_its_place(
    at: str, words: str, ask: Refused, verbs: LedgerInterface
) -> None:
    with pytest.raises(errors.Invalid, match=words) as caught:
        ask(verbs)
    assert caught.value.at == at


def test_names(verbs: LedgerInterface) -> None:
    name = custom()
    assert verbs.create_class(name)
    assert not verbs.create_class(name)
    assert verbs.resource_class(name) in verbs.classes()
    verbs.delete_class(name)
    assert verbs.trait("HW_CPU_X86_AVX2") in verbs.trait_names()
    assert len(verbs.trait_names()) == sum(len(verbs.trait_names(associated=each)) for each in (True, False))


def test_claims(verbs: LedgerInterface) -> None:
    uuid = host(verbs)
    consumer = claimed(verbs, uuid, 3, type="JOB", generation=None)
    held = verbs.allocations(consumer)
    assert held is not None
    assert held.consumer == berth.Consumer(consumer, 1, "physics", "ada", "JOB")
    assert [(each.provider, each.resources) for each in held.held] == [(uuid, {"VCPU": 3})]
    assert [each.consumer.uuid for each in verbs.allocations_of(uuid).holders] == [consumer]
    assert verbs.usages(uuid).usages["VCPU"] == 3
    other = host(verbs)
    both = (
        Claim(consumer=consumer, allocations={other: {"VCPU": 1}}, project="arts", user="bob", generation=1),
        Claim(consumer=new(), allocations={uuid: {"VCPU": 1}}, project="arts", user="bob", type=None),
    )
    verbs.claim(*both)
    kept = verbs.consumer(consumer)
    assert (kept.type, kept.generation, kept.allocations) == ("JOB", 2, {other: {"VCPU": 1}})
    verbs.release(consumer)
    assert verbs.allocations(consumer) is None


def test_reshape(verbs: LedgerInterface) -> None:
    uuid = host(verbs)
    node = verbs.create_provider(f"node-{uuid4()}", parent=uuid).uuid
    consumer = claimed(verbs, uuid, 2)
    moved = (
        NewInventories(uuid=uuid, inventories={}, generation=verbs.provider(uuid).generation),
        NewInventories(uuid=node, inventories={"VCPU": Inventory(8)}, generation=0),
    )
    claim = Claim(consumer=consumer, allocations={node: {"VCPU": 2}}, project="physics", user="ada")
    verbs.reshape(moved, [claim])
    assert verbs.usages(node).usages == {"VCPU": 2}
    assert verbs.usages(uuid).usages == {}


def test_records(verbs: LedgerInterface) -> None:
    record = ProviderRecord(name=f"record-{uuid4()}", inventories={"VCPU": InventoryRecord(total=4)})
    bad = ProviderRecord(name=f"record-{uuid4()}", traits=("NONSENSE",))
    outcomes = verbs.put_records([record, bad])
    assert [outcome.became for outcome in outcomes] == [RecordStatus.CREATED, RecordStatus.REFUSED]
    assert "NONSENSE" in outcomes[1].why
    assert verbs.put_records([record])[0].became is RecordStatus.UNCHANGED
    assert record.name in {each.name for each in verbs.records()}
    assert verbs.put_records([]) == []


def test_find_and_explain(verbs: LedgerInterface) -> None:
    uuid, trait = host(verbs), custom()
    verbs.create_trait(trait)
    verbs.set_traits(uuid, [trait])
    request = CandidateRequest(groups=(Group(resources={"VCPU": 2}, required=(frozenset({trait}),)),), limit=5)
    assert [each.allocations for each in verbs.find(request).candidates] == [{uuid: {"VCPU": 2}}]
    too_much = CandidateRequest(groups=(Group(resources={"VCPU": 9}, required=(frozenset({trait}),)),))
    assert verbs.find(too_much).candidates == []
    assert "VCPU" in verbs.explain(too_much).why
    assert verbs.explain(CandidateRequest(groups=(Group(resources={"VCPUS": 9}),))).unknown[0].nearest[0] == "VCPU"


def test_finding_and_claiming_in_one_step(verbs: LedgerInterface) -> None:
    uuid, trait = host(verbs), custom()
    verbs.create_trait(trait)
    verbs.set_traits(uuid, [trait])
    request = CandidateRequest(groups=(Group(resources={"VCPU": 3}, required=(frozenset({trait}),)),))
    got = [verbs.allocate(request, project="physics", user="ada", type="JOB") for _ in range(2)]
    assert [each.allocations for each in got] == [{uuid: {"VCPU": 3}}] * 2
    assert verbs.consumer(got[0].consumer).type == "JOB"
    with pytest.raises(errors.NothingFits) as caught:
        verbs.allocate(request, project="physics", user="ada")
    assert caught.value.funnel == verbs.explain(request)
    assert str(caught.value) == verbs.explain(request).why
    head = verbs.head()
    assert verbs.allocate(request, project="physics", user="ada", type="JOB", consumer=got[0].consumer) == got[0]
    assert verbs.head() == head
    with pytest.raises(errors.ConsumerGenerationConflict):
        verbs.allocate(request, project="physics", user="ada", consumer=got[0].consumer)
    with pytest.raises(errors.TraitsNotFound):
        verbs.allocate(_needing("CUSTOM_NONE"), project="physics", user="ada")


def test_holding(verbs: LedgerInterface) -> None:
    request = CandidateRequest(groups=(Group(resources={"VCPU": 8}, in_tree=host(verbs)),))
    with verbs.holds.holding(request, within=60, project="physics", user="ada") as held:
        assert verbs.holds.extend(held.consumer, 90) == verbs.consumer(held.consumer).deadline
    assert verbs.consumer(held.consumer).deadline is None
    with pytest.raises(errors.NoEnd):
        verbs.holds.extend(held.consumer, 5)


def test_consumers_by_state_and_end(verbs: LedgerInterface) -> None:
    uuid = host(verbs)
    ever, hold = claimed(verbs, uuid), claimed(verbs, uuid, term=Term(confirm_within=600, lasts=3600))
    query = berth.ConsumerQuery(provider=uuid)
    for narrower, found in (
        ({"state": ClaimState.PENDING}, [hold]),
        ({"state": ClaimState.CONFIRMED}, [ever]),
        ({"due": 601}, [hold]),
        ({"due": 0}, []),
    ):
        assert [each.uuid for each in verbs.consumers(replace(query, **narrower)).items] == found
    (holder,) = (each for each in verbs.holders(uuid).items if each.consumer == hold)
    details = verbs.consumer(hold)
    assert (holder.state, holder.end, holder.deadline) == (details.state, details.end, details.deadline)
    assert 590 < (details.expires_in or 0) <= 600
    with pytest.raises(errors.Invalid):
        verbs.consumers(replace(query, state=ClaimState.AHEAD))
    gone = claimed(verbs, uuid)
    ask = ReconcileRequest(trees=(uuid,), alive={ever: None}, as_of=verbs.head())
    verbs.reconcile(replace(ask, dry_run=False, expect=verbs.reconcile(ask).digest), key=new())
    with pytest.raises(errors.AllocationsNotFound) as missed:
        verbs.release(gone)
    assert missed.value.ended is not None
    assert missed.value.ended.why is EndReason.RECONCILED


def test_following_a_log_that_does_not_continue_there(verbs: LedgerInterface) -> None:
    with pytest.raises(errors.LogReset) as caught:
        next(verbs.follow(verbs.head() + 10))
    assert caught.value.head == verbs.head()


def test_following(verbs: LedgerInterface) -> None:
    begun = verbs.head()
    heard: list[str] = []

    def listen() -> None:
        for change in verbs.follow(begun):
            heard.append(change.operation)
            if len(heard) == 3:
                return

    thread = threading.Thread(target=listen)
    thread.start()
    uuid = host(verbs)
    verbs.delete_provider(uuid)
    thread.join(20)
    assert heard == ["CreateProvider", "SetInventories", "DeleteProvider"]
    assert [change.operation for change in verbs.changes(begun, most=2)] == heard[:2]
    assert [record.operation for record in verbs.history(uuid)] == heard[::-1]


REFUSED: tuple[tuple[type[errors.BerthError], Refused], ...] = (
    (errors.ProviderNotFound, lambda it: it.provider(NOBODY)),
    (errors.ProviderNotFound, lambda it: it.set_traits(NOBODY, [])),
    (errors.ProviderNotFound, lambda it: it.allocations_of(NOBODY)),
    (errors.ProviderNotFound, lambda it: it.details(NOBODY)),
    (errors.ClassNotFound, lambda it: it.resource_class("CUSTOM_NONE")),
    (errors.ClassNotFound, lambda it: it.resource_class("a/../b")),
    (errors.TraitsNotFound, lambda it: it.trait("no such ?")),
    (errors.TraitsNotFound, lambda it: it.set_traits(host(it), ["CUSTOM_NONE_A", "CUSTOM_NONE_B"])),
    (errors.InventoryNotFound, lambda it: it.delete_inventory(host(it), "VGPU")),
    (errors.InventoryNotFound, lambda it: it.inventory(host(it), "VGPU")),
    (errors.AllocationsNotFound, lambda it: it.release(NOBODY)),
    (errors.AllocationsNotFound, lambda it: it.consumer(NOBODY)),
    (errors.ParentNotFound, lambda it: it.create_provider("x", parent=NOBODY)),
    (errors.ParentIsSelf, lambda it: it.create_provider("x", uuid=NOBODY, parent=NOBODY)),
    (errors.NameRequired, lambda it: it.create_provider("")),
    (errors.InvalidName, lambda it: it.create_trait("nonsense")),
    (errors.InvalidAmount, lambda it: it.set_inventories(NOBODY, {"VCPU": Inventory(0)})),
    (errors.InvalidAmount, lambda it: claimed(it, NOBODY, 0)),
    (errors.StandardName, lambda it: it.delete_class("VCPU")),
    (errors.ReservedExceedsTotal, lambda it: it.set_inventories(host(it), {"VCPU": Inventory(1, reserved=2)})),
    (errors.AllocationProviderNotFound, lambda it: claimed(it, NOBODY)),
    (errors.ProviderExists, lambda it: it.create_provider(it.provider(host(it)).name)),
    (errors.GenerationConflict, lambda it: it.set_traits(host(it), [], generation=99)),
    (errors.ConsumerGenerationConflict, lambda it: claimed(it, host(it), generation=7)),
    (errors.InventoryMissing, lambda it: it.claim(_of(host(it), {"VGPU": 1}))),
    (errors.UnitsViolated, lambda it: it.claim(_of(host(it), {"DISK_GB": 3}))),
    (errors.CapacityExceeded, lambda it: claimed(it, host(it), 9)),
    (errors.ProviderDrained, lambda it: it.claim(_of(_drained(it), {"VCPU": 1}))),
    (errors.DrainedAbove, lambda it: it.undrain(it.create_provider(f"part-{new()}", parent=_drained(it)).uuid)),
    (errors.NothingMatches, lambda it: it.drain(where=berth.ProviderFilter(name="nothing"))),
    (errors.ClassExists, lambda it: [it.create_class("CUSTOM_TWICE", exist_ok=False) for _ in range(2)]),
    (errors.ProviderNotFound, lambda it: it.provider("nonsense")),
    (errors.ProviderNotFound, lambda it: it.delete_provider("nonsense")),
    (errors.ProviderNotFound, lambda it: it.claim(_of("nonsense", {"VCPU": 1}))),
    (errors.Invalid, lambda it: it.find(CandidateRequest(groups=()))),
    (errors.Invalid, lambda it: it.consumers(berth.ConsumerQuery(order=berth.ConsumerOrder.LARGEST))),
    (errors.Invalid, lambda it: it.search(after="nonsense")),
)


def _drained(it: LedgerInterface) -> str:
    uuid = host(it)
    assert it.drain(uuid, why="fan").changed == 1
    return uuid


def _of(uuid: str, resources: dict[str, int]) -> Claim:
    return Claim(consumer=NOBODY, allocations={uuid: resources}, project="p", user="u")


@pytest.mark.parametrize(("kind", "ask"), REFUSED, ids=lambda it: getattr(it, "__name__", ""))
def test_refusals(kind: type[errors.BerthError], ask: Refused, verbs: LedgerInterface) -> None:
    with pytest.raises(errors.BerthError) as caught:
        ask(verbs)
    assert type(caught.value) is kind
    assert str(caught.value)


def _in_use(it: LedgerInterface) -> object:
    uuid = host(it)
    claimed(it, uuid, 5)
    return it.delete_inventory(uuid, "VCPU")


SAME: tuple[tuple[str, Refused], ...] = (
    ("uuid", lambda it: it.provider(NOBODY)),
    ("names", lambda it: it.find(_needing("CUSTOM_NONE_B", "CUSTOM_NONE_A"))),
    ("actual given", lambda it: it.set_traits(host(it), [], generation=99)),
    ("resource_classes", _in_use),
    ("expected got", lambda it: claimed(it, host(it), generation=7)),
)


def _needing(*traits: str) -> CandidateRequest:
    return CandidateRequest(
        groups=(Group(resources={"VCPU": 1}, required=tuple(frozenset({each}) for each in traits)),)
    )


@pytest.mark.parametrize(("fields", "ask"), SAME, ids=[fields for fields, _ in SAME])
def test_refusals_have_the_same_fields(
    fields: str, ask: Refused, ledger: LedgerInterface, client: LedgerInterface, async_client: LedgerInterface
) -> None:
    found = []
    for verbs in (ledger, client, async_client):
        with pytest.raises(errors.Refusal) as caught:
            ask(verbs)
        assert caught.value.args == (str(caught.value),)
        found.append([getattr(caught.value, name) for name in fields.split()])
    assert found[0] == found[1] == found[2]
    assert None not in found[0] or fields == "expected got"


def test_reading_the_same(ledger: berth.Ledger, client: berth.Client, async_client: LedgerInterface) -> None:
    """Every reading verb, of one moment: the same values, whichever way they are asked for."""
    uuid = host(ledger)
    consumers = [claimed(ledger, uuid, amount, type="JOB") for amount in (1, 2, 3)]
    ledger.drain(host(ledger), why="fan")
    ledger.set_aggregates(uuid, [new()])
    request = CandidateRequest(groups=(Group(resources={"VCPU": 1}),), limit=3)
    of_one = berth.ConsumerQuery(provider=uuid, resource_class="VCPU", order=berth.ConsumerOrder.LARGEST)
    asked: tuple[Callable[[LedgerInterface], Any], ...] = (
        lambda it: it.head(),
        lambda it: it.find(request),
        lambda it: it.explain(request),
        lambda it: it.providers(ProviderQuery(resources={"VCPU": 2})),
        lambda it: it.provider(uuid),
        lambda it: it.details(uuid),
        lambda it: it.inventories(uuid),
        lambda it: it.usages(uuid),
        lambda it: it.traits(uuid),
        lambda it: it.aggregates(uuid),
        lambda it: list(it.records()),
        lambda it: it.overview(),
        lambda it: it.map(
            berth.MapQuery(classes=("VCPU", "DISK_GB"), by=berth.GroupBy.HOSTS, room={"VCPU": 1}, limit=5)
        ),
        lambda it: it.search(berth.ProviderFilter(name="HOST", resource_class="VCPU", room={"VCPU": 1}), limit=2),
        lambda it: it.search(berth.ProviderFilter(drained=True)),
        lambda it: [it.search(order=order, reverse=True, limit=3) for order in berth.ProviderOrder],
        lambda it: it.classes(),
        lambda it: it.trait_names(associated=True),
        lambda it: [it.names(kind) for kind in (berth.NameKind.CLASS, berth.NameKind.TRAIT, berth.NameKind.AGGREGATE)],
        lambda it: it.holders(uuid, limit=2),
        lambda it: it.consumers(of_one, limit=2),
        lambda it: it.consumers(of_one, limit=2, after=it.consumers(of_one, limit=2).next),
        lambda it: [it.consumer(each) for each in consumers],
        lambda it: [it.allocations(each) for each in consumers],
        lambda it: sorted(it.allocations_of(uuid).holders, key=lambda holder: holder.consumer.uuid),
        lambda it: it.allocations_of(uuid).updated_at,
        lambda it: it.project_usages("physics", "ada"),
        lambda it: it.project_usages("no/such project?&"),
        lambda it: it.projects(limit=1),
        lambda it: it.projects(name="PHYS", totals=False),
        lambda it: it.agenda(limit=1).items,
        lambda it: it.leases.list(project="physics", limit=2).items,
        lambda it: [it.report(by, until=it.consumer(consumers[2]).updated_at).rows for by in ("host", "project")],
        lambda it: it.changes(after=2, most=1500),
        lambda it: it.history(uuid, most=3),
        lambda it: it.audit(operation="CreateProvider", most=2),
        lambda it: it.audit(subject=uuid, before=it.head()),
    )

    def same(ask: Callable[[Any], Any]) -> bool:
        return bool(ask(ledger) == ask(client) == ask(async_client))

    # Twice: between two answers another second of what is left of a claim may begin.
    differing = [number for number, ask in enumerate(asked) if not (same(ask) or same(ask))]
    assert differing == []


def test_leases(verbs: LedgerInterface) -> None:
    uuid = host(verbs)
    lease = verbs.leases.grant("node-1", project="physics", ttl=5, grace=60, on_end=berth.OnEnd.KEEP)
    consumer = claimed(verbs, uuid, term=berth.Term(lease=lease.uuid))
    with lease.keep():
        assert lease.beat() == lease.deadline
        shown = verbs.leases.get(lease.uuid)
    assert (shown.name, shown.ttl, shown.grace, shown.on_end) == ("node-1", 5, 60, berth.OnEnd.KEEP)
    assert (shown.state, shown.consumers, shown.deadline) == (berth.LeaseState.LIVE, 1, lease.deadline)
    assert shown in verbs.leases.list(project="physics", state=berth.LeaseState.LIVE, limit=1000).items
    with pytest.raises(errors.LeaseExists) as taken:
        verbs.leases.grant("node-2", project="physics", ttl=5, uuid=lease.uuid)
    assert taken.value.lease == lease.uuid
    with pytest.raises(errors.LeaseNotFound):
        claimed(verbs, uuid, term=berth.Term(lease=new()))
    assert lease.end(berth.LeaseClaims.DETACH) == 1
    assert verbs.allocations(consumer) is not None
    with pytest.raises(errors.LeaseEnded) as ended:
        lease.beat()
    assert (ended.value.lease, ended.value.at) == (lease.uuid, verbs.leases.get(lease.uuid).ended_at)
    unknown = new()
    assert verbs.leases.renew([lease.uuid, unknown]) == {
        lease.uuid: berth.RenewalRefusal.ENDED,
        unknown: berth.RenewalRefusal.UNKNOWN,
    }


def test_a_server_marks_and_ends_leases(ledger: berth.Ledger, client: berth.Client) -> None:
    """In its own time: the lease is granted and read beside the server, which alone sweeps."""
    lease = ledger.leases.grant("node-1", project="physics", ttl=5, grace=1)
    consumer = claimed(ledger, host(ledger), term=berth.Term(lease=lease.uuid))
    seen = set()
    for _ in range(240):
        seen.add(ledger.leases.get(lease.uuid).state)
        if berth.LeaseState.ENDED in seen:
            break
        threading.Event().wait(0.1)
    assert seen == set(berth.LeaseState)
    assert client.allocations(consumer) is None


def test_reconciling_and_undoing(verbs: LedgerInterface) -> None:
    uuid = host(verbs)
    alive, gone = claimed(verbs, uuid), claimed(verbs, uuid, 2, type="VM")
    listed = {alive: {uuid: {"VCPU": 3}}}
    request = ReconcileRequest(trees=(uuid,), alive=listed, as_of=verbs.head(), limit=1)
    report = verbs.reconcile(request)
    assert (report.orphans, report.differing, report.change) == (1, 1, None)
    rest = verbs.reconcile(replace(request, after=report.next or ""))
    found = {each.consumer: (each.finding, each.allocations, each.actual) for each in report.items + rest.items}
    assert found == {
        gone: (ReconcileFinding.ORPHAN, {uuid: {"VCPU": 2}}, None),
        alive: (ReconcileFinding.DIFFERING, {uuid: {"VCPU": 1}}, listed[alive]),
    }
    apply = replace(request, dry_run=False, expect=report.digest)
    with pytest.raises(errors.ReconcileTooLarge) as large:
        verbs.reconcile(replace(apply, at_most=0))
    assert (large.value.orphans, large.value.at_most) == (1, 0)
    with pytest.raises(errors.PlanOutdated) as outdated:
        verbs.reconcile(replace(apply, expect="0" * 16))
    assert outdated.value.digest == report.digest
    for alone in ({}, {"alive": AliveList()}):
        with pytest.raises(errors.NothingAlive):
            verbs.reconcile(replace(request, alive={}), **alone)
    with pytest.raises(errors.Invalid):
        verbs.reconcile(request, alive=AliveList.of_consumers(listed))
    assert verbs.reconcile(replace(request, alive={}), alive=AliveList.of_consumers(listed)) == report
    change = verbs.reconcile(apply).change
    assert change == verbs.head()
    assert verbs.allocations(gone) is None
    assert verbs.undo(change) == UndoOutcome(restored=[gone])
    assert verbs.consumer(gone).allocations == {uuid: {"VCPU": 2}}
    with pytest.raises(errors.CannotUndo) as twice:
        verbs.undo(change)
    assert (twice.value.change, twice.value.count) == (change, 0)


def test_projects_by_a_part_of_their_names(verbs: LedgerInterface) -> None:
    """With the totals of only these, or with none; a part is no pattern."""
    uuid, name = host(verbs), f"lab {uuid4()}"
    projects = [f"{name} A 100%", f"{name} B 100_", f"{name} C 1000"]
    for project in (*projects, projects[1]):
        claimed(verbs, uuid, project=project, type="JOB")
    first = verbs.projects(name=name.upper(), limit=2)
    rest = verbs.projects(name=name, limit=2, after=first.next)
    assert [(each.project, each.consumers) for each in (*first.items, *rest.items)] == [
        *zip(projects, (1, 2, 1), strict=True)
    ]
    held = [(each.resources, each.by_type["JOB"].consumers) for each in first.items]
    assert held == [({"VCPU": 1}, 1), ({"VCPU": 2}, 2)]
    found = [verbs.projects(name=f"{name} {part}", totals=False).items for part in ("a 100%", "b 100_", "c 100_")]
    assert found == [[berth.ProjectItem(projects[0], 1, {}, {})], [berth.ProjectItem(projects[1], 2, {}, {})], []]


def test_pages_of_nothing(verbs: LedgerInterface) -> None:
    pages: list[Callable[..., Any]] = [
        verbs.agenda,
        verbs.consumers,
        verbs.leases.list,
        verbs.projects,
        verbs.report,
        verbs.search,
        lambda limit: verbs.holders(host(verbs), limit=limit),
    ]
    for page in pages:
        for limit in (0, -1):
            with pytest.raises(errors.Invalid):
                page(limit=limit)
