"""What a ledger holds, export writes and import takes back, byte for byte: with every name that can be stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from berth.cli.main import app
from berth.cli.record_lines import record_of
from berth.ledger import Ledger, open_ledger
from berth.model import commands
from berth.model.commands import Claim
from berth.model.errors import Invalid, NameRequired
from berth.model.inventory import Inventory
from berth.model.record import ProviderRecord, RecordOutcome, RecordStatus
from berth.model.validation import PROVIDER_NAME_LENGTH
from tests.support.filled_ledger import HOST, VM, ZONE

NAMES = (
    "",
    " ",
    "a\tb",
    "a\nb",
    "\x01\x7f\x85\x9b31m",
    "\u2028\u2029\u200b\u202e\ufeff",
    "node ",
    "Node",
    "nöde",
    "no\u0308de",
    "🖥️",
    "%s'\"`\\;--",
    "x" * PROVIDER_NAME_LENGTH,
    "🖥" * PROVIDER_NAME_LENGTH,
    "4c4c4544005210488053b8c04f4e3732",
)
"""Names that the Placement API gives, and that are refused, changed or cut where a rule is not the same everywhere."""

STORABLE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=PROVIDER_NAME_LENGTH)


def put(ledger: Ledger, name: str, uuid: str = HOST) -> None:
    """Give a provider a name as the Placement API does: it checks texts by its own rules."""
    ledger.submit(commands.CreateProvider(uuid=uuid, name=f"first of {uuid}")).result()
    ledger.submit(commands.UpdateProvider(uuid=uuid, name=name)).result()


def test_every_kind_of_name(url: str, tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/source.db") as source:
        for number, name in enumerate(NAMES):
            uuid = f"00000000-0000-4000-8000-{number:012}"
            put(source, name, uuid)
            source.set_inventories(uuid, {"VCPU": Inventory(total=8, allocation_ratio=1.1)})
            source.set_aggregates(uuid, [ZONE])
        source.create_provider("below", uuid=HOST[:-1] + "f", parent="00000000-0000-4000-8000-000000000000")
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    run("export", str(first), "--database", f"sqlite:///{tmp_path}/source.db")
    run("import", str(first), "--database", url)
    run("export", str(second), "--database", url)
    assert second.read_bytes() == first.read_bytes()


def run(*words: str, status: int = 0, given: bytes = b"") -> str:
    """Run a command in this process, and return its standard output."""
    done = CliRunner().invoke(app, words, input=given)
    assert done.exit_code == status, done.output
    return done.stdout


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Ledger]]:
    folder = tmp_path_factory.mktemp("pair")
    with open_ledger(f"sqlite:///{folder}/a.db") as source, open_ledger(f"sqlite:///{folder}/b.db") as target:
        put(source, "host")
        yield source, target


@given(name=STORABLE)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name(pair: tuple[Ledger, Ledger], name: str) -> None:
    source, target = pair
    source.submit(commands.UpdateProvider(uuid=HOST, name=name)).result()
    (exported,) = map(msgspec.json.encode, source.records())
    assert target.put_records([record_of(exported)]) == [RecordOutcome(RecordStatus.CREATED)]
    try:
        assert list(map(msgspec.json.encode, target.records())) == [exported]
    finally:
        target.delete_provider(HOST)


@pytest.mark.parametrize("name", ["p\tq", "\u2028", "🖥" * 255, " "])
def test_any_owner_can_be_written_again(url: str, name: str) -> None:
    with open_ledger(url) as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(total=8)})
        claim = Claim(consumer=VM, allocations={HOST: {"VCPU": 1}}, project=name, user=name)
        ledger.submit(commands.SetAllocations(claims=(claim,))).result()
        words = ("claim", "--on", "host", "VCPU=2", "--consumer", VM, "--replace", "--project", name, "--user", name)
        run(*words, "--database", url)
        held = ledger.allocations(VM)
        assert held is not None
        assert (held.consumer.project, held.consumer.user) == (name, name)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800"])
def test_what_cannot_be_a_name_is_refused(pair: tuple[Ledger, Ledger], name: str) -> None:
    source, _ = pair
    with pytest.raises((Invalid, NameRequired)):
        source.update_provider(HOST, name=name)
    with pytest.raises((Invalid, NameRequired)):
        source.create_provider(name)
    (outcome,) = source.put_records([ProviderRecord(name=name)])
    assert outcome.became is RecordStatus.REFUSED


def test_refused_lines_go_to_standard_output(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/berth.db"
    shown = run("import", "-", "--report", "-", "--database", url, status=1, given=b'{"name": "x", "uuid": "no"}\n')
    assert msgspec.json.decode(shown)["line"] == 1
