"""A recorded machine whose files may change, and what a ledger has of it."""

from __future__ import annotations

from pathlib import Path

import berth
from berth.discover import Action, DiscoveryPlan, apply, machine_tree, plan, read
from tests.support.recorded_machines import recorded

CONSUMER = "5b7a9a3e-0000-4000-8000-00000000000a"


class Host:
    """A recorded machine on a disk, whose files may change between readings."""

    def __init__(self, name: str, root: Path, ledger: berth.Ledger) -> None:
        self.source = recorded(name, root)
        self.root, self.ledger = root, ledger

    def put(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def remove(self, path: str) -> None:
        target = self.root / path
        if target.is_dir():
            for each in target.iterdir():
                self.remove(f"{path}/{each.name}")
            target.rmdir()
        else:
            target.unlink()

    def plan(self, *, rename: bool = False) -> DiscoveryPlan:
        machine = read(self.source)
        return plan(machine_tree(machine), machine, self.ledger, rename=rename)

    def apply(self, *, rename: bool = False) -> dict[str, Action]:
        done = apply(self.plan(rename=rename), self.ledger)
        again = self.plan(rename=rename)
        assert [step for step in again.steps if step.writes] == [], "a second run must have nothing to do"
        return {step.name: step.action for step in done.steps if step.action is not Action.SAME}

    def uuid(self, name: str) -> str:
        (provider,) = self.ledger.providers(berth.ProviderQuery(name=name))
        return provider.uuid

    def totals(self, name: str) -> dict[str, int]:
        return {each: stock.total for each, stock in self.stock(name).items()}

    def stock(self, name: str) -> dict[str, berth.InventoryUsage]:
        return dict(self.ledger.inventories(self.uuid(name)).inventories)

    def traits(self, name: str) -> set[str]:
        return set(self.ledger.traits(self.uuid(name)).traits)

    def claim(self, name: str, resource_class: str, amount: int, consumer: str = CONSUMER) -> None:
        allocations = {self.uuid(name): {resource_class: amount}}
        self.ledger.claim(berth.Claim(consumer=consumer, allocations=allocations, project="p", user="u"))

    def remarks(self, name: str) -> str:
        (step,) = [step for step in self.plan().steps if step.name == name]
        return "; ".join(step.remarks)
