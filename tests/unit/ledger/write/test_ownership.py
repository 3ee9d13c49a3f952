"""Owners of trees write below nothing else, whichever way a parent is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.ledger import open_ledger
from berth.model import commands
from berth.model.caller import Caller
from berth.model.edits import NameAggregate
from berth.model.errors import Forbidden
from berth.model.names import parse_uuid
from berth.model.record import ProviderRecord, RecordStatus

SERIAL = "4c4c4544005210488053b8c04f4e3732"
OWN = str(parse_uuid(SERIAL))
NEW = ("10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002")


def test_an_owner_uses_names_of_aggregates_and_makes_none(tmp_path: Path) -> None:
    owner = Caller(name="ci", trees=frozenset({OWN}))
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("own", uuid=OWN)
        before = ledger.head()
        new = ProviderRecord(name="own", uuid=OWN, aggregates=("rack-7",))
        for command in (commands.PutRecords(records=(new,), new_uuids=NEW[:1]), NameAggregate(uuid=OWN, name="x")):
            with pytest.raises(Forbidden):
                ledger.submit(command, owner).result()
        assert ledger.head() == before
        rack = ledger.name_aggregate(NEW[0], "rack-7")
        (outcome,) = ledger.submit(commands.PutRecords(records=(new,), new_uuids=NEW[:1]), owner).result()
        assert (outcome.became, ledger.aggregates(OWN).aggregates) == (RecordStatus.CHANGED, [rack])


def test_a_parent_whose_name_looks_like_the_uuid_of_an_own_tree(tmp_path: Path) -> None:
    owner = Caller(name="ci", trees=frozenset({OWN}))
    below = ProviderRecord(name="gpu", parent=SERIAL)
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        foreign = ledger.create_provider(SERIAL).uuid
        both = commands.PutRecords(records=(below, ProviderRecord(name="own", uuid=OWN)), new_uuids=NEW)
        with pytest.raises(Forbidden):
            ledger.submit(both, owner).result()
        assert [each.uuid for each in ledger.providers()] == [foreign]
        ledger.create_provider("own", uuid=OWN)
        (outcome,) = ledger.submit(commands.PutRecords(records=(below,), new_uuids=NEW[:1]), owner).result()
        assert outcome.became is RecordStatus.CREATED
        assert ledger.provider(NEW[0]).parent == OWN
