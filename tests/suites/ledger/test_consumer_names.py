"""Names of consumers and notes on them: in rows, in the log, in checkpoints, and in place of uuids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from berth.ledger import Ledger, checkpoint, open_ledger
from berth.ledger.audit import archive, chain
from berth.ledger.mend import mend
from berth.ledger.replay import Books, replay
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.model.candidate import Grant
from berth.model.commands import Claim, ReleaseAllocations, SetAllocations
from berth.model.consumer import ConsumerOrder, ConsumerQuery
from berth.model.consumer_name import ConsumerName
from berth.model.edits import EditConsumer
from berth.model.errors import (
    AllocationsNotFound,
    ConsumerAmbiguous,
    ConsumerGenerationConflict,
    ConsumerNotFound,
    Forbidden,
    Invalid,
)
from berth.model.inventory import Inventory
from berth.model.reconciliation import ReconcileRequest
from berth.model.record import ProviderRecord
from berth.model.term import SECOND, Term
from berth.store import changes
from berth.store.engine import Database
from tests.support.damaged_log import append_entry

JOB, OTHER, THIRD = (f"{digit}0b00000-0000-4000-8000-000000000000" for digit in "abc")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url) as opened:
        opened.put_records([ProviderRecord(name="host", inventories={"VCPU": Inventory(64)})])
        yield opened


def allocate(ledger: Ledger, consumer: str = JOB, project: str = "physics", **more: Any) -> Grant:
    return ledger.allocate({"VCPU": 1}, project=project, user="ada", consumer=consumer, **more)


def named(ledger: Ledger, consumer: str = JOB) -> tuple[str | None, str | None]:
    found = ledger.consumer(consumer)
    return found.name, found.note


def test_a_name_ends_with_its_consumer_and_never_without_a_record(ledger: Ledger, database: Database) -> None:
    allocate(ledger, name="train", note="paper, figure 3")
    before = ledger.consumer("train")
    assert (before.name, before.note, before.generation) == ("train", "paper, figure 3", 1)
    ledger.edit_consumer("train", name="training")
    ledger.edit_consumer(JOB, note=None)
    assert named(ledger) == ("training", None)
    assert ledger.consumer(JOB).generation == 1, "a client that knows nothing of names has no conflict"
    (host,) = ledger.providers()
    ledger.claim(Claim(consumer="training", allocations={host.uuid: {"VCPU": 2}}, project="physics", user="ada"))
    assert named(ledger) == ("training", None), "a claim that says nothing of it keeps it"
    newest = ledger.history("training")
    assert [each.operation for each in newest] == ["SetAllocations", "EditConsumer", "EditConsumer", "Allocate"]
    assert newest[2].before is not None
    assert newest[2].before.consumer_names == {JOB: ConsumerName("train", "paper, figure 3")}
    ledger.release("training")
    released = ledger.history(JOB)[0]
    assert released.before is not None
    assert released.before.consumer_names == {JOB: ConsumerName("training")}
    allocate(ledger)
    assert named(ledger) == (None, None), "the uuid is used again, by a consumer without a name"
    assert verify(database).findings == ()
    assert chain.verify(database).findings == ()


def test_what_is_so_already_is_not_recorded(ledger: Ledger) -> None:
    allocate(ledger, name="train")
    head = ledger.head()
    ledger.edit_consumer("train", name="train", note=None)
    assert allocate(ledger, name="train").consumer == JOB, "sent again, it has its answer"
    with pytest.raises(ConsumerGenerationConflict):
        allocate(ledger, name="other")
    assert ledger.head() == head


def test_a_batch_that_ends_and_names_the_same_consumer(ledger: Ledger, database: Database) -> None:
    """Commands that are committed together: its row is changed, or written anew, and not only added to."""
    allocate(ledger, name="train", note="x")
    (host,) = ledger.providers()

    def claim(**more: Any) -> Claim:
        return Claim(consumer=JOB, allocations={host.uuid: {"VCPU": 1}}, project="p", user="u", **more)

    release = ReleaseAllocations(consumer=JOB)
    for commands, expected in (
        ([release, SetAllocations(claims=(claim(),))], (None, None)),
        ([EditConsumer(consumer=JOB, name="a"), SetAllocations(claims=(claim(note="n"),))], ("a", "n")),
        ([release, SetAllocations(claims=(claim(name="b"),)), EditConsumer(consumer=JOB, note="m")], ("b", "m")),
        ([EditConsumer(consumer=JOB, name=None), EditConsumer(consumer=JOB, name="c")], ("c", "m")),
    ):
        answers = [ledger.queue(command) for command in commands]
        ledger.work()
        assert [answer.exception() for answer in answers] == [None] * len(commands)
        assert named(ledger) == expected
        assert verify(database).findings == ()


def test_several_of_one_name(ledger: Ledger) -> None:
    allocate(ledger, name="train")
    allocate(ledger, OTHER, project="biology", name="train")
    before = ledger.head()
    with pytest.raises(ConsumerAmbiguous) as refused:
        ledger.release("train")
    assert [(each.uuid, each.project, each.hosts) for each in refused.value.candidates] == [
        (JOB, "physics", ["host"]),
        (OTHER, "biology", ["host"]),
    ]
    assert str(refused.value) == (
        f"Several consumers match train: train of project physics on host ({JOB}); "
        f"train of project biology on host ({OTHER}). Give the uuid."
    )
    assert ledger.consumer_uuid("train", project="biology") == OTHER
    for number in range(4):
        allocate(ledger, f"d{number}0b0000-0000-4000-8000-000000000000", name="train")
    with pytest.raises(ConsumerAmbiguous, match="; and more") as refused:
        ledger.consumer("train")
    assert len(refused.value.candidates) == 5
    assert ledger.head() == before + 4


def test_names_in_place_of_uuids(ledger: Ledger, database: Database) -> None:
    allocate(ledger, name="a hold", term=Term(confirm_within=60))
    deadline = ledger.holds.extend("a hold", 600)
    assert deadline > 600 * SECOND
    ledger.holds.confirm("a hold")
    allocate(ledger, OTHER, name="larger", term=Term(confirm_within=60, replaces="a hold"))
    ledger.holds.confirm("larger", onto="a hold")
    assert named(ledger) == ("a hold", None), "what takes the place of a claim is called as that was"
    with pytest.raises(AllocationsNotFound):
        ledger.consumer("larger")
    page = ledger.release_matching(consumers=["a hold"], dry_run=True)
    assert [(each.consumer, each.name) for each in page.items] == [(JOB, "a hold")]
    found = ledger.allocations("a hold")
    assert found is not None
    assert (found.consumer.uuid, found.consumer.name) == (JOB, "a hold")
    (holder,) = ledger.holders("host").items
    assert (holder.consumer, holder.name) == (JOB, "a hold")
    assert verify(database).findings == ()


def test_what_is_refused_changes_nothing(ledger: Ledger) -> None:
    allocate(ledger, name="train")
    before = ledger.head()
    for refusal, attempt in (
        (ConsumerNotFound, lambda: ledger.release("tarin")),
        (ConsumerNotFound, lambda: ledger.edit_consumer("tarin", note="x")),
        (AllocationsNotFound, lambda: ledger.edit_consumer(OTHER, note="x")),
        (Invalid, lambda: ledger.edit_consumer("train")),
        (Invalid, lambda: ledger.edit_consumer("train", name="a/b")),
        (Invalid, lambda: ledger.edit_consumer("train", name=" a")),
        (Invalid, lambda: ledger.edit_consumer("train", name="")),
        (Invalid, lambda: ledger.edit_consumer("train", name=OTHER)),
        (Invalid, lambda: ledger.edit_consumer("train", name="a\nb")),
        (Invalid, lambda: ledger.edit_consumer("train", name="a\u200bb")),
        (Invalid, lambda: allocate(ledger, OTHER, name="n" * 256)),
        (Invalid, lambda: allocate(ledger, OTHER, note="n" * 1001)),
        (Invalid, lambda: allocate(ledger, OTHER, note=" ")),
    ):
        with pytest.raises(refusal):
            attempt()
    assert ledger.head() == before
    assert named(ledger) == ("train", None)


def test_a_member_names_consumers_of_its_project_only(ledger: Ledger) -> None:
    allocate(ledger)
    allocate(ledger, OTHER, project="biology")
    ada = Caller(name="ada", user="ada", project="physics", roles=frozenset({"member"}), own_project=True)
    assert ledger.submit(EditConsumer(consumer=JOB, name="mine"), ada).exception() is None
    assert isinstance(ledger.submit(EditConsumer(consumer=OTHER, name="mine"), ada).exception(), Forbidden)
    assert named(ledger, OTHER) == (None, None)


def test_search(ledger: Ledger) -> None:
    for consumer, name, note in ((JOB, "Train_1", "of the 50% paper"), (OTHER, "Train-2", None), (THIRD, None, "Zug")):
        allocate(ledger, consumer, **{key: text for key, text in (("name", name), ("note", note)) if text})

    def found(**query: Any) -> list[str]:
        every = {
            order: [each.uuid for each in ledger.consumers(ConsumerQuery(order=order, **query)).items]
            for order in (ConsumerOrder.UUID, ConsumerOrder.OLDEST)
        }
        largest = ConsumerQuery(order=ConsumerOrder.LARGEST, resource_class="VCPU", **query)
        assert sorted(each.uuid for each in ledger.consumers(largest).items) == every[ConsumerOrder.UUID]
        assert sorted(every[ConsumerOrder.OLDEST]) == every[ConsumerOrder.UUID]
        return every[ConsumerOrder.UUID]

    assert found(name="Train") == [JOB, OTHER]
    assert found(name="train") == [], "the case of letters counts at the beginning of a name"
    assert found(name="Train_") == [JOB], "a sign of a pattern is a letter like others"
    assert found(text="TRAIN") == [JOB, OTHER]
    assert found(text="n_") == [JOB]
    assert found(text="0%") == [JOB]
    assert found(text="zug") == [THIRD]
    assert found(uuid="B0B") == [OTHER]
    assert found(uuid="b0b00000-00", text="train") == [OTHER]
    assert found(uuid="b0b00001") == []
    with pytest.raises(Invalid, match="is not the beginning of a uuid"):
        found(uuid="b0bx")


def test_what_berth_ended_has_its_name_again(ledger: Ledger, database: Database) -> None:
    allocate(ledger, name="train", note="x")
    request = ReconcileRequest(
        trees=(ledger.providers()[0].uuid,), alive={OTHER: None}, as_of=ledger.head(), dry_run=True
    )
    plan = ledger.reconcile(request)
    report = ledger.reconcile(replace(request, dry_run=False, expect=plan.digest))
    assert report.change is not None
    with pytest.raises(ConsumerNotFound):
        ledger.consumer("train")
    ledger.undo(report.change)
    assert named(ledger, "train") == ("train", "x")
    assert verify(database).findings == ()


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE consumers SET name = 'other'", "is named 'other' with the note 'x', by the log named 'train'"),
        ("UPDATE consumers SET note = NULL", "is named 'train' with the note '', by the log named 'train' with the"),
        ("UPDATE consumers SET name = NULL, note = NULL", "is without a name, by the log named 'train'"),
    ],
)
def test_a_name_that_was_written_by_hand_is_found(
    ledger: Ledger, database: Database, damage: str, finding: str
) -> None:
    allocate(ledger, name="train", note="x")
    assert verify(database).findings == ()
    with database.writing() as connection:
        connection.execute(text(damage))
    assert any(finding in each for each in verify(database).findings), verify(database).findings


def test_a_checkpoint_keeps_names_and_is_as_before_without(ledger: Ledger, database: Database) -> None:
    allocate(ledger, name="train", note="x")
    books = replayed(database)
    assert books.consumer_names == {JOB: ConsumerName("train", "x")}
    kept = b"".join(checkpoint.pieces(books))
    assert kept.endswith(f'["called","{JOB}",["train","x"]]\n'.encode())
    ledger.edit_consumer("train", name=None, note=None)
    assert b"".join(checkpoint.pieces(replayed(database))) == kept[: kept.index(b'["called"')]


def test_names_that_only_a_checkpoint_has(
    ledger: Ledger, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)
    allocate(ledger, name="train", note="x")
    archive.archive(database, 2**62, tmp_path / "old.jsonl", Caller(name="root", via="local"))
    assert verify(database).findings == ()
    assert replayed(database).consumer_names == {JOB: ConsumerName("train", "x")}
    ledger.release("train")
    assert verify(database).findings == ()


def test_names_in_an_entry_that_cannot_be_read_are_mended(ledger: Ledger, database: Database) -> None:
    allocate(ledger, name="train")
    facts = f'{{"consumer_names":{{"{JOB}":["lost",7]}}}}'
    append_entry(database, "EditConsumer", facts, "UPDATE consumers SET name = 'lost' WHERE name = 'train'")
    assert verify(database).findings != ()
    mend(database, Caller(name="ada"), apply=True)
    assert verify(database).findings == ()
    assert ledger.changes(after=ledger.head() - 1)[0].facts.consumer_names == {JOB: ConsumerName("lost")}


def replayed(database: Database) -> Books:
    with database.reading() as connection:
        books, _ = checkpoint.load(connection)
        assert not list(replay(books, changes.after(connection, books.number)))
        return books
