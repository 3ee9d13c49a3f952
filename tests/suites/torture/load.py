"""Many clients that claim, change, release and read, and record the replies."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from tests.suites.torture.clients import Answer, Client, claim_body, final_state, find_body, held_of, make_provider
from tests.suites.torture.history import Event, Held, History, Operation, Outcome, now
from tests.suites.torture.rules import broken_rules
from tests.support.servers import Server

FORGED = "berth_aaaaaaaaaa_" + "a" * 43
"""A token that nobody was given."""

UNSURE = -1
"""Instead of a generation: a write had no answer, and only a read can tell."""


@dataclass(slots=True)
class Load:
    """The work of the clients: hosts that are too small for all of them, and consumers that each have one client.

    failed: why a client ended early.
    """

    servers: Sequence[Server]
    hosts: list[str]
    history: History = field(default_factory=History)
    consumers: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def check(self) -> list[str]:
        """Check all rules against what the servers report now."""
        with Client(self.servers) as client:
            return [
                *self.failed,
                *broken_rules(self.history.events, final_state(client, self.consumers, self.hosts)),
            ]


def make_load(servers: Sequence[Server], hosts: int = 6) -> Load:
    with Client(servers) as client:
        return Load(servers, [make_provider(client, {"VCPU": 8, "MEMORY_MB": 8192}) for _ in range(hosts)])


@contextmanager
def running(load: Load, clients: int) -> Iterator[None]:
    """Run this many clients until the block ends."""
    threads = []
    for number in range(clients):
        mine = [str(uuid4()) for _ in range(3)]
        load.consumers += mine
        worker = _Worker(load, f"client-{number}", mine)
        threads.append(threading.Thread(target=worker.run, name=worker.name, daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(120)
    assert not [thread.name for thread in threads if thread.is_alive()], "a client never had an answer"


class _Worker:
    """One client. It knows the generation of each of its consumers, as long as all its writes are answered."""

    def __init__(self, load: Load, name: str, consumers: Sequence[str]) -> None:
        self.load, self.name = load, name
        self.client = Client(load.servers, name)
        self.generations: dict[str, int | None] = dict.fromkeys(consumers)

    def run(self) -> None:
        """Ask until the load is stopped."""
        try:
            self._work()
        except Exception:  # noqa: BLE001 - whatever it is, the trial is void
            self.load.failed.append(f"{self.name} failed: {traceback.format_exc()}")

    def _work(self) -> None:
        choose = self.client.random
        while not self.load.stop.is_set():
            consumer = choose.choice(list(self.generations))
            if choose.random() < 0.01:
                self._knock(consumer)
            elif self.generations[consumer] == UNSURE or choose.random() < 0.3:
                self._read(consumer)
            elif self.generations[consumer] is not None and choose.random() < 0.4:
                self._release(consumer)
            elif self.generations[consumer] is None and choose.random() < 0.5:
                self._find(consumer)
            else:
                self._claim(consumer)
        self.client.close()

    def _claim(self, consumer: str) -> None:
        choose = self.client.random
        places = choose.sample(self.load.hosts, choose.choice((1, 1, 2)))
        held = {place: {"VCPU": choose.randint(1, 3), "MEMORY_MB": 512 * choose.randint(1, 4)} for place in places}
        generation = self.generations[consumer]
        began = now()
        answer = self.client.ask("PUT", f"/allocations/{consumer}", claim_body(held, generation))
        outcome = outcome_of(answer)
        self._note(began, consumer, "write", held, outcome, answer)
        if outcome == "done":
            self.generations[consumer] = (generation or 0) + 1
        elif outcome != "refused":
            self._unsure(consumer)

    def _find(self, consumer: str) -> None:
        """Claim what is wanted wherever there is room for it."""
        choose = self.client.random
        amounts = {"VCPU": choose.randint(1, 3), "MEMORY_MB": 512 * choose.randint(1, 4)}
        ways = tuple({place: amounts} for place in self.load.hosts)
        began = now()
        answer = self.client.ask("POST", "/v1/claims", find_body(consumer, amounts))
        outcome = outcome_of(answer)
        held = answer.body["allocations"] if outcome == "done" else {}
        self._note(began, consumer, "find", held, outcome, answer, ways)
        if outcome == "done":
            self.generations[consumer] = answer.body["generation"]
        elif outcome != "refused":
            self._unsure(consumer)

    def _knock(self, consumer: str) -> None:
        """Try to end what it holds, as nobody who is known."""
        began = now()
        answer = self.client.ask("DELETE", f"/allocations/{consumer}", token=FORGED)
        outcome = "done" if answer.status in (401, 429) else outcome_of(answer)
        self._note(began, consumer, "knock", {}, "wrong" if 200 <= answer.status < 300 else outcome, answer)

    def _release(self, consumer: str) -> None:
        began = now()
        answer = self.client.ask("DELETE", f"/allocations/{consumer}")
        outcome = "done" if answer.status == 404 else outcome_of(answer)
        self._note(began, consumer, "write", {}, outcome, answer)
        if outcome == "done":
            self.generations[consumer] = None
        else:
            self._unsure(consumer)

    def _read(self, consumer: str) -> None:
        began = now()
        answer = self.client.ask("GET", f"/allocations/{consumer}")
        if answer.status != 200:
            self._note(began, consumer, "read", {}, outcome_of(answer), answer)
            self._rest()
            return
        self._note(began, consumer, "read", held_of(answer.body), "done", answer)
        if self.generations[consumer] == UNSURE:
            self.generations[consumer] = answer.body.get("consumer_generation")

    def _unsure(self, consumer: str) -> None:
        self.generations[consumer] = UNSURE
        self._rest()

    def _rest(self) -> None:
        self.load.stop.wait(self.client.random.uniform(0.01, 0.1))

    def _note(
        self,
        began: float,
        consumer: str,
        operation: Operation,
        held: Held,
        outcome: Outcome,
        told: Answer,
        ways: tuple[Held, ...] = (),
    ) -> None:
        said = f"{told.status} {told.body if told.status >= 400 else ''}".strip()
        request = told.request if 200 <= told.status < 300 else ""
        event = Event(began, now(), self.name, consumer, operation, held, outcome, said, request, ways)
        self.load.history.add(event)


def outcome_of(answer: Answer) -> Outcome:
    if answer.status == 0:
        return "unknown"
    if answer.status == 503:
        return "unknown" if (answer.headers or {}).get("retry-after") else "wrong"
    if answer.status == 409:
        stale = answer.code == "placement.concurrent_update" or answer.problem.endswith("generation-conflict")
        return "stale" if stale else "refused"
    return "done" if 200 <= answer.status < 300 else "wrong"
