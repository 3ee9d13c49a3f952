"""A process that is stopped while it holds SQLite's only lock: writers get 503, and then continue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.suites.torture.clients import Client, claim_body, make_provider
from tests.support.databases import chosen_kinds, require_database
from tests.support.document_blocks import ROOT
from tests.support.http_client import RETRY_AFTER
from tests.support.servers import server_group

CONSUMERS = [f"00000000-0000-4000-8000-00000000000{digit}" for digit in "12"]
LONGEST_S = 50
"""How long a writer waits for the lock at most, which is 20 s, and what the test's machine may add to it."""

HOLDER = """
import sys
from berth.store.engine import Database

with Database(sys.argv[1]).writing() as connection:
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def stopped_holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock of the file, and stop it. It ends when it continues and is told to."""
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
        os.kill(held.pid, signal.SIGSTOP)
        yield held
    finally:
        held.kill()
        held.communicate()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", chosen_kinds(["sqlite"]))
def test_who_holds_the_lock_and_stands_still(kind: str, tmp_path: Path) -> None:
    require_database(kind)
    url = f"sqlite:///{tmp_path}/berth.db"
    with server_group(url, tmp_path, 1) as servers, Client(servers) as client, Client(servers) as another:
        host = make_provider(client, {"VCPU": 2})
        first, second = (
            ("PUT", f"/allocations/{consumer}", claim_body({host: {"VCPU": 1}}, None)) for consumer in CONSUMERS
        )
        with stopped_holder(url) as holder:
            began = time.monotonic()
            answer = client.ask(*first)
            assert (answer.status, (answer.headers or {}).get("retry-after") in RETRY_AFTER) == (503, True)
            assert time.monotonic() - began < LONGEST_S
            os.kill(holder.pid, signal.SIGCONT)
            holder.communicate("go on\n")
            assert client.ask(*first).status == 204
        with stopped_holder(url) as holder, ThreadPoolExecutor(1) as waiting:
            answered = waiting.submit(another.ask, *second)
            time.sleep(0.5)
            assert not answered.done()
            holder.kill()
            assert answered.result(LONGEST_S).status == 204
        assert client.sure("GET", f"/resource_providers/{host}/usages")["usages"] == {"VCPU": 2}
