"""Recorded machines against the provider trees that they should become."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.discover import FoundProvider, machine_tree, ranges, read
from berth.model.names import STANDARD_CLASSES, STANDARD_TRAITS, is_custom_name
from tests.support.recorded_machines import NAMES, recorded

# Each line: name, below which (without the machine's own name), what it has.
TREES: dict[str, list[tuple[str, str | None, dict[str, int]]]] = {
    "laptop": [
        ("thinkpad", None, {"VCPU": 8, "MEMORY_MB": 15835, "DISK_GB": 100}),
        ("thinkpad_/home", "", {"DISK_GB": 375}),
        ("thinkpad_0000:00:02.0", "", {"PGPU": 1}),
    ],
    "server": [
        ("gpu-17", None, {"DISK_GB": 447}),
        (
            "gpu-17_NUMA0",
            "",
            {"VCPU": 8, "MEMORY_MB": 59177, "CUSTOM_HUGEPAGES_2MB": 512, "CUSTOM_HUGEPAGES_1GB": 4},
        ),
        ("gpu-17_0000:3B:00.0", "NUMA0", {"SRIOV_NET_VF": 64}),
        ("gpu-17_0000:41:00.0", "NUMA0", {"PGPU": 1}),
        ("gpu-17_NUMA1", "", {"VCPU": 8, "MEMORY_MB": 60406, "CUSTOM_HUGEPAGES_1GB": 4}),
        ("gpu-17_0000:C1:00.0", "NUMA1", {"PGPU": 1}),
        ("gpu-17_0000:C5:00.0", "NUMA1", {"PGPU": 1}),
        ("gpu-17_0000:C8:00.0", "NUMA1", {"PCI_DEVICE": 16}),
        ("gpu-17_/data one", "", {"DISK_GB": 14902}),
        ("gpu-17_/tank", "", {"DISK_GB": 3600}),
    ],
    "virtual": [("web", None, {"VCPU": 2, "MEMORY_MB": 3919, "DISK_GB": 40})],
    "container": [
        ("5f2c9d1e77aa", None, {"VCPU": 2, "MEMORY_MB": 4096, "DISK_GB": 60}),
        ("5f2c9d1e77aa_0000:41:00.0", "", {"PGPU": 1}),
        ("5f2c9d1e77aa_0000:43:00.0", "", {"PGPU": 1}),
    ],
    "arm": [
        ("graviton", None, {"VCPU": 2, "MEMORY_MB": 8000, "CUSTOM_HUGEPAGES_64KB": 1024, "CUSTOM_HUGEPAGES_32MB": 4}),
        ("graviton_/var", "", {"DISK_GB": 20}),
        ("graviton_0000:01:00.0", "", {"SRIOV_NET_VF": 8}),
        ("graviton_0000:02:00.0", "", {"PCI_DEVICE": 1}),
        ("graviton_0000:03:00.0", "", {"VGPU": 8}),
        ("graviton_0000:04:00.0", "", {"VGPU": 2}),
    ],
    "offline": [
        ("idle", None, {"DISK_GB": 10}),
        ("idle_NUMA0", "", {"VCPU": 4, "MEMORY_MB": 16384}),
        ("idle_NUMA1", "", {"MEMORY_MB": 32768}),
    ],
    "broken": [("localhost", None, {})],
}

# Each line: machine, provider (without the machine's own name), traits that it has, traits that it has not.
TRAITS = [
    ("laptop", "", "HW_ARCH_X86_64 HW_NUMA_ROOT HW_CPU_HYPERTHREADING STORAGE_DISK_SSD", "STORAGE_DISK_HDD"),
    ("laptop", "", "HW_CPU_X86_VMX HW_CPU_X86_INTEL_VMX HW_CPU_X86_INTEL_SPEC_CTRL", "HW_CPU_X86_AMD_IBPB"),
    ("laptop", "", "HW_CPU_X86_SSE3 HW_CPU_X86_FMA3 HW_CPU_X86_AESNI HW_CPU_X86_INTEL_MD_CLEAR", "HW_CPU_X86_AVX512F"),
    ("laptop", "0000:00:02.0", "CUSTOM_PCI_VENDOR_8086 CUSTOM_PCI_PRODUCT_8086_46A6", "HW_NUMA_ROOT"),
    ("laptop", "/home", "STORAGE_DISK_SSD", "HW_NUMA_ROOT"),
    ("server", "", "HW_CPU_X86_AVX2 STORAGE_DISK_SSD", "HW_NUMA_ROOT"),
    ("server", "NUMA0", "HW_NUMA_ROOT HW_CPU_X86_AVX2 HW_CPU_X86_AMD_SEV_ES HW_CPU_X86_SVM", "HW_CPU_X86_INTEL_PCID"),
    ("server", "/data one", "STORAGE_DISK_HDD", "STORAGE_DISK_SSD"),
    ("server", "/tank", "", "STORAGE_DISK_HDD STORAGE_DISK_SSD"),
    ("server", "0000:3B:00.0", "HW_NIC_SRIOV CUSTOM_PCI_PRODUCT_8086_1572", "CUSTOM_GPU_ENS1F0"),
    ("server", "0000:41:00.0", "CUSTOM_GPU_NVIDIA_A100_SXM4_80GB CUSTOM_PCI_PRODUCT_10DE_20B2", "HW_NIC_SRIOV"),
    ("server", "0000:41:00.0", "CUSTOM_HW_GPU_CUDA_COMPUTE_CAPABILITY_V8_0", ""),
    ("server", "0000:C5:00.0", "CUSTOM_GPU_AMD_INSTINCT_MI210 CUSTOM_PCI_VENDOR_1002", ""),
    ("virtual", "", "HW_CPU_X86_TSX HW_CPU_X86_AVX512VNNI HW_NUMA_ROOT", "STORAGE_DISK_HDD HW_CPU_HYPERTHREADING"),
    ("container", "", "HW_CPU_X86_AVX2", "HW_NUMA_ROOT"),
    ("container", "0000:41:00.0", "HW_GPU_CUDA_COMPUTE_CAPABILITY_V7_0 CUSTOM_GPU_TESLA_V100_PCIE_16GB", ""),
    ("arm", "", "HW_ARCH_AARCH64 HW_CPU_AARCH64_ASIMDDP HW_CPU_AARCH64_FP", "HW_CPU_AARCH64_SVE HW_CPU_X86_SSE"),
    ("offline", "NUMA0", "HW_CPU_X86_AMXTILE HW_CPU_X86_AMXBF16 HW_CPU_X86_AMXINT8", "HW_CPU_HYPERTHREADING"),
    ("offline", "NUMA1", "HW_NUMA_ROOT", "HW_ARCH_X86_64 HW_CPU_X86_SSE"),
]


def tree_of(name: str, root: Path) -> FoundProvider:
    return machine_tree(read(recorded(name, root)))


def flat(top: FoundProvider) -> list[tuple[str, str | None, dict[str, int]]]:
    names = {each.uuid: each.name.removeprefix(top.name).removeprefix("_") for each in top.walk()}
    return [(each.name, None if each.parent is None else names[each.parent], totals(each)) for each in top.walk()]


def totals(provider: FoundProvider) -> dict[str, int]:
    return {name: inventory.total for name, inventory in provider.inventories.items()}


def test_every_recorded_machine_has_an_expected_tree() -> None:
    assert sorted(TREES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_tree(name: str, tmp_path: Path) -> None:
    assert flat(tree_of(name, tmp_path)) == TREES[name]


@pytest.mark.parametrize(("name", "path", "has", "has_not"), TRAITS)
def test_traits(name: str, path: str, has: str, has_not: str, tmp_path: Path) -> None:
    top = tree_of(name, tmp_path)
    (provider,) = [each for each in top.walk() if each.name == (f"{top.name}_{path}" if path else top.name)]
    assert set(has.split()) <= provider.traits
    assert not set(has_not.split()) & provider.traits


@pytest.mark.parametrize("name", NAMES)
def test_everything_found_can_be_registered(name: str, tmp_path: Path) -> None:
    """Legal classes and traits, amounts within bounds, one claim may have everything; names and uuids differ."""
    providers = list(tree_of(name, tmp_path).walk())
    for provider in providers:
        assert {each for each in provider.traits if not is_custom_name(each)} <= set(STANDARD_TRAITS)
        assert {each for each in provider.inventories if not is_custom_name(each)} <= set(STANDARD_CLASSES)
        for inventory in provider.inventories.values():
            assert inventory.max_unit == inventory.total > inventory.reserved == 0
    assert len({each.name for each in providers}) == len({each.uuid for each in providers}) == len(providers)


@pytest.mark.parametrize("name", NAMES)
def test_reading_twice_gives_the_same(name: str, tmp_path: Path) -> None:
    assert tree_of(name, tmp_path / "once") == tree_of(name, tmp_path / "again")


def test_two_machines_share_no_uuid(tmp_path: Path) -> None:
    seen = [each.uuid for name in NAMES for each in tree_of(name, tmp_path / name).walk()]
    assert len(seen) == len(set(seen))


def test_uuids_never_change(tmp_path: Path) -> None:
    """A ledger knows machines by them: an upgrade must find what the last version registered."""
    uuids = {each.name: each.uuid for each in tree_of("server", tmp_path).walk()}
    assert uuids["gpu-17"] == "0279ece9-075b-53e0-9042-1a8478e82fe2"
    assert uuids["gpu-17_0000:41:00.0"] == "4a109546-5487-5494-aad9-c44474c97de8"


def test_a_name_and_dedicated_processors_can_be_chosen(tmp_path: Path) -> None:
    top = machine_tree(read(recorded("server", tmp_path)), "rack1-gpu", ranges("0-1,8-9,12"))
    nodes = {each.name: totals(each) for each in top.walk() if "NUMA" in each.name}
    assert top.name == "rack1-gpu"
    assert (nodes["rack1-gpu_NUMA0"]["VCPU"], nodes["rack1-gpu_NUMA0"]["PCPU"]) == (4, 4)
    assert (nodes["rack1-gpu_NUMA1"]["VCPU"], nodes["rack1-gpu_NUMA1"]["PCPU"]) == (7, 1)


CONTAINERS = [
    ("nothing limits it", ["sys/fs/cgroup/cpu.max = max 100000", "sys/fs/cgroup/memory.max = max"], [(4, 16384)] * 2),
    ("only time", ["sys/fs/cgroup/memory.max = max"], [(2, 32768)]),
    ("only memory", ["sys/fs/cgroup/cpu.max = max 100000"], [(8, 4096)]),
    ("less than one processor", ["sys/fs/cgroup/cpu.max = 50000 100000"], [(1, 4096)]),
    ("more than there is", ["sys/fs/cgroup/cpu.max = 900000 100000", "sys/fs/cgroup/memory.max = 99999999999"],
     [(4, 16384)] * 2),
    ("one node's processors", ["sys/fs/cgroup/cpu.max = max 100000", "sys/fs/cgroup/memory.max = max",
     "proc/self/status:", "    Cpus_allowed_list:	0-1", "    Mems_allowed_list:	0"], [(2, 16384)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "expected"), [case[1:] for case in CONTAINERS], ids=[case[0] for case in CONTAINERS]
)
def test_a_container_has_what_its_limits_leave(
    limits: list[str], expected: list[tuple[int, int]], tmp_path: Path
) -> None:
    top = machine_tree(read(recorded("container", tmp_path, *limits)))
    have = [totals(each) for each in top.walk() if "VCPU" in each.inventories]
    assert [(each["VCPU"], each["MEMORY_MB"]) for each in have] == expected
    assert ("HW_NUMA_ROOT" in top.children[0].traits) == (len(expected) > 1)
