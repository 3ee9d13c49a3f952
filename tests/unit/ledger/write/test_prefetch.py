"""What is read before a batch is decided: one query for each table, and none for what no command names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from berth.ledger.write.prefetch import prefetch
from berth.ledger.write.writer import Writer
from berth.model.caller import Caller
from berth.model.change import NameKind
from berth.model.commands import (
    Allocate,
    Command,
    CreateProvider,
    CreateToken,
    CreateTrait,
    ReleaseAllocations,
    Reshape,
    RevokeToken,
    RotateToken,
    SetAllocations,
    SetInventories,
)
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest
from berth.model.token import Token
from berth.store.backend import Purpose
from berth.store.engine import Database
from tests.unit.ledger.write.memory_ledger import HOST, NEW, OLD, OTHER, claim

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    opened = Writer(database)
    for command in (
        CreateProvider(uuid=HOST, name="host"),
        SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=8), "MEMORY_MB": Inventory(total=8)}),
        SetAllocations(claims=(claim(OLD, {HOST: {"VCPU": 4, "MEMORY_MB": 1}}, type="VM"),)),
        SetAllocations(claims=(claim(OTHER, {HOST: {"VCPU": 1}}),)),
        CreateToken(token=TOKEN),
    ):
        opened.queue(command, Caller(user="ada"), "req-1")
    opened.run_pending()
    yield opened
    opened.close()


SEARCH = Allocate(request=CandidateRequest(groups=()), consumer=OLD, project="p", user="u")
CASES: dict[str, tuple[list[Command], set[str], set[str], int]] = {
    "nothing": ([CreateTrait(name="CUSTOM_X"), SetInventories(uuid=HOST, inventories={})], set(), set(), 0),
    "claims": ([SetAllocations(claims=(claim(OLD, {}), claim(NEW, {})))], {OLD}, set(), 2),
    "a release": ([ReleaseAllocations(consumer=OTHER)], {OTHER}, set(), 2),
    "a search": ([SEARCH], {OLD}, set(), 2),
    "a reshape": ([Reshape(inventories=(), claims=(claim(OLD, {}),))], {OLD}, set(), 2),
    "several": ([ReleaseAllocations(consumer=each) for each in (OLD, OTHER, NEW)], {OLD, OTHER}, set(), 2),
    "a new consumer": ([ReleaseAllocations(consumer=NEW)], set(), set(), 1),
    "tokens": ([RevokeToken(name="ci"), RotateToken(name="none", hash="h")], set(), {"ci"}, 1),
    "a new token": ([CreateToken(token=TOKEN)], set(), {"ci"}, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_read(name: str, writer: Writer) -> None:
    commands, consumers, tokens, queries = CASES[name]
    statements: list[str] = []
    engine = writer.database._engine(Purpose.READ)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with writer.database.reading() as connection:
        event.listen(engine, "before_cursor_execute", note)
        found = prefetch(connection, writer.fleet, commands)
        event.remove(engine, "before_cursor_execute", note)
    assert {consumer.uuid for consumer in found.consumers} == consumers
    assert {token.name for token in found.tokens} == tokens
    assert len(statements) == queries


def test_a_consumer_as_it_is_stored(writer: Writer) -> None:
    with writer.database.reading() as connection:
        found = prefetch(connection, writer.fleet, [ReleaseAllocations(consumer=OLD)])
    consumer = found.consumers[0]
    kind = writer.fleet.catalogue.id_of(NameKind.TYPE, "VM")
    assert (consumer.generation, consumer.project, consumer.user, consumer.type_id) == (1, "p", "u", kind)
    assert consumer.held == {HOST: {"VCPU": 4, "MEMORY_MB": 1}}
    assert consumer.stored
    assert consumer.stored_held
    assert not consumer.changed
