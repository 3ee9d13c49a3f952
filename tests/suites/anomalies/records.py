"""A made-up fleet and its audit log: records as the ledger writes them, sealed by its own code."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from berth.model.caller import Caller
from berth.model.change import Facts
from berth.model.inventory import Inventory
from berth.store.audit import Chain, Stored
from berth.store.changes import text_of

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
START = 1_767_571_200 * SECOND
"""Midnight of a Monday (2026-01-05)."""

STOCK = {"VCPU": 64, "MEMORY_MB": 262_144, "DISK_GB": 2_000}


@dataclass
class Host:
    """One provider. address: of the machine itself."""

    uuid: str
    address: str
    inventories: dict[str, Inventory] = field(default_factory=dict)


class Log:
    """The log, and what is so after its last record. Times have to come in order."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.chain = Chain(0, "")
        self.changes, self.last_at = 0, 0
        self.facts: list[str | None] = []
        self.hosts: dict[str, Host] = {}
        self.held: dict[str, dict[str, dict[str, int]]] = {}
        self.owned: dict[str, dict[str, None]] = {}

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def records(self) -> list[Stored]:
        rows = self.chain.rows
        return [Stored(row, facts, None) for row, facts in zip(rows, self.facts, strict=True)]

    def capacity(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for host in self.hosts.values():
            for name, inventory in host.inventories.items():
                found[name] = found.get(name, 0) + inventory.capacity
        return found

    # --- Writing ---

    def done(self, at: int, who: Caller, operation: str, target: str, facts: Facts, before: Facts) -> int:
        """A change; returns its record's number."""
        self.changes += 1
        text = text_of(facts)
        self.facts.append(text)
        self.last_at = max(self.last_at, at)  # what takes a while is written after what began later
        self.chain.add(
            self.last_at,
            who,
            f"req-{self.changes}",
            operation,
            target,
            change=self.changes,
            before=None if before == Facts() else text_of(before),
            facts=text,
        )
        return self.chain.number

    def refused(self, at: int, who: Caller, outcome: str, why: str, operation: str = "allocations.put") -> int:
        self.facts.append(None)
        self.last_at = max(self.last_at, at)
        self.chain.add(self.last_at, who, "req-x", operation, "PUT /allocations", outcome=outcome, why=why)
        return self.chain.number

    # --- The fleet ---

    def stock(self, at: int, who: Caller, host: Host, inventories: dict[str, Inventory]) -> int:
        facts = Facts(inventories={host.uuid: inventories}, generations={host.uuid: 1})
        before = Facts(inventories={host.uuid: host.inventories}) if host.inventories else Facts()
        host.inventories = inventories
        self.hosts[host.uuid] = host
        return self.done(at, who, "SetInventories", host.uuid, facts, before)

    def remove(self, at: int, who: Caller, host: Host) -> int:
        del self.hosts[host.uuid]
        facts, before = Facts(gone=[host.uuid]), Facts(inventories={host.uuid: host.inventories})
        return self.done(at, who, "DeleteProvider", host.uuid, facts, before)

    def claim(self, at: int, who: Caller, consumers: Iterable[str] = ()) -> int:
        """New consumers hold something, or known ones something else."""
        given = list(consumers) or [self.new_uuid()]
        before = Facts(claims={each: self.held[each] for each in given if each in self.held})
        claims = {each: {self.chance.choice(list(self.hosts)): {"VCPU": 2, "MEMORY_MB": 4096}} for each in given}
        self.held.update(claims)
        self.owned.setdefault(who.called, {}).update(dict.fromkeys(given))
        return self.done(at, who, "SetAllocations", given[0], Facts(claims=claims), before)

    def release(self, at: int, who: Caller, consumers: Sequence[str]) -> int:
        before = Facts(claims={each: self.held.pop(each) for each in consumers})
        for mine in self.owned.values():
            for each in consumers:
                mine.pop(each, None)
        facts = Facts(claims={each: {} for each in consumers})
        return self.done(at, who, "ReleaseAllocations", consumers[0], facts, before)
