"""A process is killed after a commit and before its answer: whoever sends the command again learns what it did."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

import berth
from berth import CandidateRequest, Group, Inventory, errors
from berth.ledger.verify import verify

BOTH = CandidateRequest(groups=(Group(resources={"VCPU": 2}),))

PROGRAM = """
import os, signal, sys
from sqlalchemy import event
import berth
from berth.store.backend import Purpose
from tests.suites.torture.test_killed_before_the_answer import BOTH

def kill(connection):
    if sys.argv[2] == "after":
        connection.connection.dbapi_connection.commit()
    os.kill(os.getpid(), signal.SIGKILL)

ledger = berth.open(sys.argv[1])
event.listen(ledger._writer.database._engine(Purpose.WRITE), "commit", kill)
ledger.allocate(BOTH, project="p", user="u", key="build")
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_claim_is_made_once(ledger_url: str, moment: str) -> None:
    with berth.open(ledger_url) as ledger:
        host = ledger.create_provider("host").uuid
        ledger.set_inventories(host, {"VCPU": Inventory(total=2)})
        before = ledger.head()
        killed = subprocess.run([sys.executable, "-c", PROGRAM, ledger_url, moment], check=False, timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert ledger.head() == before + (moment == "after")
        grants = [ledger.allocate(BOTH, project="p", user="u", key="build") for _ in range(2)]
        assert grants[0] == grants[1]
        assert (ledger.head(), ledger.usages(host).usages) == (before + 1, {"VCPU": 2})
        with pytest.raises(errors.NothingFits):
            ledger.allocate(BOTH, project="p", user="u", key="another")
        assert verify(ledger._writer.database).findings == ()
