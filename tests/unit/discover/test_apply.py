"""Discovery against a real ledger: twice is a no-op, what people set stays, what is held is never taken away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import berth
from berth.discover import Action, NameTaken, Renamed, apply, lines, machine_tree, plan, read
from berth.discover.ledger import LedgerAccess
from berth.model.errors import CapacityExceeded, ProviderNotFound
from tests.support.recorded_machines import NAMES, recorded
from tests.unit.discover.host import CONSUMER, Host

GPU = "gpu-17_0000:41:00.0"
NIC = "gpu-17_0000:3B:00.0"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[berth.Ledger]:
    with berth.open(ledger_url) as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path, ledger: berth.Ledger) -> Host:
    host = Host("server", tmp_path / "machine", ledger)
    host.apply()
    return host


def drop_gpu(host: Host) -> None:
    host.remove("sys/bus/pci/devices/0000:41:00.0")
    host.put("usr/bin/nvidia-smi", "#!/bin/sh\necho '00000000:C1:00.0, 0x20B210DE, NVIDIA A100-SXM4-80GB, 8.0'\n")


def bring_gpu_back(host: Host) -> None:
    recorded("server", host.root)


def test_a_ledger_has_what_discovery_asks_for(ledger: berth.Ledger) -> None:
    verbs: LedgerAccess = ledger
    with pytest.raises(ProviderNotFound):
        verbs.provider(CONSUMER)


@pytest.mark.parametrize("name", NAMES)
def test_registered_as_found_and_twice_is_a_no_op(name: str, tmp_path: Path, ledger: berth.Ledger) -> None:
    host = Host(name, tmp_path / "machine", ledger)
    top = machine_tree(read(host.source))
    assert set(host.apply().values()) == {Action.ADD}
    for provider in top.walk():
        registered = ledger.provider(provider.uuid)
        assert (registered.name, registered.parent, registered.root) == (provider.name, provider.parent, top.uuid)
        assert host.totals(provider.name) == {each: stock.total for each, stock in provider.inventories.items()}
        assert host.traits(provider.name) == provider.traits
    generations = {each.uuid: each.generation for each in ledger.providers()}
    assert host.apply() == {}
    assert {each.uuid: each.generation for each in ledger.providers()} == generations


class Counting(berth.Ledger):
    """A ledger that counts the commands it is given, refused ones too."""

    commands = 0

    def queue(self, *command, **more):  # type: ignore[no-untyped-def]
        self.commands += 1
        return super().queue(*command, **more)


def test_nothing_is_done_twice(tmp_path: Path, ledger: berth.Ledger) -> None:
    """The generations that the writes are checked against are the right ones at once."""
    counting = Counting(ledger._writer.database, ledger.caller)
    Host("offline", tmp_path / "machine", counting).apply()
    assert counting.commands == 3 * 3, "three providers, each made, stocked and marked with traits"


def test_showing_writes_nothing(tmp_path: Path, ledger: berth.Ledger) -> None:
    before = ledger.changes()
    assert Host("server", tmp_path / "machine", ledger).plan().changes
    assert ledger.changes() == before


def test_this_machine_can_be_registered(ledger: berth.Ledger) -> None:
    machine = read()
    done = apply(plan(machine_tree(machine), machine, ledger), ledger)
    assert {step.action for step in done.steps} == {Action.ADD}
    assert not plan(machine_tree(machine), machine, ledger).changes
    request = berth.CandidateRequest(groups=(berth.Group(resources={"VCPU": 1, "MEMORY_MB": 1}),), limit=1)
    assert len(ledger.find(request).candidates) == 1


def test_a_changed_capacity_is_an_update(server: Host) -> None:
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", "32")
    server.put("sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 99999744 kB")
    server.put("proc/meminfo", "MemTotal: 165840896 kB")
    assert server.apply() == {NIC: Action.CHANGE, "gpu-17_NUMA1": Action.CHANGE}
    assert (server.stock(NIC)["SRIOV_NET_VF"].total, server.stock(NIC)["SRIOV_NET_VF"].max_unit) == (32, 32)
    assert server.totals("gpu-17_NUMA1")["MEMORY_MB"] == (99999744 - 4 * 1048576) // 1024


def test_less_than_is_held_is_an_update_and_said(server: Host) -> None:
    server.claim(NIC, "SRIOV_NET_VF", 40)
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", "32")
    assert server.remarks(NIC) == "SRIOV_NET_VF: 40 held, but the capacity is now 32"
    assert server.apply() == {NIC: Action.CHANGE}
    assert (server.stock(NIC)["SRIOV_NET_VF"].total, server.stock(NIC)["SRIOV_NET_VF"].used) == (32, 40)
    assert server.remarks(NIC) == ""


def test_a_gone_device_that_nobody_holds_is_removed(server: Host) -> None:
    drop_gpu(server)
    assert server.apply() == {GPU: Action.REMOVE}
    assert server.ledger.providers(berth.ProviderQuery(name=GPU)) == []
    bring_gpu_back(server)
    assert server.apply() == {GPU: Action.ADD}


def test_a_gone_device_that_is_held_is_kept_and_said(server: Host) -> None:
    server.claim(GPU, "PGPU", 1)
    drop_gpu(server)
    assert server.remarks(GPU) == f"PGPU gone, but 1 held by {CONSUMER}: kept, closed for new claims"
    assert server.apply() == {GPU: Action.KEEP}
    stock = server.stock(GPU)["PGPU"]
    assert (stock.total, stock.reserved, stock.used) == (1, 1, 1)
    assert "CUSTOM_GONE_PGPU" in server.traits(GPU)
    assert "kept, closed for new claims" in server.remarks(GPU), "it is said every time"


def test_nothing_new_lands_on_a_gone_device(server: Host) -> None:
    server.claim(NIC, "SRIOV_NET_VF", 1)
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", "0")
    server.apply()
    with pytest.raises(CapacityExceeded):
        server.claim(NIC, "SRIOV_NET_VF", 1, str(uuid.uuid4()))
    request = berth.CandidateRequest(groups=(berth.Group(resources={"SRIOV_NET_VF": 1}),))
    assert server.ledger.find(request).candidates == []


def test_a_gone_device_goes_when_it_is_released(server: Host) -> None:
    server.claim(GPU, "PGPU", 1)
    drop_gpu(server)
    server.apply()
    server.ledger.release(CONSUMER)
    assert server.apply() == {GPU: Action.REMOVE}


def test_a_gone_device_that_comes_back_opens_again(server: Host) -> None:
    before = server.stock(GPU)["PGPU"], server.traits(GPU)
    server.claim(GPU, "PGPU", 1)
    drop_gpu(server)
    server.apply()
    bring_gpu_back(server)
    assert server.apply() == {GPU: Action.CHANGE}
    server.ledger.release(CONSUMER)
    after = server.stock(GPU)["PGPU"]
    assert (after.total, after.reserved, after.max_unit) == (before[0].total, before[0].reserved, before[0].max_unit)
    assert server.traits(GPU) == before[1]


def test_a_gone_class_is_removed_or_kept_alike(server: Host) -> None:
    """Huge pages given back: on node 0 somebody holds some, on node 1 nobody does."""
    server.claim("gpu-17_NUMA0", "CUSTOM_HUGEPAGES_1GB", 3)
    for node in "01":
        server.put(f"sys/devices/system/node/node{node}/hugepages/hugepages-1048576kB/nr_hugepages", "0")
    assert server.apply() == {"gpu-17_NUMA0": Action.CHANGE, "gpu-17_NUMA1": Action.CHANGE}
    assert "CUSTOM_HUGEPAGES_1GB" not in server.stock("gpu-17_NUMA1")
    kept = server.stock("gpu-17_NUMA0")["CUSTOM_HUGEPAGES_1GB"]
    assert (kept.total, kept.reserved, kept.used) == (4, 4, 3)
    assert "CUSTOM_GONE_CUSTOM_HUGEPAGES_1GB" in server.traits("gpu-17_NUMA0")
    server.put("sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages", "2")
    server.apply()
    back = server.stock("gpu-17_NUMA0")["CUSTOM_HUGEPAGES_1GB"]
    assert (back.total, back.reserved, back.used) == (2, 0, 3)
    assert "CUSTOM_GONE_CUSTOM_HUGEPAGES_1GB" not in server.traits("gpu-17_NUMA0")


def test_one_node_where_there_were_two(server: Host) -> None:
    """Switched to one node in the firmware: devices move to the machine, what is held on node 1 stays there."""
    server.claim("gpu-17_NUMA1", "VCPU", 2)
    for node in "12":
        server.remove(f"sys/devices/system/node/node{node}")
    server.put("sys/devices/system/node/node0/cpulist", "0-15")
    done = server.apply()
    assert (done["gpu-17_NUMA0"], done["gpu-17_NUMA1"]) == (Action.REMOVE, Action.KEEP)
    assert server.totals("gpu-17")["VCPU"] == 16
    assert server.totals("gpu-17_NUMA1") == {"VCPU": 8}
    assert server.ledger.provider(server.uuid(GPU)).parent == server.uuid("gpu-17")


def test_a_gone_node_goes_with_its_devices(server: Host) -> None:
    """A processor with all that hangs on it was taken out."""
    server.remove("sys/devices/system/node/node1")
    for address in ("0000:c1:00.0", "0000:c5:00.0", "0000:c8:00.0"):
        server.remove(f"sys/bus/pci/devices/{address}")
    server.put("usr/bin/nvidia-smi", "#!/bin/sh\necho '00000000:41:00.0, 0x20B210DE, NVIDIA A100-SXM4-80GB, 8.0'\n")
    planned = [step.action for step in server.plan().steps if step.action not in (Action.SAME, Action.CHANGE)]
    assert planned == [Action.REMOVE] * 5, "two nodes, three devices"
    server.apply()
    assert len(server.ledger.providers()) == 5


def test_what_people_set_stays(server: Host) -> None:
    """Reserved, overcommit and units; a custom class and trait; a provider of somebody else's below a device."""
    node = server.uuid("gpu-17_NUMA0")
    server.ledger.create_class("CUSTOM_LICENCE")
    server.ledger.create_trait("CUSTOM_GOLD")
    given = {name: berth.Inventory(stock.total) for name, stock in server.stock("gpu-17_NUMA0").items()}
    given["VCPU"] = berth.Inventory(8, reserved=1, min_unit=2, max_unit=4, step_size=2, allocation_ratio=4.0)
    given["MEMORY_MB"] = berth.Inventory(59177, reserved=512, max_unit=59177)
    given["CUSTOM_LICENCE"] = berth.Inventory(3)
    server.ledger.set_inventories(node, given)
    server.ledger.set_traits(node, server.traits("gpu-17_NUMA0") | {"CUSTOM_GOLD"})
    foreign = server.ledger.create_provider("bandwidth", parent=server.uuid(NIC))
    assert server.apply() == {}
    server.put("sys/devices/system/node/node0/cpulist", "0-3,8-9")
    server.put("sys/devices/system/node/node1/cpulist", "4-7,10-15")
    assert server.apply() == {"gpu-17_NUMA0": Action.CHANGE, "gpu-17_NUMA1": Action.CHANGE}
    now = server.stock("gpu-17_NUMA0")
    vcpu, memory = now["VCPU"], now["MEMORY_MB"]
    assert (vcpu.total, vcpu.reserved, vcpu.min_unit, vcpu.max_unit, vcpu.step_size) == (6, 1, 2, 4, 2)
    assert (vcpu.allocation_ratio, memory.reserved, now["CUSTOM_LICENCE"].total) == (4.0, 512, 3)
    assert "CUSTOM_GOLD" in server.traits("gpu-17_NUMA0")
    server.remove("sys/bus/pci/devices/0000:3b:00.0")
    server.remove("sys/bus/pci/devices/0000:3b:02.0")
    assert server.apply() == {NIC: Action.KEEP}
    assert server.remarks(NIC) == "gone, but other providers are below it: kept"
    server.ledger.delete_provider(foreign.uuid)
    assert server.apply() == {NIC: Action.REMOVE}


def test_what_is_reserved_never_exceeds_what_is_left(server: Host) -> None:
    server.ledger.set_inventories(server.uuid(NIC), {"SRIOV_NET_VF": berth.Inventory(64, reserved=40)})
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", "32")
    server.apply()
    assert (server.stock(NIC)["SRIOV_NET_VF"].total, server.stock(NIC)["SRIOV_NET_VF"].reserved) == (32, 32)
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", "64")
    server.apply()
    assert server.stock(NIC)["SRIOV_NET_VF"].reserved == 32, "it was people's, and nothing says that it may go"


def test_a_machine_may_stand_in_a_rack(server: Host) -> None:
    rack = server.ledger.create_provider("rack-3")
    beside = server.ledger.create_provider("switch", parent=rack.uuid)
    server.ledger.update_provider(server.uuid("gpu-17"), parent=rack.uuid)
    assert server.apply() == {}
    drop_gpu(server)
    assert server.apply() == {GPU: Action.REMOVE}
    assert server.ledger.provider(server.uuid("gpu-17")).parent == rack.uuid
    assert server.ledger.provider(beside.uuid).name == "switch"


def test_a_provider_that_was_moved_away_is_brought_back(server: Host) -> None:
    shelf = server.ledger.create_provider("shelf")
    server.ledger.update_provider(server.uuid(GPU), parent=shelf.uuid)
    assert server.apply() == {GPU: Action.CHANGE}
    assert server.ledger.provider(server.uuid(GPU)).parent == server.uuid("gpu-17_NUMA0")


@pytest.mark.parametrize("poor", ["sys/devices/system/node/node1/meminfo", "sys/bus/pci/devices/0000:41:00.0/class"])
def test_a_poor_reading_takes_nothing_away(poor: str, server: Host) -> None:
    """What cannot be read is not gone."""
    before = {each.name: (server.totals(each.name), server.traits(each.name)) for each in server.ledger.providers()}
    server.put(poor, "?")
    server.remove("sys/bus/pci/devices/0000:c5:00.0")
    server.put("usr/bin/nvidia-smi", "#!/bin/sh\nexit 1\n")
    assert server.remarks("gpu-17_0000:C5:00.0") == "not found, but not everything could be read: unchanged"
    assert set(server.apply().values()) == {Action.KEEP}
    assert {name: (server.totals(name), server.traits(name)) for name in before} == before


def test_a_new_name_must_be_meant(server: Host) -> None:
    server.claim(GPU, "PGPU", 1)
    drop_gpu(server)
    server.put("proc/sys/kernel/hostname", "gpu-18")
    with pytest.raises(Renamed, match="as gpu-17, but it is called gpu-18 now"):
        server.plan()
    done = server.apply(rename=True)
    assert done["gpu-18"] == done["gpu-18_NUMA0"] == Action.CHANGE
    assert done[GPU] == Action.KEEP, "what is gone keeps its name, and is known by it"
    server.ledger.release(CONSUMER)
    assert server.apply() == {GPU: Action.REMOVE}


@pytest.mark.parametrize("taken", ["gpu-17", "gpu-17_NUMA1"])
def test_a_taken_name_is_refused_before_anything_is_written(taken: str, tmp_path: Path, ledger: berth.Ledger) -> None:
    other = ledger.create_provider(taken)
    with pytest.raises(NameTaken, match=other.uuid):
        Host("server", tmp_path / "machine", ledger).plan()
    assert ledger.providers() == [other]


class Overtaken(berth.Ledger):
    """A ledger in which somebody claims something right before each of the first writes of inventories."""

    claims = 0

    def set_inventories(self, uuid: str, inventories, **more):  # type: ignore[no-untyped-def]
        if self.claims < 3:
            self.claims += 1
            allocations = {uuid: {"SRIOV_NET_VF": self.claims}}
            self.claim(berth.Claim(consumer=CONSUMER, allocations=allocations, project="p", user="u"))
        return super().set_inventories(uuid, inventories, **more)


@pytest.mark.parametrize(("functions", "action"), [("32", Action.CHANGE), ("0", Action.KEEP)])
def test_who_writes_meanwhile_is_not_overwritten(functions: str, action: Action, server: Host) -> None:
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", functions)
    planned = server.plan()
    overtaken = Overtaken(server.ledger._writer.database, server.ledger.caller)
    if action is Action.KEEP:
        server.claim(NIC, "SRIOV_NET_VF", 1)  # after the plan, which says that the device can go
    done = {step.name: step.action for step in apply(planned, overtaken).steps}
    assert done[NIC] == action
    assert overtaken.claims == 3
    assert server.stock(NIC)["SRIOV_NET_VF"].used == 3
    assert not server.plan().changes


def test_the_tree_answers_for_what_is_near_what(server: Host) -> None:
    """Processors, huge pages and a GPU of one node: what the tree is for."""
    request = berth.CandidateRequest(
        groups=(
            berth.Group(suffix="_CPU", resources={"VCPU": 4, "CUSTOM_HUGEPAGES_1GB": 2}),
            berth.Group(suffix="_GPU", resources={"PGPU": 1}, required=(frozenset({"CUSTOM_PCI_VENDOR_10DE"}),)),
            berth.Group(suffix="_NODE", required=(frozenset({"HW_NUMA_ROOT"}),)),
        ),
        same_subtrees=(frozenset({"_CPU", "_GPU", "_NODE"}),),
    )
    pairs = {(each.mappings["_CPU"][0], each.mappings["_GPU"][0]) for each in server.ledger.find(request).candidates}
    assert pairs == {
        (server.uuid("gpu-17_NUMA0"), server.uuid(GPU)),
        (server.uuid("gpu-17_NUMA1"), server.uuid("gpu-17_0000:C1:00.0")),
    }


SHOWN = """\
  gpu-17  DISK_GB 447; 31 traits  [AMD EPYC 7543 32-Core Processor, 2 x 4 cores]
  ├─ gpu-17_NUMA0  CUSTOM_HUGEPAGES_1GB 4, CUSTOM_HUGEPAGES_2MB 512, MEMORY_MB 59177, VCPU 8; 31 traits  [NUMA node]
~ │  ├─ gpu-17_0000:3B:00.0  SRIOV_NET_VF 64 → 32; 3 traits  [SR-IOV network card (ens1f0, 8086:1572)]
! │  └─ gpu-17_0000:41:00.0  PGPU 1 → 1 (1 reserved); 5 traits (+CUSTOM_GONE_PGPU)  [no longer found]
          PGPU gone, but 1 held by 5b7a9a3e-0000-4000-8000-00000000000a: kept, closed for new claims
  ├─ gpu-17_NUMA1  CUSTOM_HUGEPAGES_1GB 4, MEMORY_MB 60406, VCPU 8; 31 traits  [NUMA node]
  │  ├─ gpu-17_0000:C1:00.0  PGPU 1; 4 traits  [GPU (NVIDIA A100-SXM4-80GB, 10de:20b2)]
~ │  ├─ gpu-17_0000:C5:00.0  PGPU 1; 3 traits (+CUSTOM_GPU_MI25 -CUSTOM_GPU_AMD_INSTINCT_MI210)  [GPU (MI25, 1002:740f)]
- │  └─ gpu-17_0000:C8:00.0  PCI_DEVICE 16 → none  [no longer found]
          gone
  ├─ gpu-17_/data one  DISK_GB 14902; 1 trait  [ext4 filesystem]
  └─ gpu-17_/tank  DISK_GB 3600  [zfs filesystem]
note: 0000:02:00.0: only draws a console (ASPEED): not offered as a GPU
10 providers: 2 to change, 1 to remove, 1 gone but kept, 6 unchanged."""


def test_lines(server: Host) -> None:
    server.claim(GPU, "PGPU", 1)
    drop_gpu(server)
    server.put("sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs", "32")
    server.remove("sys/bus/pci/devices/0000:c8:00.0")
    server.put("sys/bus/pci/devices/0000:c5:00.0/product_name", "MI25")
    assert "\n".join(lines(server.plan())) == SHOWN
    assert lines(apply(server.plan(), server.ledger), done=True)[-1] == (
        "10 providers: 2 changed, 1 removed, 1 gone but kept, 6 unchanged."
    )


def test_what_is_gone_from_below_a_strangers_provider_is_shown_and_removed(server: Host) -> None:
    shelf = server.ledger.create_provider("shelf", parent=server.uuid("gpu-17"))
    server.ledger.update_provider(server.uuid(GPU), parent=shelf.uuid)
    drop_gpu(server)
    assert f"- └─ {GPU}" in "\n".join(lines(server.plan()))
    assert server.apply() == {GPU: Action.REMOVE}
