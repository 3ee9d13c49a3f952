"""Closed-loop clients: each sends its next request when the reply to its last has come.

All the clients of one process share one epoll loop; several processes may share the clients among them. The loop does
nothing but receive, look at the status, note the time and send bytes made by a feed.
"""

import multiprocessing
import select
import socket
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from bench.single import Cut, connect
from bench.wire import Address, parse_head

FORK = multiprocessing.get_context("fork")
GRACE_S = 30.0
"""How long the last replies may take after the time is up, before they are given up."""

Feed = Iterator[bytes]
MakeFeeds = Callable[[int, int], Sequence[Feed]]
"""(first client, number of clients) -> one feed of requests for each."""


@dataclass(slots=True)
class Tally:
    """What a crowd did: replies per status, each reply's seconds, and what the generator itself used.

    `wall_s` is until the last reply; `unanswered`: requests without a reply `GRACE_S` after the end.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    refusals: list[bytes] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    unanswered: int = 0

    def add(self, other: "Tally") -> None:
        """Join another process's part; the parts ran at the same time."""
        self.statuses.update(other.statuses)
        self.seconds.extend(other.seconds)
        self.refusals.extend(other.refusals)
        self.wall_s = max(self.wall_s, other.wall_s)
        self.cpu_s += other.cpu_s
        self.unanswered += other.unanswered

    @property
    def done(self) -> int:
        """Replies of the 200 kind."""
        return sum(count for status, count in self.statuses.items() if status < 300)


class Client:
    """One connection with the request that is under way on it."""

    __slots__ = ("address", "data", "feed", "request", "sent_at", "socket", "tries")

    def __init__(self, address: Address, feed: Feed) -> None:
        self.address = address
        self.feed = feed
        self.socket: socket.socket | None = None
        self.data = b""
        self.request = b""
        self.sent_at = 0.0
        self.tries = 0

    def send(self, request: bytes) -> None:
        """Send a request, connecting first where the server has closed."""
        self.request = request
        self.sent_at = time.perf_counter()
        if self.socket is None:
            self.socket = connect(self.address, GRACE_S)
        self.socket.sendall(request)

    def receive(self) -> int:
        """Take what has arrived; the reply's status once it is whole, else 0."""
        assert self.socket is not None
        got = self.socket.recv(65536)
        if not got:
            raise Cut
        self.data += got
        head = parse_head(self.data)
        if head is None or len(self.data) < head.end:
            return 0
        if head.closes:
            self.close()
        return head.status

    def close(self) -> None:
        """Close; the kernel takes the socket out of the epoll set."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How a crowd ends and what it forgives.

    `seconds` None means until the feeds are exhausted, `limit_s` at most. `retries` is how often a 409, 500 or 503 is
    sent again (loading); 0 only counts them (claims are contended on purpose).
    """

    seconds: float | None
    retries: int = 0
    limit_s: float = 3600.0


class Loop:
    """The epoll loop over the clients of one process."""

    def __init__(self, clients: Sequence[Client], rules: Rules) -> None:
        self.rules = rules
        self.poll = select.epoll()
        self.busy: dict[int, Client] = {}
        self.tally = Tally()
        self.clients = clients
        self.last_at = 0.0

    def run(self) -> Tally:
        """Run until the time is up and the last replies are in, or until the feeds are exhausted."""
        start, cpu = time.perf_counter(), time.process_time()
        until = start + (self.rules.limit_s if self.rules.seconds is None else self.rules.seconds)
        for client in self.clients:
            self.next(client)
        while self.busy and time.perf_counter() < until + GRACE_S:
            for fd, _ in self.poll.poll(0.5):
                self.advance(self.busy[fd], fd, until)
        self.tally.wall_s = (self.last_at or time.perf_counter()) - start
        self.tally.cpu_s = time.process_time() - cpu
        self.tally.unanswered = len(self.busy)
        for client in self.clients:
            client.close()
        self.poll.close()
        return self.tally

    def next(self, client: Client) -> None:
        """Send the client's next request, if its feed has one."""
        request = next(client.feed, None)
        if request is None:
            client.close()
        else:
            client.tries = 0
            self.put(client, request)

    def put(self, client: Client, request: bytes) -> None:
        fresh = client.socket is None
        client.data = b""
        client.send(request)
        assert client.socket is not None
        if fresh:
            fd = client.socket.fileno()
            self.busy[fd] = client
            self.poll.register(fd, select.EPOLLIN)

    def advance(self, client: Client, fd: int, until: float) -> None:
        """Take what a client's server sent, and go on if that was a whole reply."""
        status = client.receive()
        if status == 0:
            return
        now = self.last_at = time.perf_counter()
        self.tally.statuses[status] += 1
        self.tally.seconds.append(now - client.sent_at)
        if client.socket is None:
            del self.busy[fd]
        if status >= 300 and self.again(client, status):
            self.put(client, client.request)
        elif now < until:
            self.next(client)
        else:
            client.close()
        if client.socket is None:
            self.busy.pop(fd, None)

    def again(self, client: Client, status: int) -> bool:
        """Whether a refused request is sent once more. Keeps the first few refusals' bodies."""
        if len(self.tally.refusals) < 5:
            self.tally.refusals.append(client.data[-400:])
        client.tries += 1
        return status in (409, 500, 503) and client.tries <= self.rules.retries


def crowd(address: Address, clients: int, feeds: MakeFeeds, rules: Rules, processes: int = 1) -> Tally:
    """Run `clients` closed-loop clients, shared among `processes` processes that start together."""
    if processes <= 1:
        return Loop([Client(address, feed) for feed in feeds(0, clients)], rules).run()
    barrier = FORK.Barrier(processes)
    shares = [clients // processes + (k < clients % processes) for k in range(processes)]
    parts = []
    for k, share in enumerate(shares):
        reader, writer = FORK.Pipe(duplex=False)
        first = sum(shares[:k])
        child = FORK.Process(target=part, args=(address, feeds, first, share, rules, barrier, writer), daemon=True)
        child.start()
        writer.close()
        parts.append((child, reader))
    whole = Tally()
    for child, reader in parts:
        whole.add(reader.recv())
        child.join(GRACE_S)
    return whole


def part(
    address: Address, feeds: MakeFeeds, first: int, share: int, rules: Rules, barrier: Barrier, out: Connection
) -> None:
    """One process's clients; the tally goes back through the pipe."""
    clients = [Client(address, feed) for feed in feeds(first, share)]
    barrier.wait(GRACE_S)
    out.send(Loop(clients, rules).run())
    out.close()
