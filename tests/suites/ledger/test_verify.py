"""`berth db verify` notices every way in which rows can be wrong: one damage each."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from berth.ledger import open_ledger
from berth.ledger.verify import verify
from berth.model.commands import Claim, NewInventories
from berth.model.inventory import Inventory
from berth.store.engine import Database
from tests.support.commands import run_berth
from tests.support.filled_ledger import HOST, NODE, POOL, VM, fill

DAMAGES = {
    "UPDATE providers SET generation = generation + 1 WHERE name = 'host'": f"generation of {HOST} is",
    "UPDATE providers SET name = 'other' WHERE name = 'host'": f"name of {HOST} is other, by the log host",
    "UPDATE providers SET root_id = id WHERE name = 'node'": f"the root of {NODE} is {HOST}",
    "UPDATE providers SET parent_id = id WHERE name = 'node'": f"{NODE} is below itself",
    "UPDATE providers SET parent_id = NULL, root_id = id WHERE name = 'node'": f"parent of {NODE} is None",
    "UPDATE inventories SET total = total + 1 WHERE total = 100": f"inventories of {POOL} is",
    "DELETE FROM inventories WHERE total = 100": "which has none",
    "DELETE FROM provider_traits": f"traits of {NODE} is",
    "DELETE FROM provider_aggregates": f"aggregates of {POOL} is",
    "UPDATE allocations SET amount = amount + 1 WHERE amount = 20": f"used of {POOL} is",
    "DELETE FROM allocations WHERE amount = 1024": f"{VM} holds",
    "DELETE FROM allocations WHERE amount = 20": "holds nothing",
    "UPDATE allocations SET amount = 0 WHERE amount = 20": "holds 0 of DISK_GB",
    "UPDATE consumers SET generation = 7 WHERE generation = 2": "generation of consumer",
    "UPDATE consumers SET project = 'rival' WHERE generation = 2": "is of project rival, user",
    "UPDATE consumers SET type_id = NULL WHERE type_id IS NOT NULL": ", type unknown, by the log of",
    "UPDATE names SET name = 'CUSTOM_SLOW' WHERE name = 'CUSTOM_FAST'": "is ('trait', 'CUSTOM_SLOW')",
    "UPDATE head SET number = number + 1": "the log ends with",
    "UPDATE head SET next_id = 5": "the next number to give out is 5",
    "DELETE FROM changes WHERE number = 5": "change 6 follows change 4",
    "DELETE FROM changes WHERE number > 5": "the log ends with 5",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage(database: Database, url: str, damage: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
    assert verify(database).findings == ()
    with database.writing() as connection:
        connection.execute(text(damage))
    findings = verify(database).findings
    assert any(DAMAGES[damage] in finding for finding in findings), findings


def test_what_every_command_makes_adds_up(database: Database, url: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        ledger.update_provider(NODE, name="numa", parent=None)
        ledger.update_provider(NODE, parent=POOL)
        ledger.create_trait("CUSTOM_GONE")
        ledger.delete_trait("CUSTOM_GONE")
        ledger.create_class("CUSTOM_GONE")
        ledger.delete_class("CUSTOM_GONE")
        generations = {uuid: ledger.provider(uuid).generation for uuid in (HOST, NODE)}
        ledger.reshape(
            [
                NewInventories(
                    uuid=HOST, inventories={"CUSTOM_SLOT": Inventory(total=2)}, generation=generations[HOST]
                ),
                NewInventories(
                    uuid=NODE,
                    inventories={"VCPU": Inventory(total=8), "MEMORY_MB": Inventory(total=4096)},
                    generation=generations[NODE],
                ),
            ],
            [Claim(consumer=VM, allocations={NODE: {"VCPU": 2, "MEMORY_MB": 1024}}, project="p", user="u")],
        )
        ledger.release(VM)
        ledger.delete_provider(HOST)
    assert verify(database).findings == ()


def test_on_the_command_line(database: Database, url: str) -> None:
    assert run_berth("db", "verify", "--database", url).stdout == "0 providers, 0 consumers, 1 change: all agree\n"
    with database.writing() as connection:
        connection.execute(text("UPDATE head SET next_id = 5"))
    assert "1 finding" in run_berth("db", "verify", "--database", url, status=1).stdout
