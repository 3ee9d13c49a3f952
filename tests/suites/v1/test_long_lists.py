"""Lists longer than any other body: read line by line, in little memory, and as a whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

import berth
from berth import AliveList, Claim, Inventory, ReconcileFinding, ReconcileRequest, errors
from berth.ledger import Ledger, open_ledger
from berth.model.alive_lines import AliveLines
from tests.support.commands import berth_command
from tests.support.raw_http import RawConnection, RawReply, request_bytes
from tests.support.servers import configured_server

HOST: Final = "10000000-0000-4000-8000-000000000000"
ONE, TWO, GONE = (f"c0000000-0000-4000-8000-00000000000{digit}" for digit in "123")
MANY: Final = 110_000
BODY_BYTES: Final = 16 * 2**20
"""How long any other body may be."""

MOST_MB: Final = 25
MOST_S: Final = 15
SETTINGS: Final = """auth = ["dev"]
[limits]
buffer_bytes_per_caller = 8388608
"""


@dataclass(slots=True)
class Listed:
    """A server in a folder, and its ledger: two consumers are alive, one is gone."""

    port: int
    folder: Path
    ledger: Ledger

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, **values: Any) -> ReconcileRequest:
        return ReconcileRequest(trees=(HOST,), as_of=self.ledger.head(), **values)

    def ending(self) -> ReconcileRequest:
        """Return the order to end what is gone."""
        report = self.ledger.reconcile(self.request(alive={ONE: None, TWO: None}))
        return self.request(dry_run=False, expect=report.digest)

    def cost(self) -> tuple[float, float]:
        """Return the most megabytes that its processes ever had, and how many seconds of a processor they took."""
        memory, seconds = 0.0, 0.0
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and (process / "cwd").readlink() == self.folder:
                    status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines())
                    memory += int(status["VmHWM"].split()[0]) / 1024
                    times = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
                    seconds += sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        return memory, seconds


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    folder = tmp_path_factory.mktemp("lists")
    with configured_server(folder, SETTINGS) as port, open_ledger(f"sqlite:///{folder}/ledger.db") as ledger:
        ledger.create_provider("node-1", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(total=8)})
        for consumer in (ONE, TWO, GONE):
            ledger.claim(Claim(consumer=consumer, allocations={HOST: {"VCPU": 1}}, project="p", user="u"))
        yield Listed(port, folder, ledger)


def living(number: int) -> AliveList:
    """Return the two that are alive, and others elsewhere of which each has a few amounts."""
    found = AliveList.of_consumers({ONE: {HOST: {"VCPU": 1}}, TWO: {HOST: {"VCPU": 2}}})
    for each in range(1, number):
        amounts = {"VCPU": each % 8, "MEMORY_MB": 1024, "DISK_GB": 10, "CUSTOM_LOCAL_STORAGE_GB": 100 * (each % 4)}
        found.add(str(UUID(int=each)), {str(UUID(int=each % 500)): amounts})
    return found


def test_a_list_longer_than_any_body(listed: Listed) -> None:
    alive = living(MANY)
    client = berth.connect(listed.url, "admin", timeout=60)
    report = client.reconcile(listed.request(alive={ONE: None}))  # whatever a server needs once, it has now
    memory, seconds = listed.cost()
    report = client.reconcile(listed.request(limit=2, after=str(UUID(int=MANY - 1))), alive=alive)
    found = {each.consumer: each.finding for each in report.items}
    assert found == {TWO: ReconcileFinding.DIFFERING, GONE: ReconcileFinding.ORPHAN}
    assert (report.orphans, report.differing, report.unknown, report.matching) == (1, 1, MANY - 1, 1)
    after = listed.cost()
    assert after[0] - memory < MOST_MB
    assert after[1] - seconds < MOST_S
    assert sum(map(len, AliveLines(listed.request(), alive))) > BODY_BYTES
    ending = listed.request(dry_run=False, expect=report.digest, limit=1)
    ended = client.reconcile(ending, alive=living(20), key="once")
    assert listed.ledger.allocations(GONE) is None
    assert client.reconcile(ending, alive=living(20), key="once") == ended
    with pytest.raises(errors.KeyReused):
        client.reconcile(ending, alive=living(2), key="once")
    assert ended.change is not None
    assert client.undo(ended.change).restored == [GONE]
    client.close()


def test_the_command_line_reads_its_input_as_it_comes(listed: Listed) -> None:
    words = ("reconcile", "--tree", "node-1", "--alive", "-", "--as-of", str(listed.ledger.head()), "--limit", "1")
    environment = {**os.environ, "BERTH_TOKEN": "admin"}
    command = [*berth_command(), *words, "--url", listed.url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as run:  # type: ignore[call-overload]
        assert run.stdin is not None
        assert run.stderr is not None
        run.stdin.writelines(f"{UUID(int=each)}\n" for each in range(1, 20_000))
        run.stdin.writelines(f"{each}\n" for each in (ONE, TWO, TWO))
        run.stdin.close()
        told = run.stderr.read()
    assert run.returncode == 0
    assert "1 orphan, 0 differing, 19,999 unknown, 0 skipped, 2 as listed." in told


def chunked(lines: Iterable[str], whole: bool = True) -> bytes:
    """Return lines as the chunks of a body, and its end if it is whole."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return f"{len(text):x}\r\n".encode() + text + b"\r\n" + (b"0\r\n\r\n" if whole else b"")


HEADERS: Final = (("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked"))


def sent(listed: Listed, body: bytes, token: str = "admin") -> RawReply | None:
    """Send a body in chunks, and return the reply; None if there is none."""
    with RawConnection(listed.port) as wire:
        named = (("x-auth-token", token),) if token else ()
        wire.begin(request_bytes("POST", "/v1/reconcile", (*HEADERS, *named)))
        with suppress(BrokenPipeError, ConnectionResetError):
            wire.begin(body)
        return wire.send(b"", "POST")


BROKEN: dict[str, list[str]] = {
    "no end": [f'"{ONE}"', f'"{TWO}"'],
    "an end too early": ['{"end": 0}', f'"{ONE}"'],
    "an end that counts others": [f'"{ONE}"', '{"end": 2}'],
    "two ends": [f'"{ONE}"', '{"end": 1}', '{"end": 1}'],
    "not JSON": ["not json", '{"end": 0}'],
    "no uuid": ['"vm-1"', '{"end": 1}'],
    "a consumer twice": [f'"{ONE}"', f'"{ONE.upper()}"', '{"end": 2}'],
    "a name twice": [f'{{"consumer": "{TWO}", "consumer": "{ONE}"}}', '{"end": 1}'],
    "an unknown name": [f'{{"consumer": "{ONE}", "alive": true}}', '{"end": 1}'],
    "an amount that is no number": [
        f'{{"consumer": "{ONE}", "allocations": {{"{HOST}": {{"VCPU": "1"}}}}}}',
        '{"end": 1}',
    ],
    "an object of nothing": ["{}", '{"end": 0}'],
    "an end with more": [f'{{"consumer": "{ONE}", "end": 1}}'],
    "nobody": ['{"end": 0}'],
    "a line without end": ['"' + "x" * (2**20 + 70_000)],
}

EXPECTED: Final = {"nobody": "nothing-alive"}


def logged(ledger: Ledger) -> tuple[int, ...]:
    """Return what a refused or broken list must leave alone."""
    return ledger.head(), len(ledger.audit(most=1000, facts=False))


def test_a_broken_list_changes_nothing(listed: Listed) -> None:
    before, first = logged(listed.ledger), json.dumps(msgspec.to_builtins(listed.ending()))
    for case, lines in BROKEN.items():
        reply = sent(listed, chunked([first, *lines]))
        assert reply is not None, case
        found = (reply.status, reply.json()["type"].rpartition("/")[2])
        assert found == (400, EXPECTED.get(case, "invalid")), case
    for line in ("", f'"{ONE}"', '{"as_of": "1"}', f'{{"as_of": 1, "alive": {{"{ONE}": null}}}}'):
        reply = sent(listed, chunked([line, f'"{ONE}"', '{"end": 1}']))
        assert reply is not None, line
        assert reply.status == 400, line
    assert logged(listed.ledger) == before


def test_a_connection_that_breaks(listed: Listed) -> None:
    """The server that reads the body is not told so: it looks like a list that has ended."""
    before, first = logged(listed.ledger), json.dumps(msgspec.to_builtins(listed.ending()))
    for number in (2, 30_000):
        others = (f'"{UUID(int=each)}"' for each in range(1, number))
        with RawConnection(listed.port) as wire:
            wire.begin(request_bytes("POST", "/v1/reconcile", (*HEADERS, ("x-auth-token", "admin"))))
            wire.begin(chunked([first, f'"{ONE}"', *others], whole=False))
            wire.end()
            assert wire.read_all()[:12] in (b"", b"HTTP/1.1 400")
        assert logged(listed.ledger) == before
        assert listed.ledger.allocations(GONE) is not None


def test_of_whom_no_list_is_read(listed: Listed) -> None:
    first = json.dumps(msgspec.to_builtins(listed.request()))
    for token, status in (("somebody", 403), ("", 401)):
        reply = sent(listed, chunked([first, f'"{ONE}"'], whole=False), token)
        assert reply is not None
        assert reply.status == status


def test_spaces_and_other_ends_of_lines(listed: Listed) -> None:
    first = json.dumps(msgspec.to_builtins(listed.request()))
    reply = sent(listed, chunked([f"{first}\r", f'  "{ONE}" \r', "\r", f'\t{{"consumer": "{TWO}"}}', '{"end": 2}']))
    assert reply is not None
    assert (reply.status, reply.json()["orphans"]) == (200, 1)


def test_what_a_list_may_take(listed: Listed) -> None:
    """The amounts of each of many consumers are others, so that they take more than a caller has."""
    alive = AliveList.of_consumers(
        (str(UUID(int=each)), {HOST: {f"CUSTOM_{each}_{number}": each for number in range(8)}})
        for each in range(1, 20_000)
    )
    before = logged(listed.ledger)[0]
    with berth.connect(listed.url, "admin") as client, pytest.raises(errors.TooManyRequests):
        client.reconcile(listed.ending(), alive=alive)
    assert listed.ledger.head() == before
    with berth.connect(listed.url, "admin") as client:
        assert client.reconcile(listed.request(), alive=living(2)).unknown == 1
