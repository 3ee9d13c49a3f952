"""Fleets for the dashboard to show: a small one with all that there is, and large ones as files to import."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import berth
from berth.model.commands import Claim
from berth.model.inventory import Inventory

FIRST = "7a5c0000-0000-4000-8000-000000000001"
GPU = "7a5c0000-0000-4000-8000-000000000002"
SECOND = "7a5c0000-0000-4000-8000-000000000003"
FULL = "7a5c0000-0000-4000-8000-000000000004"
HOSTILE = "7a5c0000-0000-4000-8000-000000000005"
RACK = "7a5c0000-0000-4000-8000-00000000000a"
RACK_NAME = "rack 7"
JOB = "7a5c0000-0000-4000-8000-0000000000b1"
SERVER = "7a5c0000-0000-4000-8000-0000000000b2"

EVIL = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
"""A name, a project and a user that would be trouble as markup."""


def fill(ledger: berth.Ledger) -> None:
    """Two hosts in a rack, the first with a GPU; one that is full; one with a hostile name. Two consumers."""
    ledger.create_trait("CUSTOM_FAST")
    for uuid, name, parent in (
        (FIRST, "node-1", None),
        (GPU, "node-1-gpu", FIRST),
        (SECOND, "node-2", None),
        (FULL, "node-3", None),
        (HOSTILE, EVIL, None),
    ):
        ledger.create_provider(name, uuid=uuid, parent=parent)
    ledger.set_inventories(FIRST, {"VCPU": Inventory(8), "MEMORY_MB": Inventory(16384, reserved=1024)})
    ledger.set_inventories(GPU, {"VGPU": Inventory(4)})
    ledger.set_inventories(SECOND, {"VCPU": Inventory(16), "MEMORY_MB": Inventory(32768)})
    ledger.set_inventories(FULL, {"VCPU": Inventory(4)})
    ledger.set_inventories(HOSTILE, {"DISK_GB": Inventory(100)})
    ledger.set_traits(FIRST, ["CUSTOM_FAST", "HW_CPU_X86_AVX2"])
    for uuid in (FIRST, SECOND):
        ledger.set_aggregates(uuid, [RACK])
    ledger.name_aggregate(RACK, RACK_NAME, kind="rack")
    held = {FIRST: {"VCPU": 2, "MEMORY_MB": 2048}, GPU: {"VGPU": 1}}
    ledger.claim(Claim(consumer=JOB, allocations=held, project="physics", user="ada", type="JOB"))
    for_all = {FULL: {"VCPU": 4}, HOSTILE: {"DISK_GB": 10}}
    ledger.claim(Claim(consumer=SERVER, allocations=for_all, project=EVIL, user=EVIL, type="INSTANCE"))


def hosts(path: Path, count: int) -> Path:
    """A file with so many hosts, 40 in each aggregate, every fifth with two GPUs."""
    with path.open("w") as file:
        for number in range(count):
            host = f"node-{number:06}"
            record = {
                "name": host,
                "uuid": uuid_of(1, number),
                "inventories": {"VCPU": {"total": 64}, "MEMORY_MB": {"total": 262144}, "DISK_GB": {"total": 2000}},
                "traits": ["HW_CPU_X86_AVX2", *(["CUSTOM_FAST"] if number % 3 == 0 else [])],
                "aggregates": [uuid_of(2, number // 40)],
            }
            file.write(json.dumps(record) + "\n")
            for gpu in range(2 if number % 5 == 0 else 0):
                child = {"name": f"{host}-gpu-{gpu}", "parent": host, "inventories": {"VGPU": {"total": 4}}}
                file.write(json.dumps({**child, "uuid": uuid_of(3 + gpu, number)}) + "\n")
    return path


def uuid_of(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 96) + (4 << 76) + (8 << 60) + number))
