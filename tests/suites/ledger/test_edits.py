"""Edits on every database: by several writers at once, of many providers in one commit, and of a tree as a whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier

import pytest

import berth
from berth import Claim, Inventory, InventoryFields, ProviderQuery, errors
from berth.ledger.verify import verify
from berth.model.edits import RenamedProvider
from berth.model.record import InventoryRecord, ProviderRecord
from berth.store.engine import Database

WRITERS = 8


def rack(number: int) -> str:
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def test_concurrent_edits_all_win(url: str) -> None:
    """Each of eight ledgers adds one trait and one aggregate, and removes one of each that was there."""
    old = [f"CUSTOM_OLD_{number}" for number in range(WRITERS)]
    new = [f"CUSTOM_NEW_{number}" for number in range(WRITERS)]
    with ExitStack() as stack:
        ledgers = [stack.enter_context(berth.open(url)) for _ in range(WRITERS)]
        host = ledgers[0].create_provider("host").uuid
        for name in (*old, *new):
            ledgers[0].create_trait(name)
        ledgers[0].set_traits(host, [*old, "HW_CPU_X86_AVX2"])
        ledgers[0].set_aggregates(host, map(rack, range(WRITERS)))
        seen, begin = ledgers[0].provider(host).generation, Barrier(WRITERS)

        def edit(number: int) -> None:
            begin.wait()
            ledgers[number].edit_traits(host, add=[new[number]], remove=[old[number]])
            ledgers[number].edit_aggregates(host, add=[rack(100 + number)], remove=[rack(number)])

        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(edit, range(WRITERS)))
        for ledger in ledgers:
            assert set(ledger.traits(host).traits) == {*new, "HW_CPU_X86_AVX2"}
            assert set(ledger.aggregates(host).aggregates) == {rack(100 + number) for number in range(WRITERS)}
        assert ledgers[0].provider(host).generation == seen + 2 * WRITERS
    with closing(Database(url)) as database:
        assert verify(database).findings == ()


HOSTS, BELOW = 300, 3


def test_many_providers_in_one_commit(url: str) -> None:
    """One entry of the log has them all; the rows, a second ledger and the log agree."""
    with berth.open(url) as ledger, berth.open(url) as other:
        inventories = {"VCPU": InventoryRecord(64), "MEMORY_MB": InventoryRecord(1024)}
        names = [f"host-{number:04}" for number in range(HOSTS)]
        ledger.put_records([ProviderRecord(name=name, inventories=inventories) for name in names])
        first = ledger.providers(ProviderQuery(name="host-0000"))[0].uuid
        ledger.claim(Claim(consumer=rack(1), allocations={first: {"VCPU": 60}}, project="p", user="u"))
        head, half = ledger.head(), InventoryFields(allocation_ratio=0.5)
        assert ledger.edit_inventories("VCPU", half, where=None, dry_run=True).over_count == 1
        with pytest.raises(errors.CapacityBelowUse) as caught:
            ledger.edit_inventories("VCPU", half, where=None)
        assert caught.value.providers == (first,)
        assert ledger.head() == head, "nothing was written"
        edited = ledger.edit_inventories("VCPU", InventoryFields(allocation_ratio=4.0), where=None)
        assert (edited.matched, edited.changed, ledger.head()) == (HOSTS, HOSTS, head + 1)
        assert {each.inventories["VCPU"].allocation_ratio for each in other.records()} == {4.0}
        assert other.inventory(first, "VCPU").used == 60
        assert ledger.edit_inventories("VCPU", InventoryFields(allocation_ratio=4.0), where=None).changed == 0
        assert (ledger.head(), ledger.audit()[0].target) == (head + 1, "VCPU")
    with closing(Database(url)) as database:
        assert verify(database).findings == ()


def test_a_tree_goes_as_a_whole(url: str) -> None:
    with berth.open(url) as ledger, berth.open(url) as other:
        root = parent = ledger.create_provider("root").uuid
        uuids = [root]
        for number in range(BELOW):  # a chain, and a leaf beside each link
            ledger.create_provider(f"leaf-{number}", parent=parent)
            parent = ledger.create_provider(f"link-{number}", parent=parent).uuid
            ledger.set_inventories(parent, {"VCPU": Inventory(8)})
            ledger.edit_traits(parent, add=["HW_CPU_X86_AVX2"])
            ledger.edit_aggregates(parent, add=[rack(number)])
            uuids.append(parent)
        for number, uuid in enumerate(uuids[2:]):
            ledger.claim(Claim(consumer=rack(number), allocations={uuid: {"VCPU": 1}}, project="p", user="u"))
        head = ledger.head()
        for dry_run in (True, False):
            with pytest.raises(errors.TreeInUse) as caught:
                ledger.delete_tree(root, dry_run=dry_run)
        refusal = caught.value
        assert {each.consumer.uuid for each in refusal.holders} == {rack(0), rack(1)}
        assert (refusal.holder_count, refusal.used, ledger.head()) == (2, {"VCPU": 2}, head)
        ledger.release_matching(holders_of=root)
        assert len(ledger.delete_tree(root, dry_run=True)) == 2 * BELOW + 1
        assert len(ledger.delete_tree(uuids[-1])) == 1
        assert len(ledger.delete_tree(root)) == 2 * BELOW
        assert other.providers() == ledger.providers() == []
        assert ledger.audit()[0].operation == "DeleteTree"
        with pytest.raises(errors.ProviderNotFound):
            ledger.delete_tree(root)
    with closing(Database(url)) as database:
        assert verify(database).findings == ()


def test_a_tree_is_renamed_as_a_whole(url: str) -> None:
    """In one commit, and one that would take a name which is in use renames none."""
    with berth.open(url) as ledger, berth.open(url) as other:
        root = ledger.create_provider("gpu-01").uuid
        board = ledger.create_provider("gpu-01-board", parent=root).uuid
        ledger.create_provider("slot", parent=board)
        card = ledger.create_provider("gpu-01-board-1", parent=board).uuid
        ledger.create_provider("gpu-01-spare")
        ledger.create_provider("gpu-02-board-1")
        head = ledger.head()
        with pytest.raises(errors.ProviderExists) as taken:
            ledger.rename_tree(root, "gpu-02")
        with pytest.raises(errors.ProviderExists):
            ledger.rename_tree(root, "gpu-01-board", dry_run=True)
        with pytest.raises(errors.Invalid):
            ledger.rename_tree(root, "g" * 195)
        with pytest.raises(errors.NameRequired):
            ledger.rename_tree(root, "")
        planned = ledger.rename_tree("gpu-01", "gpu", dry_run=True)
        assert (taken.value.name, ledger.head()) == ("gpu-02-board-1", head)
        assert ledger.rename_tree("gpu-01", "gpu") == planned
        assert planned == [
            RenamedProvider(root, "gpu", "gpu-01"),
            RenamedProvider(board, "gpu-board", "gpu-01-board"),
            RenamedProvider(card, "gpu-board-1", "gpu-01-board-1"),
        ]
        assert ledger.head() == head + 1
        names = {"gpu", "gpu-board", "slot", "gpu-board-1", "gpu-01-spare", "gpu-02-board-1"}
        assert {each.name for each in other.providers()} == names
        assert ledger.audit()[0].operation == "RenameTree"
    with closing(Database(url)) as database:
        assert verify(database).findings == ()
