"""A ledger without a database: a fleet in memory, and commands that are decided on drafts of it and applied to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from berth.fleet.state.apply import apply
from berth.fleet.state.fleet import Fleet
from berth.ledger.write.decide import decide
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, Prefetched
from berth.model.change import CatalogueEntry, Change, NameKind
from berth.model.commands import Claim, Command, CreateProvider, SetAllocations, SetInventories
from berth.model.inventory import Inventory
from berth.model.token import Token

HOST: Final = "00000000-0000-4000-8000-00000000000a"
POOL: Final = "00000000-0000-4000-8000-00000000000b"
EMPTY: Final = "00000000-0000-4000-8000-00000000000c"
ABSENT: Final = "00000000-0000-4000-8000-00000000000d"
OLD: Final = "00000000-0000-4000-8000-000000000001"
NEW: Final = "00000000-0000-4000-8000-000000000002"
OTHER: Final = "00000000-0000-4000-8000-000000000003"

CLASSES: Final = ("VCPU", "MEMORY_MB", "DISK_GB")
TRAITS: Final = ("HW_CPU_X86_AVX2", "MISC_SHARES_VIA_AGGREGATE")
FIRST_ID: Final = 100
"""The first id that is not a name's of an empty ledger."""


class MemoryLedger:
    """The fleet, and the consumers and tokens that a database would have."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        names = [(NameKind.CLASS, name) for name in CLASSES] + [(NameKind.TRAIT, name) for name in TRAITS]
        for number, (kind, name) in enumerate(names, 1):
            self.fleet.catalogue.add(CatalogueEntry(kind, number, name, 0))
        self.consumers: dict[str, DraftConsumer] = {}
        self.tokens: dict[str, Token] = {}
        self.next_id = FIRST_ID

    def draft(self) -> Draft:
        """Return a new draft, as a batch gets it."""
        consumers = [_stored(consumer) for consumer in self.consumers.values()]
        return Draft(self.fleet, 1_000, self.next_id, Prefetched(consumers, tuple(self.tokens.values())))

    def carry_out(self, *commands: Command) -> list[Any]:
        """Carry out each command as a batch of its own, and return their results."""
        return [self._carry_out(command) for command in commands]

    def _carry_out(self, command: Command) -> Any:
        draft = self.draft()
        result = decide(draft, command)
        facts, _ = draft.pop_facts()
        apply(self.fleet, Change(self.fleet.head + 1, draft.now, type(command).__name__, "", "", facts))
        self.consumers = {uuid: each for uuid, each in draft.consumers.items() if each.held}
        self.tokens, self.next_id = draft.tokens, draft.next_id
        return result


def filled() -> MemoryLedger:
    """Return a host, a pool, a provider without inventories, and a consumer that holds 4 VCPU of the host."""
    ledger = MemoryLedger()
    ledger.carry_out(
        *(CreateProvider(uuid=uuid, name=name) for uuid, name in ((HOST, "host"), (POOL, "pool"), (EMPTY, "empty"))),
        SetInventories(
            uuid=HOST,
            inventories={
                "VCPU": Inventory(total=8, reserved=2, max_unit=4),
                "MEMORY_MB": Inventory(total=100, min_unit=10, step_size=10),
            },
        ),
        SetInventories(uuid=POOL, inventories={"DISK_GB": Inventory(total=50)}),
        SetAllocations(claims=(claim(OLD, {HOST: {"VCPU": 4}}),)),
    )
    return ledger


def claim(consumer: str, allocations: Mapping[str, dict[str, int]], **values: Any) -> Claim:
    """Return a claim of a project `p` and a user `u`."""
    return Claim(consumer=consumer, allocations=dict(allocations), **({"project": "p", "user": "u"} | values))


def _stored(consumer: DraftConsumer) -> DraftConsumer:
    """Return the consumer as it is read from the database."""
    return DraftConsumer(
        id=consumer.id,
        uuid=consumer.uuid,
        generation=consumer.generation,
        project=consumer.project,
        user=consumer.user,
        type_id=consumer.type_id,
        held=consumer.held,
        stored=True,
        stored_held=True,
    )
