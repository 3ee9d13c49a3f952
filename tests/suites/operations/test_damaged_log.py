"""An entry of the change log that cannot be read: a server on that ledger names it, and serves everything else."""

from __future__ import annotations

from pathlib import Path

from berth.ledger import open_ledger
from berth.ledger.mend import mend
from berth.store.engine import Database
from tests.support.damaged_log import ADA, append_entry
from tests.support.filled_ledger import POOL, fill
from tests.support.http_client import HttpClient
from tests.support.servers import server_group

FACTS = f'{{"inventories":{{"{POOL}":{{"DISK_GB":[100.5,0,1,2147483647,1,1.0]}}}},"generations":{{"{POOL}":7}}}}'
ROWS = f"UPDATE providers SET generation = 7 WHERE uuid = '{POOL}'"


def test_a_server_names_a_bad_entry_and_serves_everything_else(ledger_url: str, tmp_path: Path) -> None:
    with open_ledger(ledger_url) as ledger:
        fill(ledger)
    database = Database(ledger_url)
    with server_group(ledger_url, tmp_path, 1, "--auth", "dev", migrate=False) as (server,):
        ask = HttpClient(server.port)
        number = append_entry(database, "SetInventories", FACTS, ROWS)
        sentence = f"change {number} of the log cannot be read"
        _serves(ask)
        ready = ask("GET", "/readyz", {})
        assert (ready.status_code, ready.text) == (
            200,
            f"ready\n{sentence}: `berth db mend` records again what it was about\n",
        )
        assert ask.number("berth_damaged_changes") == 1
        assert sentence in server.output
        mend(database, ADA, apply=True)
        assert ask("GET", "/readyz", {}).text == "ready\n"
        assert ask.number("berth_damaged_changes") == 0
        _serves(ask)
    database.close()


def _serves(ask: HttpClient) -> None:
    assert ask.claim(ask.host({"VCPU": 4}), {"VCPU": 2}) == 204
    paths = ("/v1/providers", "/v1/consumers", "/v1/changes", "/v1/changes/brief", "/v1/audit", "/v1/fleet", "/metrics")
    for path in (*paths, f"/resource_providers/{POOL}/inventories", "/allocation_candidates?resources=DISK_GB:1"):
        assert ask("GET", path).status_code == 200, path
    with_fault = [change["number"] for change in ask("GET", "/v1/changes").json()["items"] if "fault" in change]
    assert len(with_fault) == 1
