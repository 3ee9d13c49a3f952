"""A small ledger with an example of each noun."""

from __future__ import annotations

from berth.ledger import Ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory

HOST, NODE, POOL = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "123")
VM, JOB = (f"00000000-0000-4000-8000-0000000000{digits}" for digits in ("a1", "a2"))
ZONE = "00000000-0000-4000-8000-0000000000f1"


def fill(ledger: Ledger) -> None:
    """Add a host with a node, a pool in an aggregate, and two consumers."""
    ledger.create_provider("host", uuid=HOST)
    ledger.create_provider("node", uuid=NODE, parent=HOST)
    ledger.create_provider("pool", uuid=POOL)
    ledger.create_class("CUSTOM_SLOT")
    ledger.create_trait("CUSTOM_FAST")
    ledger.set_inventories(HOST, {"VCPU": Inventory(total=8, allocation_ratio=1.1), "CUSTOM_SLOT": Inventory(total=2)})
    ledger.set_inventories(NODE, {"MEMORY_MB": Inventory(total=4096, reserved=512, step_size=64)})
    ledger.set_inventories(POOL, {"DISK_GB": Inventory(total=100)})
    ledger.set_traits(NODE, ["CUSTOM_FAST", "HW_CPU_X86_AVX2"])
    ledger.set_aggregates(POOL, [ZONE])
    ledger.claim(Claim(consumer=VM, allocations={HOST: {"VCPU": 2}, NODE: {"MEMORY_MB": 1024}}, project="p", user="u"))
    ledger.claim(Claim(consumer=JOB, allocations={POOL: {"DISK_GB": 10}}, project="q", user="u", type="JOB"))
    ledger.claim(Claim(consumer=JOB, allocations={POOL: {"DISK_GB": 20}}, project="q", user="u", type="JOB"))
