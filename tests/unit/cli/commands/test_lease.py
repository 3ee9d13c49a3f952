"""`berth lease`, `berth claim --lease`, and the agenda of leases that are overdue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from berth.cli.main import app
from berth.ledger import Ledger, open_ledger
from berth.model.inventory import Inventory
from berth.model.lease import LeaseState
from tests.support.silent_lease import make_overdue

HOST = "10000000-0000-4000-8000-000000000001"
ONE = "c0000000-0000-4000-8000-000000000001"
LEASE = "e0000000-0000-4000-8000-000000000001"
ABSENT = "e0000000-0000-4000-8000-0000000000ff"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with a host of 8 GPUs."""
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("gpu01", uuid=HOST)
        ledger.set_inventories(HOST, {"PGPU": Inventory(8)})
        yield ledger


def run(tmp_path: Path, *words: str) -> Result:
    """Run a command on the ledger."""
    command = [*words, "--database", f"sqlite:///{tmp_path}/berth.db"]
    return CliRunner().invoke(app, command, env={"COLUMNS": "160"})


def test_the_life_of_a_lease(ledger: Ledger, tmp_path: Path) -> None:
    granted = run(tmp_path, "lease", "grant", "node-1", "--project", "lab", "--ttl", "60s", "--uuid", LEASE)
    assert granted.stdout.startswith(f"lease {LEASE}: renew it until 20")
    for words in (("claim",), ("hold", "--within", "2h")):
        run(tmp_path, *words, "PGPU=2", "--lease", LEASE, "--project", "lab", "--user", "ada")
    assert ledger.leases.get(LEASE).consumers == 2
    assert f"lease {LEASE} is renewed until 20" in run(tmp_path, "lease", "renew", LEASE).stdout
    assert LEASE in run(tmp_path, "lease", "list", "--project", "lab", "--csv").stdout
    assert "lease node-1 (e0" in run(tmp_path, "changes").stdout
    ended = run(tmp_path, "lease", "end", LEASE)
    assert ended.stdout == f"lease {LEASE} ended; 2 claims are released\n"
    assert ledger.usages(HOST).usages == {"PGPU": 0}


def test_an_overdue_lease_comes_first_in_the_agenda(ledger: Ledger, tmp_path: Path) -> None:
    ledger.leases.grant("node-1", project="lab", ttl=60, uuid=LEASE)
    run(tmp_path, "claim", "PGPU=1", "--for", "7d", "--project", "lab", "--user", "ada", "--consumer", ONE)
    make_overdue(ledger, f"sqlite:///{tmp_path}/berth.db", LEASE)
    assert ledger.leases.get(LEASE).state is LeaseState.OVERDUE
    first, *rest = run(tmp_path, "agenda").stdout.splitlines()
    assert first.startswith(f"overdue: lease node-1 ({LEASE}) ends in ")
    assert first.endswith(" and releases 0 claims")
    assert ONE in rest[-1]
    assert "is overdue" in run(tmp_path, "changes", "--limit", "1").stdout
    assert [each["consumer"] for each in map(json.loads, [_json(run(tmp_path, "agenda", "--json").stdout)])] == [ONE]
    assert "overdue" in run(tmp_path, "lease", "list", "--state", "overdue").stdout


def _json(text: str) -> str:
    found = json.loads(text)
    return json.dumps(found[0] if isinstance(found, list) else found)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["lease", "renew", ABSENT], 1, f"lease {ABSENT} is unknown"),
        (["lease", "end", ABSENT], 1, "No lease"),
        (["claim", "PGPU=1", "--project", "p", "--lease", ABSENT], 1, "No lease"),
        (["claim", "PGPU=1", "--project", "p", "--lease", "x"], 1, "not a uuid"),
        (["lease", "grant", "n", "--project", "p", "--ttl", "1s"], 1, "the ttl of a lease must be 5 to"),
        (["lease", "grant", "n", "--project", "p", "--ttl", "soon"], 2, "not a duration"),
        (["lease", "grant", "n"], 2, "project"),
    ],
)
def test_what_is_refused_changes_nothing(
    words: list[str], status: int, said: str, ledger: Ledger, tmp_path: Path
) -> None:
    head = ledger.head()
    done = run(tmp_path, *words)
    output = done.stdout + done.stderr + str(done.exception or "")
    assert said in " ".join(output.split())
    assert done.exit_code == status or isinstance(done.exception, Exception)
    assert ledger.head() == head
