"""Requests that claim, made of prepared bytes: only the uuids of the consumer and of the host are filled in."""

import random
from collections.abc import Iterator, Sequence

from bench.crowd import Feed, MakeFeeds
from bench.wire import header, send

PROJECT = "bench"
"""The project of all measured claims, so that its usage can be held against what was acknowledged."""

HOLE = "00000000-0000-4000-8000-000000000000"
TAKEN = {"VCPU": 1, "MEMORY_MB": 64, "DISK_GB": 1}
"""What every claim takes."""

OWNER: dict[str, object] = {
    "project_id": PROJECT,
    "user_id": PROJECT,
    "consumer_generation": None,
    "consumer_type": "INSTANCE",
}


def consumer(row: int, client: int, number: int) -> bytes:
    """A uuid that no other claim of the run has. `row` is below 2^32, `client` below 2^16."""
    return b"%08x-%04x-4000-8000-%012x" % (row, client, number)


def puts(hosts: Sequence[str], row: int, client: int) -> Feed:
    """PUT /allocations/{consumer}, one after the other, each on a host drawn at random, without end."""
    body = {"allocations": {HOLE: {"resources": TAKEN}}, **OWNER}
    before, middle, after = send("PUT", f"/allocations/{HOLE}", body).split(HOLE.encode())
    names = [host.encode() for host in hosts]
    draw = random.Random(f"{row} {client}").choice
    number = 0
    while True:
        number += 1
        yield b"".join((before, consumer(row, client, number), middle, draw(names), after))


def posts(hosts: Sequence[str], row: int, client: int, batch: int) -> Feed:
    """POST /allocations with `batch` claims for as many consumers, without end."""
    one = send("PUT", "/", {HOLE: {"allocations": {HOLE: {"resources": TAKEN}}, **OWNER}}).partition(b"\r\n\r\n{")[2]
    before, middle, after = one.removesuffix(b"}").split(HOLE.encode())
    names = [host.encode() for host in hosts]
    draw = random.Random(f"{row} {client}").choice
    head = header("POST", "/allocations", 2 + batch * (len(before + middle + after) + 72) + batch - 1)
    number = 0
    while True:
        claims = []
        for _ in range(batch):
            number += 1
            claims.append(b"".join((before, consumer(row, client, number), middle, draw(names), after)))
        yield b"".join((head, b"{", b",".join(claims), b"}"))


def endless(hosts: Sequence[str], row: int, batch: int) -> MakeFeeds:
    """Feeds of claims until the time is up; `batch` 0 is PUT."""

    def feeds(first: int, count: int) -> list[Feed]:
        clients = range(first, first + count)
        return [posts(hosts, row, c, batch) if batch else puts(hosts, row, c) for c in clients]

    return feeds


def exactly(hosts: Sequence[str], row: int, each: int, clients: int) -> MakeFeeds:
    """Feeds that claim `each` times on each host in all, shuffled, and then end."""
    order = [host for host in hosts for _ in range(each)]
    random.Random(row).shuffle(order)

    def feed(client: int) -> Iterator[bytes]:
        for host in order[client::clients]:
            yield next(streams[client][host])

    streams = [
        {host: puts([host], row + place, client) for place, host in enumerate(hosts)} for client in range(clients)
    ]
    return lambda first, count: [feed(client) for client in range(first, first + count)]
