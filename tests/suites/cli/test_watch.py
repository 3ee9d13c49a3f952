"""`berth watch` of a log that does not continue where it should: it says so, and continues at the log's end."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from berth.ledger import open_ledger
from tests.suites.cli.conftest import berth


def test_a_watch_of_another_history_continues_at_its_end(tmp_path: Path) -> None:
    url, heard = f"sqlite:///{tmp_path}/ledger.db", threading.Event()
    with open_ledger(url) as ledger:
        head = ledger.head()

        def change() -> None:
            number = 0
            while not heard.wait(0.2):
                ledger.create_trait(f"CUSTOM_{number}")
                number += 1

        thread = threading.Thread(target=change)
        thread.start()
        said = berth("watch", "--after", "100000", "--limit", "2", "--json", "--database", url)
        heard.set()
        thread.join()
    assert said.status == 0
    reset, first, second = map(json.loads, said.out.splitlines())
    assert head <= reset["reset"] < first["number"] == second["number"] - 1
