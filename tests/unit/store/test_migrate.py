"""Standard names that a database lacks: they are added as a change, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from berth.store import head, migrate
from berth.store.backend import StaleRead
from berth.store.engine import Database
from berth.store.tables import changes, names


def test_a_writer_without_the_lock_is_noticed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.writing() as connection:
        connection.execute(text("DELETE FROM names WHERE name = 'VCPU'"))
        seen = head.lock(connection, database.capabilities)
    with monkeypatch.context() as patch:
        patch.setattr(head, "lock", lambda *_values: seen._replace(number=seen.number - 1, next_id=seen.next_id + 1))
        patch.setattr(migrate.changes, "append", lambda *_values: None)
        patch.setattr(migrate.audit, "append", lambda *_values: None)
        with pytest.raises(StaleRead):
            migrate.prepare(database)
    with database.reading() as connection:
        assert connection.execute(select(names.c.id).where(names.c.name == "VCPU")).all() == []
    migrate.prepare(database)
    with database.reading() as connection:
        assert connection.execute(select(names.c.id).where(names.c.name == "VCPU")).scalar_one() == seen.next_id
        assert connection.execute(select(changes.c.number)).scalars().all() == [1, 2]
