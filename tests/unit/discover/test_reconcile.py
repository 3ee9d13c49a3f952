"""Any machine after any other, with anything held in between: what holds however machines change."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import berth
from berth.discover import FoundProvider, Machine, Note, apply, machine_tree, plan
from berth.discover.machine import Cpus, Device, DeviceKind, Filesystem, HugePages, Node
from berth.discover.reconcile import is_own_class
from tests.support.empty_ledgers import EmptyLedgers

GIB_KB = 1 << 20

nodes = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([0, GIB_KB, 3 * GIB_KB]), st.sampled_from([0, 4, 64])),
    min_size=1,
    max_size=3,
)
devices = st.dictionaries(
    st.sampled_from(["0000:01:00.0", "0000:02:00.0", "0000:03:00.0"]),
    st.tuples(
        st.sampled_from([DeviceKind.GPU, DeviceKind.SHARED_GPU, DeviceKind.NETWORK]),
        st.integers(1, 8),
        st.integers(-1, 2),
    ),
)
disks = st.lists(st.sampled_from(["/", "/data"]), unique=True)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """A machine of any shape; sometimes one of which something could not be read."""
    made, first = [], 0
    for number, (cpus, memory_kb, pages) in enumerate(draw(nodes)):
        pool = (HugePages(2048, pages),) if pages * 2048 <= memory_kb and pages else ()
        made.append(Node(number, frozenset(range(first, first + cpus)), memory_kb, pool))
        first += cpus
    features = frozenset(draw(st.sets(st.sampled_from(["avx", "avx2", "aes"]))))
    cards = tuple(
        Device(address, kind, "10DE", "20B2", node if node >= 0 else None, units)
        for address, (kind, units, node) in sorted(draw(devices).items())
    )
    return Machine(
        name="host",
        identity="",
        cpus=Cpus(frozenset(range(first)), first, 1, "", "x86_64", "", features),
        nodes=tuple(made),
        filesystems=tuple(Filesystem(path, "ext4", 50 << 30) for path in draw(disks)),
        devices=cards,
        notes=(Note("x", "unreadable", hides=True),) if draw(st.integers(0, 4)) == 0 else (),
    )


@pytest.fixture(scope="module")
def ledger(ledgers: EmptyLedgers) -> Iterator[berth.Ledger]:
    with berth.open(ledgers.new()) as opened:
        yield opened


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(machines(), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_however_a_machine_changes(ledger: berth.Ledger, shapes: list[Machine], chance) -> None:  # type: ignore[no-untyped-def]
    identity = str(uuid.uuid4())
    consumers: dict[str, dict[str, dict[str, int]]] = {}
    for shape in shapes:
        machine = msgspec.structs.replace(shape, identity=identity, name=identity)
        top = machine_tree(machine)
        apply(plan(top, machine, ledger), ledger)
        assert not plan(top, machine, ledger).changes
        assert {each: held(ledger, each) for each in consumers} == consumers
        check_tree(ledger, top, machine)
        change_holders(ledger, top.uuid, consumers, chance)
    for consumer in consumers:
        ledger.release(consumer)
    last = msgspec.structs.replace(shapes[-1], identity=identity, name=identity, notes=())
    apply(plan(machine_tree(last), last, ledger), ledger)
    have = {each.uuid for each in ledger.providers(berth.ProviderQuery(in_tree=machine_tree(last).uuid))}
    assert have == {each.uuid for each in machine_tree(last).walk()}, "what nobody holds any more goes"


def held(ledger: berth.Ledger, consumer: str) -> dict[str, dict[str, int]]:
    allocations = ledger.allocations(consumer)
    return {each.provider: each.resources for each in allocations.held} if allocations else {}


def check_tree(ledger: berth.Ledger, top: FoundProvider, machine: Machine) -> None:
    wanted = {each.uuid: each for each in top.walk()}
    registered = ledger.providers(berth.ProviderQuery(in_tree=top.uuid))
    assert set(wanted) <= {each.uuid for each in registered}
    for provider in registered:
        want = wanted.get(provider.uuid)
        stock = ledger.inventories(provider.uuid).inventories
        totals = {name: inventory.total for name, inventory in want.inventories.items()} if want else {}
        assert {name: stock[name].total for name in totals} == totals
        if want:
            assert (provider.name, provider.parent) == (want.name, want.parent)
            assert want.traits <= set(ledger.traits(provider.uuid).traits)
        if machine.complete:
            check_gone(stock, totals)


def check_gone(stock: dict[str, berth.InventoryUsage], totals: dict[str, int]) -> None:
    """What was not found is there only if it is held, and has no room; what was found is open."""
    for name, inventory in stock.items():
        assert is_own_class(name)
        if name in totals:
            assert inventory.reserved == 0
        else:
            assert (inventory.used > 0, inventory.reserved) == (True, inventory.total)


def change_holders(ledger: berth.Ledger, top: str, consumers: dict, chance) -> None:  # type: ignore[no-untyped-def,type-arg]
    for consumer in [each for each in consumers if chance.random() < 0.3]:
        ledger.release(consumer)
        del consumers[consumer]
    for provider in ledger.providers(berth.ProviderQuery(in_tree=top)):
        for name, stock in ledger.inventories(provider.uuid).inventories.items():
            free = stock.total - stock.reserved - stock.used
            if free > 0 and chance.random() < 0.4:
                consumer, amount = str(uuid.uuid4()), chance.randint(1, free)
                consumers[consumer] = {provider.uuid: {name: amount}}
                ledger.claim(berth.Claim(consumer=consumer, allocations=consumers[consumer], project="p", user="u"))
