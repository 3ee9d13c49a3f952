"""Providers by uuid, by name, or by a unique part of either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import berth
from berth.cli.provider_names import MOST_LISTED, Ambiguous, NoSuchName, resolve, resolve_prefix, resolve_subject
from berth.cli.session import LedgerLocation, Session
from berth.ledger import Ledger
from berth.model.errors import ProviderNotFound
from berth.model.record import ProviderRecord, RecordStatus
from berth.model.request import ProviderQuery

UUIDS = {
    "rack-1": "10000000-0000-4000-8000-000000000000",
    "rack-10": "1f000000-0000-4000-8000-000000000000",
    "store": "20000000-0000-4000-8000-000000000000",
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    url = f"sqlite:///{tmp_path}/berth.db"
    with berth.open(url) as ledger:
        for name, uuid in UUIDS.items():
            ledger.create_provider(name, uuid=uuid)
    with Session(LedgerLocation(database=url)) as opened:
        yield opened


@pytest.mark.parametrize("word", ["rack-1", UUIDS["rack-1"], UUIDS["rack-1"].upper()])
def test_a_name_or_uuid_is_resolved(word: str, session: Session) -> None:
    assert resolve(session, word) == resolve_prefix(session, word) == UUIDS["rack-1"]


@pytest.mark.parametrize("word", ["sto", "TOR", "2", "20000000-0000"])
def test_a_unique_part_is_resolved_only_for_reading(word: str, session: Session) -> None:
    assert resolve_prefix(session, word) == UUIDS["store"]
    with pytest.raises(NoSuchName):
        resolve(session, word)


@pytest.mark.parametrize("word", ["rack", "1"])
def test_a_part_of_several_is_ambiguous(word: str, session: Session) -> None:
    with pytest.raises(Ambiguous, match=r": rack-1, rack-10") as refused:
        resolve_prefix(session, word)
    assert refused.value.matches == ["rack-1", "rack-10"]


def test_only_the_first_matches_are_listed() -> None:
    names = [f"host-{number}" for number in range(MOST_LISTED + 1)]
    assert str(Ambiguous("host", names)).endswith("host-9 and more")


def test_similar_names_are_suggested(session: Session) -> None:
    with pytest.raises(NoSuchName, match="did you mean store") as refused:
        resolve_prefix(session, "stroe")
    assert refused.value.suggestions == ["store"]


def test_an_unknown_uuid_is_not_a_name(session: Session) -> None:
    with pytest.raises(ProviderNotFound):
        resolve_prefix(session, "90000000-0000-4000-8000-000000000000")


SERIAL = "4c4c4544005210488053b8c04f4e3732"


def test_a_name_that_looks_like_a_uuid_is_a_name_unless_there_is_that_uuid(session: Session) -> None:
    ledger = session.ledger
    assert isinstance(ledger, Ledger)
    outcomes = ledger.put_records([ProviderRecord(name=SERIAL), ProviderRecord(name="gpu-of-it", parent=SERIAL)])
    assert [each.became for each in outcomes] == [RecordStatus.CREATED, RecordStatus.CREATED]
    named = ledger.providers(ProviderQuery(name=SERIAL))[0].uuid
    assert resolve(session, SERIAL) == named
    assert resolve_subject(session, SERIAL) == named
    with_that_uuid = ledger.create_provider("other", uuid=SERIAL).uuid
    assert resolve(session, SERIAL) == with_that_uuid != named
