"""What a reading says of a machine beside its tree: names, notes, limits, and that nothing makes it fail."""

from __future__ import annotations

import random
import re
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from berth.discover import MachineSource, machine_tree, read
from berth.discover.cgroups import read_container, read_limits
from berth.discover.cpus import range_text, ranges
from berth.discover.disks import parse_mountinfo
from berth.discover.nvidia import Card
from berth.discover.nvidia import parse_card as card
from tests.support.recorded_machines import NAMES, recorded, unpacked

NOTES = {
    "laptop": [
        "control group limits: 2.5 processors and 8192 MB: not applied, because they bind this process, not the machine"
    ],
    "server": ["0000:02:00.0: only draws a console (ASPEED): not offered as a GPU"],
    "virtual": ["0000:00:01.0: only draws a console (virtio): not offered as a GPU"],
    "container": [
        "control group limits: 2.5 processors and 4096 MB: applied",
        "identity: only the name is known: after a renaming 5f2c9d1e77aa would be another machine",
        "0000:3b:00.0: SR-IOV network card of the host, not available in this container",
        "0000:42:00.0: GPU of the host, not available in this container",
    ],
    "arm": ["/: no writable local filesystem: no DISK_GB for the machine itself"],
    "offline": ["processors 4-7: offline, not counted"],
}  # fmt: skip

IDENTITIES = {
    "laptop": "0d6a1ef4b1c94c2e8f3a7f0e5f7f3a01",
    "virtual": "4c4c4544-0042-3510-8054-b7c04f4e3933",
    "container": "name:5f2c9d1e77aa",
}

VIRTUAL = {"laptop": None, "server": None, "virtual": "QEMU Standard PC (Q35 + ICH9, 2009)", "arm": None}


@pytest.mark.parametrize("name", sorted(NOTES))
def test_notes(name: str, tmp_path: Path) -> None:
    machine = read(recorded(name, tmp_path))
    assert [str(note) for note in machine.notes] == NOTES[name]
    assert machine.complete


@pytest.mark.parametrize(("name", "identity"), IDENTITIES.items())
def test_identity(name: str, identity: str, tmp_path: Path) -> None:
    assert read(recorded(name, tmp_path)).identity == identity


@pytest.mark.parametrize(("name", "virtual"), VIRTUAL.items())
def test_virtual(name: str, virtual: str | None, tmp_path: Path) -> None:
    assert read(recorded(name, tmp_path)).virtual == virtual


@pytest.mark.parametrize(
    "said",
    [
        "/sys/devices/system/cpu/online: 'one' is not a list of numbers: skipped",
        "/sys/devices/system/node/node0/cpulist: '0-x' is not a list of numbers: skipped",
        "/proc/meminfo: has no MemTotal: memory not counted",
        "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages: 'many' is not a number: skipped",
        "/sys/bus/pci/devices/0000:00:02.0/class: 'graphics' is not a number: skipped",
        "/sys/bus/pci/devices/0000:00:04.0: has no vendor or product: skipped",
        "/: cannot be read (Permission denied): skipped",
        "host name: not set: localhost is used",
    ],
)
def test_what_is_wrong_is_said(said: str, tmp_path: Path) -> None:
    machine = read(recorded("broken", tmp_path))
    assert said in [str(note) for note in machine.notes]
    assert not machine.complete


def test_an_empty_machine_is_no_crash(tmp_path: Path) -> None:
    machine = read(MachineSource(tmp_path, str(tmp_path)))
    assert machine_tree(machine).inventories == {}
    assert not machine.complete


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(12))
def test_spoiled_machines_are_no_crash(name: str, seed: int, tmp_path: Path) -> None:
    """Any file may be empty, nonsense, cut short, a folder, or gone: what is left is read."""
    source = recorded(name, tmp_path / "machine")
    chance = random.Random(seed)
    files = sorted(path for path in (tmp_path / "machine").rglob("*") if path.is_file() and path.parent.name != "bin")
    for path in chance.sample(files, k=min(len(files), 12)):
        if path.name != "sizes":
            spoil(path, chance)
    for provider in machine_tree(read(source)).walk():
        assert all(inventory.total > 0 for inventory in provider.inventories.values())


def spoil(path: Path, chance: random.Random) -> None:
    text = path.read_bytes()
    path.unlink()
    wrong = [
        b"",
        chance.randbytes(40),
        text[: len(text) // 2],
        b"-7",
        b"9" * 5000,
        b"0-99999999999",
        text + b"\0",
        None,
    ]
    match chance.randrange(10):
        case 9:
            path.mkdir()
        case 8:
            pass  # gone
        case other:
            path.write_bytes(wrong[other] or re.sub(rb"[0-9]+", b"9" * 30, text))


def test_what_is_there_but_unreadable_is_noted(tmp_path: Path) -> None:
    source = recorded("server", tmp_path)
    totalvfs = tmp_path / "sys/bus/pci/devices/0000:3b:00.0/sriov_totalvfs"
    totalvfs.unlink()
    totalvfs.mkdir()  # reading it fails, for root too
    machine = read(source)
    said = f"/{totalvfs.relative_to(tmp_path)}: cannot be read (Is a directory): skipped"
    assert said in [str(note) for note in machine.notes]
    assert not machine.complete
    assert "0000:3b:00.0" not in [device.address for device in machine.devices]


TOOLS = [
    ("hangs", "sleep 60", "did not answer within 0.2 s: skipped"),
    ("hangs with a child", "sleep 60 & echo $! > $0.child; wait", "did not answer within 0.2 s: skipped"),
    ("fails", "exit 6", "fails: NVIDIA's names are not known"),
]


@pytest.mark.parametrize(("body", "said"), [case[1:] for case in TOOLS], ids=[case[0] for case in TOOLS])
def test_a_tool_in_trouble_costs_its_names_only(body: str, said: str, tmp_path: Path) -> None:
    tool = ["usr/bin/nvidia-smi !", "    #!/bin/sh", f"    {body}"]
    limit_s = 0.2 if "sleep" in body else 30
    machine = read(recorded("server", tmp_path, *tool, tool_timeout_s=limit_s))
    assert [note.why for note in machine.notes if note.what == f"{tmp_path}/usr/bin/nvidia-smi"] == [said]
    assert [device.model for device in machine.devices if device.vendor == "10DE"] == ["", ""]
    assert not machine.complete


def test_a_hanging_tool_leaves_nobody_behind(tmp_path: Path) -> None:
    tool = ["usr/bin/nvidia-smi !", "    #!/bin/sh", "    sleep 60 & echo $! > $0.child; wait"]
    read(recorded("server", tmp_path, *tool, tool_timeout_s=3))
    child = Path(f"/proc/{(tmp_path / 'usr/bin/nvidia-smi.child').read_text().strip()}/stat")
    deadline = time.monotonic() + 60  # it has been told to end, but may not have come to it
    while _lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _lives(status: Path) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return status.read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    return False


def test_an_old_tool_is_asked_for_less(tmp_path: Path) -> None:
    tool = [
        "usr/bin/nvidia-smi !",
        "    #!/bin/sh",
        '    case "$1" in *compute_cap*) exit 2;; esac',
        '    echo "00000000:41:00.0, 0x20B210DE, NVIDIA A100, 40GB"',
    ]
    machine = read(recorded("server", tmp_path, *tool))
    assert machine.complete
    assert [device.model for device in machine.devices if device.address == "0000:41:00.0"] == ["NVIDIA A100, 40GB"]


def test_a_gpu_that_only_its_driver_knows_is_found(tmp_path: Path) -> None:
    tool = [
        "usr/bin/nvidia-smi !",
        "    #!/bin/sh",
        '    echo "00000000:01:00.0, 0x268410DE, NVIDIA GeForce RTX 4090, 8.9"',
    ]
    (device,) = read(recorded("offline", tmp_path, *tool)).devices
    assert (device.address, device.product, device.model) == ("0000:01:00.0", "2684", "NVIDIA GeForce RTX 4090")


CARDS = [
    ("00000000:3B:00.0, 0x20B510DE, NVIDIA A100 80GB, 8.0", Card("0000:3b:00.0", "20B5", "NVIDIA A100 80GB", "8.0")),
    ("00010000:01:00.0, 0x1EB810DE, Tesla T4, [N/A]", Card("10000:01:00.0", "1EB8", "Tesla T4", "")),
    ("00000000:3B:00.0, 0x20B510DE, NVIDIA A100", Card("0000:3b:00.0", "20B5", "NVIDIA A100", "")),
    ("No devices were found", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), CARDS)
def test_cards(line: str, expected: Card | None) -> None:
    assert card(line) == expected


RANGES = [("", []), ("0", [0]), ("0-3", [0, 1, 2, 3]), ("0-1,8,10-11", [0, 1, 8, 10, 11])]


@pytest.mark.parametrize(("text", "numbers"), RANGES)
def test_ranges(text: str, numbers: list[int]) -> None:
    assert ranges(text) == frozenset(numbers)
    assert range_text(frozenset(numbers)) == text


MOUNTS = [
    ("28 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw", ("8:1", "/", "/", "ext4", False)),
    (r"28 1 8:1 / /a\040b\134c rw - ext4 /dev/sda1 rw", ("8:1", "/", "/a b\\c", "ext4", False)),
    ("28 1 8:1 / /x ro - ext4 /dev/sda1 rw", ("8:1", "/", "/x", "ext4", True)),
    ("28 1 8:1 / /x rw - ext4 /dev/sda1 ro,errors=continue", ("8:1", "/", "/x", "ext4", True)),
    ("28 1 8:1 / /x rw ext4 /dev/sda1", None),
]


@pytest.mark.parametrize(("line", "expected"), MOUNTS)
def test_mounts(line: str, expected: tuple[str, str, str, str, bool] | None) -> None:
    found = [(mount.device, mount.inside, mount.path, mount.kind, mount.read_only) for mount in parse_mountinfo(line)]
    assert found == ([expected] if expected else [])


# Each: what is in the files, how many processors, how many bytes.
LIMITS = [
    ("version 2, none", "proc/self/cgroup = 0::/a\nsys/fs/cgroup/a/cpu.max = max 100000", None, None),
    ("version 2", "proc/self/cgroup = 0::/a\nsys/fs/cgroup/a/cpu.max = 150000 100000", 1.5, None),
    (
        "version 2, tightest below",
        "proc/self/cgroup = 0::/a/b\nsys/fs/cgroup/a/cpu.max = 400000 100000\n"
        "sys/fs/cgroup/a/b/cpu.max = 300000 100000\nsys/fs/cgroup/cpu.max = 800000 100000",
        3.0,
        None,
    ),
    (
        "version 2, tightest above",
        "proc/self/cgroup = 0::/a/b\nsys/fs/cgroup/a/memory.max = 1000\nsys/fs/cgroup/a/b/memory.max = 2000",
        None,
        1000,
    ),
    (
        "version 1",
        "proc/self/cgroup:\n    4:memory:/d\n    3:cpu,cpuacct:/d\n"
        "sys/fs/cgroup/memory/d/memory.limit_in_bytes = 5000\n"
        "sys/fs/cgroup/cpu/d/cpu.cfs_quota_us = 400000\nsys/fs/cgroup/cpu/d/cpu.cfs_period_us = 100000",
        4.0,
        5000,
    ),
    (
        "version 1, none",
        "proc/self/cgroup:\n    4:memory:/\n    3:cpu:/\nsys/fs/cgroup/cpu/cpu.cfs_quota_us = -1\n"
        "sys/fs/cgroup/cpu/cpu.cfs_period_us = 100000\n"
        "sys/fs/cgroup/memory/memory.limit_in_bytes = 9223372036854771712",
        None,
        None,
    ),
    (
        "version 1, the host's path in a container",
        "proc/self/cgroup = 4:memory:/docker/123\nsys/fs/cgroup/memory/memory.limit_in_bytes = 7000",
        None,
        7000,
    ),
]


@pytest.mark.parametrize(("files", "cpus", "size"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_limits(files: str, cpus: float | None, size: int | None, tmp_path: Path) -> None:
    limits = read_limits(unpacked(files, tmp_path))
    assert (limits.cpus, limits.memory_bytes) == (cpus, size)


CONTAINERS = [
    ("a machine", "proc/self/ns/pid -> pid:[4026531836]", None),
    ("a machine made of a container's image", "proc/self/ns/pid -> pid:[4026531836]\n.dockerenv =", None),
    ("docker", "proc/self/ns/pid -> pid:[4026539999]\n.dockerenv =", "docker"),
    ("podman", "proc/self/ns/pid -> pid:[4026539999]\nrun/.containerenv =", "podman"),
    ("by hand", "proc/self/ns/pid -> pid:[4026539999]", "a process namespace of its own"),
    ("an old kernel", "run/systemd/container = lxc", "a container"),
    ("nothing known", "proc/", None),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CONTAINERS], ids=[case[0] for case in CONTAINERS])
def test_container(files: str, expected: str | None, tmp_path: Path) -> None:
    assert read_container(unpacked(files, tmp_path)) == expected


def test_this_machine() -> None:
    """The real one, whatever it is: it has a name, processors, memory, and the same uuids every time."""
    machine = read()
    top = machine_tree(machine)
    totals: dict[str, int] = {}
    for provider in top.walk():
        for name, inventory in provider.inventories.items():
            totals[name] = totals.get(name, 0) + inventory.total
    assert machine.name == socket.gethostname()
    assert 1 <= totals["VCPU"] <= 100_000
    assert totals["MEMORY_MB"] >= 64
    assert [(each.uuid, each.name) for each in machine_tree(read()).walk()] == [
        (each.uuid, each.name) for each in top.walk()
    ]
