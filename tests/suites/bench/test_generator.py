"""The load generator: requests, counted replies, and a clean end."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from itertools import islice
from pathlib import Path

import pytest

from bench import claims
from bench.crowd import Feed, Rules, crowd
from bench.fleets import Fleet
from bench.headroom import nothing
from bench.servers import NotStarted, free_address, start
from bench.single import Caller
from bench.wire import Address, Head, Unreadable, get, parse_head
from tests.support.deadline import LIMIT_S

HOSTS = Fleet("flat", 3).first(3)


@pytest.mark.parametrize("batch", [0, 1, 50])
def test_claims_are_whole_requests_each_for_new_consumers(batch: int) -> None:
    requests = [request for k in range(2) for request in islice(claims.endless(HOSTS, 7, batch)(0, 2)[k], 3)]
    consumers = []
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head.split(b"\r\n")
        given = json.loads(body)
        whole = given if batch else {head.split()[1].decode().rpartition("/")[2]: given}
        assert len(whole) == max(batch, 1)
        consumers += [str(uuid.UUID(consumer)) for consumer in whole]
        assert {host for claim in whole.values() for host in claim["allocations"]} <= set(HOSTS)
    assert len(set(consumers)) == len(consumers) == 6 * max(batch, 1)


def test_exactly_as_many_claims_on_each_host() -> None:
    feeds = claims.exactly(HOSTS, 1, 5, 4)(0, 4)
    sent = [json.loads(request.partition(b"\r\n\r\n")[2]) for feed in feeds for request in feed]
    hosts = [host for body in sent for host in body["allocations"]]
    assert sorted(hosts) == sorted(HOSTS * 5)


HEADS = {
    "incomplete": (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n", None),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Head(200, 38, 41, closes=False)),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", Head(204, 27, 27, closes=False)),
    "closes": (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", Head(204, 46, 46, closes=True)),
}


@pytest.mark.parametrize("case", HEADS)
def test_heads(case: str) -> None:
    data, expected = HEADS[case]
    assert parse_head(data) == expected


def test_a_length_that_is_not_told_is_an_error() -> None:
    with pytest.raises(Unreadable):
        parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


@pytest.mark.parametrize(("clients", "processes"), [(1, 1), (8, 1), (6, 2)])
def test_a_crowd_counts_every_reply(clients: int, processes: int, tmp_path: Path) -> None:
    feeds = claims.exactly(HOSTS, 1, 40, clients)
    with nothing(tmp_path, 0) as server:
        tally = crowd(server.address, clients, feeds, Rules(None), processes)
    assert dict(tally.statuses) == {204: 120}
    assert tally.done == len(tally.seconds) == 120
    assert min(tally.seconds) > 0


def test_a_crowd_ends_when_its_time_is_up(tmp_path: Path) -> None:
    with nothing(tmp_path, 0) as server:
        tally = crowd(server.address, 4, claims.endless(HOSTS, 1, 0), Rules(0.2))
    assert 0.2 <= tally.wall_s < LIMIT_S
    assert tally.done >= 4


class Scripted:
    """A server that gives one reply per connection from a list, says that it closes, and closes."""

    def __init__(self, replies: list[bytes]) -> None:
        self.replies = replies
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = Address("127.0.0.1", self.door.getsockname()[1])
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        with self.door:
            for reply in self.replies:
                peer, _ = self.door.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(reply)


def reply(status: int) -> bytes:
    return b"HTTP/1.1 %d X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status


@pytest.mark.parametrize(
    ("retries", "statuses", "done"), [(0, {409: 1, 200: 2}, 2), (1, {409: 1, 200: 3}, 3)], ids=["counted", "again"]
)
def test_a_server_that_closes_and_refuses(retries: int, statuses: dict[int, int], done: int) -> None:
    server = Scripted([reply(200), reply(409), *[reply(200)] * (done - 1)])

    def feed() -> Feed:
        yield from [get("/")] * 3

    tally = crowd(server.address, 1, lambda _first, _count: [feed()], Rules(None, retries=retries))
    server.thread.join(5)
    assert dict(tally.statuses) == statuses
    assert tally.done == done


def test_a_reply_that_never_comes_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.crowd.GRACE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = Address("127.0.0.1", door.getsockname()[1])
        tally = crowd(address, 2, claims.endless(HOSTS, 1, 0), Rules(0.1))
    assert (tally.done, tally.unanswered) == (0, 2)


def test_a_caller_survives_a_connection_that_was_closed_while_idle() -> None:
    kept = reply(200).replace(b"connection: close\r\n", b"")
    server = Scripted([kept, kept])
    with Caller(server.address, 5.0) as caller:
        assert [caller.call(get("/")).status for _ in range(2)] == [200, 200]
    server.thread.join(5)


def test_a_caller_gives_up_in_time() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as door,
        Caller(Address("127.0.0.1", door.getsockname()[1]), 0.2) as caller,
        pytest.raises(TimeoutError),
    ):
        caller.call(get("/"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_a_server_and_its_children_end_with_it(log: Path) -> None:
    address = free_address()
    serve = f"sleep 60 & echo $! > {log}.child; exec python3 -m http.server {address.port} --bind 127.0.0.1"
    with start(["sh", "-c", serve], address, {}, log):
        child = int(Path(f"{log}.child").read_text())
        assert Path(f"/proc/{child}").exists()
    deadline = time.monotonic() + 10  # it was killed; a busy machine takes a moment to bury it
    while state(child) not in ("", "Z") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state(child) in ("", "Z")


def state(process: int) -> str:
    """A process's state letter; nothing if there is no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_a_server_that_does_not_start_says_why(log: Path) -> None:
    with pytest.raises(NotStarted, match="no such luck"):
        start(["sh", "-c", "echo no such luck; exit 3"], free_address(), {}, log)
