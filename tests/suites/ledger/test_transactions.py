"""What Berth relies on in every database."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import event, text

from berth.ledger import Ledger, open_ledger, versions
from berth.ledger.verify import verify
from berth.model.commands import Claim, SetAllocations
from berth.model.errors import LedgerClosed, Unavailable
from berth.model.inventory import Inventory
from berth.store import address, backend, write_set
from berth.store.backend import Purpose, StaleRead, Unreachable
from berth.store.engine import Database
from tests.support.deadline import LIMIT_S
from tests.support.filled_ledger import HOST, JOB, POOL, VM, fill

NEWCOMERS = [f"00000000-0000-4000-8000-0000000000{digits}" for digits in ("b1", "b2")]


@pytest.fixture
def ledger(database: Database, url: str) -> Any:
    with open_ledger(url) as opened:
        yield opened


@pytest.mark.parametrize("name", ["vm", "VM", "vm ", "ﬃ", "é", "e\u0301", "\U0001f916", "a" * 200])
def test_names_are_exact(ledger: Ledger, name: str) -> None:
    others = [ledger.create_provider(other) for other in ("Vm", " vm", "e", "ffi")]
    made = ledger.create_provider(name)
    with open_ledger(str(ledger._writer.database.url.render_as_string(hide_password=False))) as another:
        assert another.provider(made.uuid).name == name
        assert {provider.name for provider in another.providers()} == {name, *(other.name for other in others)}


@pytest.mark.parametrize("ratio", [0.1 + 0.2, 1 / 3, 3.4e38, 1e-300, 16.0])
def test_ratios_are_exact(ledger: Ledger, url: str, ratio: float) -> None:
    host = ledger.create_provider("host")
    ledger.set_inventories(host.uuid, {"VCPU": Inventory(total=7, allocation_ratio=ratio)})
    with open_ledger(url) as another:
        assert another.inventories(host.uuid) == ledger.inventories(host.uuid)
        assert another.inventories(host.uuid).inventories["VCPU"].allocation_ratio == ratio


@pytest.mark.parametrize("seen", [[(1, 0), (2, 0)], [(1, 0), (2, 5)], [(1, 7)], [(9, 0)]])
def test_guarded_writes_count(database: Database, seen: list[tuple[int, int]]) -> None:
    with database.writing() as connection:
        for number in (1, 2):
            connection.execute(
                text("INSERT INTO providers VALUES (:id, :uuid, :uuid, 0, NULL, :id, 0, 0)"),
                {"id": number, "uuid": f"uuid-{number}"},
            )
    wanted = write_set.WriteSet(touch_providers=[{"key": key, "seen": at, "to": at + 1, "at": 1} for key, at in seen])
    if all(at == 0 and key in (1, 2) for key, at in seen):
        with database.writing() as connection:
            write_set.write(connection, wanted)
    else:
        with pytest.raises(StaleRead), database.writing() as connection:
            write_set.write(connection, wanted)
        with database.reading() as connection:
            assert connection.execute(text("SELECT SUM(generation) FROM providers")).scalar() == 0


def test_a_read_sees_one_moment(ledger: Ledger, url: str) -> None:
    fill(ledger)
    with open_ledger(url) as another, another._writer.read_with_rows() as (fleet, connection):
        count = connection.execute(text("SELECT COUNT(*) FROM allocations")).scalar()
        ledger.release(VM)
        assert connection.execute(text("SELECT COUNT(*) FROM allocations")).scalar() == count
        assert fleet.head == len(ledger.changes(most=1000)) - 1


def test_who_waits_too_long_for_a_lock_is_told(database: Database, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sqlite", "postgresql", "mariadb"):
        monkeypatch.setattr(f"berth.store.{module}.LOCK_S", 1)
    monkeypatch.setattr("berth.ledger.retry.GIVE_UP_S", 1)
    with open_ledger(url) as ledger, database.writing() as connection:
        connection.execute(text("UPDATE head SET number = number"))
        began = time.monotonic()
        with pytest.raises(Unavailable, match="is being written by another process"):
            ledger.create_provider("late")
        assert 1 <= time.monotonic() - began < LIMIT_S
        assert ledger.providers() == []  # readers do not wait


def test_a_commit_without_an_answer_is_not_made_twice(ledger: Ledger) -> None:
    """The connection is lost after the commit was done: only the audit log shows it."""
    fill(ledger)
    lost = _lose(ledger, after=True)
    before = len(ledger.changes(most=1000))
    ledger.claim(Claim(consumer=VM, allocations={HOST: {"VCPU": 3}}, project="p", user="u", generation=1))
    assert lost == [1]
    held = ledger.allocations(VM)
    assert held is not None
    assert (held.consumer.generation, len(ledger.changes(most=1000))) == (2, before + 1)


def test_a_commit_that_was_not_done_is_made_again(ledger: Ledger) -> None:
    fill(ledger)
    lost = _lose(ledger, after=False)
    ledger.claim(Claim(consumer=VM, allocations={HOST: {"VCPU": 3}}, project="p", user="u", generation=1))
    assert lost == [1]
    held = ledger.allocations(VM)
    assert held is not None
    assert held.consumer.generation == 2


def _lose(ledger: Ledger, *, after: bool) -> list[int]:
    """Lose the connection once, just after or just before the next commit."""
    database = ledger._writer.database
    lost: list[int] = []

    def lose(connection: Any) -> None:
        if not lost:
            lost.append(1)
            if after:
                connection.connection.dbapi_connection.commit()
            else:
                connection.connection.dbapi_connection.rollback()
            connection.invalidate()
            raise Unreachable("the network is gone")

    event.listen(database._engine(Purpose.WRITE), "commit", lose)
    return lost


LEAPS = {"the log has a gap": 3, "a backup was restored": -2}


@pytest.mark.parametrize("name", LEAPS)
def test_a_process_whose_history_ends_reads_everything_anew(ledger: Ledger, database: Database, name: str) -> None:
    fill(ledger)
    fleet = ledger._writer.fleet
    _leap(database, LEAPS[name])
    with ledger._writer.read() as current:
        assert current is not fleet
    assert ledger.usages(HOST).usages == {"VCPU": 2, "CUSTOM_SLOT": 0}


def _leap(database: Database, by: int) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE head SET number = number + :by"), {"by": by})


def test_a_change_that_is_missing_is_missed(ledger: Ledger, database: Database, url: str) -> None:
    """A follower that sees a number before the one that comes before it does not go on as if there were none."""
    fill(ledger)
    with open_ledger(url) as another:
        another.claim(Claim(consumer=JOB, allocations={HOST: {"VCPU": 1}}, project="p", user="u"))
        hidden = len(another.changes(most=1000))
        another.create_trait("CUSTOM_LATER")
    with database.writing() as connection:
        connection.execute(text("DELETE FROM changes WHERE number = :number"), {"number": hidden})
    assert ledger.usages(HOST).usages["VCPU"] == 3
    assert ledger.trait("CUSTOM_LATER").name == "CUSTOM_LATER"


def test_a_deadlock_is_no_failure(database: Database, url: str) -> None:
    """Writers of Berth cannot get into one, for they all lock the head first; others may lock rows as they like."""
    if not database.capabilities.row_locks:
        pytest.skip("a file has one lock")
    with open_ledger(url) as ledger:
        fill(ledger)
    met = threading.Barrier(2)
    told: list[str] = []

    def write(*uuids: str) -> None:
        mine = Database(url)
        try:
            with mine.writing() as connection:
                for uuid in uuids:
                    connection.execute(text("UPDATE providers SET updated_at = 1 WHERE uuid = :uuid"), {"uuid": uuid})
                    if uuid == uuids[0]:
                        met.wait(10)
        except Unavailable as error:
            told.append(str(error))
        finally:
            mine.close()

    threads = [threading.Thread(target=write, args=uuids) for uuids in ((HOST, POOL), (POOL, HOST))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [text.rpartition("had ")[2] for text in told] == ["a conflict with another transaction"]


def test_who_writes_past_the_ledger_is_noticed(ledger: Ledger, database: Database) -> None:
    """The second safeguard: a generation that is not as read stops the write, and everything is read again."""
    fill(ledger)
    with database.writing() as connection:
        connection.execute(text("UPDATE providers SET generation = 50 WHERE uuid = :uuid"), {"uuid": HOST})
    ledger.claim(Claim(consumer=JOB, allocations={HOST: {"VCPU": 1}}, project="p", user="u"))
    assert ledger.provider(HOST).generation == 51


def test_rows_and_fleet_are_of_one_moment(ledger: Ledger, url: str) -> None:
    """A consumer's type, or its provider, may be newer than what this process knew a moment ago."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        with open_ledger(url) as another:
            number = 0
            while not stop.is_set():
                number += 1
                host = another.create_provider(f"host-{number}")
                another.set_inventories(host.uuid, {"VCPU": Inventory(total=1)})
                another.claim(
                    Claim(consumer=VM, allocations={host.uuid: {"VCPU": 1}}, project="p", user="u", type=f"T{number}")
                )

    def read() -> None:
        try:
            while not stop.is_set():
                held = ledger.allocations(VM)
                assert held is None or len(held.held) == 1
        except BaseException as error:  # noqa: BLE001 - it is reported below
            failed.append(error)

    threads = [threading.Thread(target=each) for each in (write, read, read)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_everything_has_a_limit() -> None:
    """No use of a database may wait for ever, but for a migration."""
    assert 0 < backend.LOOK_S < backend.WRITE_S < backend.READ_S
    assert 0 < address.CONNECT_S <= backend.LOCK_S < backend.IDLE_S


def test_what_fails_after_the_commit_is_no_refusal(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A committed batch is done even if this process fails to apply it: it reads everything again, once."""
    fill(ledger)
    before = len(ledger.changes(most=1000))
    with monkeypatch.context() as patch:
        patch.setattr(versions, "apply", _fail)
        claims = [Claim(consumer=uuid, allocations={HOST: {"VCPU": 1}}, project="p", user="u") for uuid in NEWCOMERS]
        answers = [ledger.queue(SetAllocations(claims=(claim,))) for claim in claims]
        ledger.work()
        assert [answer.result(0) for answer in answers] == [None, None]
    assert len(ledger.changes(most=1000)) == before + 2
    assert [held.consumer.generation for uuid in NEWCOMERS if (held := ledger.allocations(uuid))] == [1, 1]
    assert ledger.usages(HOST).usages["VCPU"] == 4
    assert verify(ledger._writer.database).findings == ()


def _fail(*_: object) -> None:
    raise ZeroDivisionError("a fault of Berth's own")


def test_who_goes_on_with_a_closed_ledger_is_told(database: Database, url: str) -> None:
    ledger = open_ledger(url)
    fill(ledger)
    ledger.close()
    asks = (ledger.providers, lambda: ledger.allocations(VM), ledger.changes, lambda: ledger.release(VM))
    for ask in asks:
        with pytest.raises(LedgerClosed, match="was closed by this program"):
            ask()
    ledger.close()  # twice is no harm
