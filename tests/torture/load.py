"""Many clients that claim, change, release and read, and write down what they were told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from tests.torture.clients import Answer, Client, claim_body, final_state, held_of, make_provider
from tests.torture.history import Event, Held, History, Outcome, now
from tests.torture.rules import broken_rules
from tests.torture.servers import Served

UNSURE = -1
"""Instead of a generation: a write had no answer, and only a read can tell."""


@dataclass(slots=True)
class Load:
    """What clients work on: hosts that are too small for all of them, and consumers that each have one client."""

    servers: Sequence[Served]
    hosts: list[str]
    history: History = field(default_factory=History)
    consumers: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def check(self) -> list[str]:
        """All rules, against what the servers tell now."""
        with Client(self.servers) as client:
            return broken_rules(self.history.events, final_state(client, self.consumers, self.hosts))


def make_load(servers: Sequence[Served], hosts: int = 6) -> Load:
    with Client(servers) as client:
        return Load(servers, [make_provider(client, {"VCPU": 8, "MEMORY_MB": 8192}) for _ in range(hosts)])


@contextmanager
def running(load: Load, clients: int) -> Iterator[None]:
    """So many clients at it, until the block ends."""
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
        choose = self.client.random
        while not self.load.stop.is_set():
            consumer = choose.choice(list(self.generations))
            if self.generations[consumer] == UNSURE or choose.random() < 0.3:
                self._read(consumer)
            elif self.generations[consumer] is not None and choose.random() < 0.4:
                self._release(consumer)
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
        operation: Literal["write", "read"],
        held: Held,
        outcome: Outcome,
        told: Answer,
    ) -> None:
        said = f"{told.status} {told.body if told.status >= 400 else ''}".strip()
        self.load.history.add(Event(began, now(), self.name, consumer, operation, held, outcome, said))


def outcome_of(answer: Answer) -> Outcome:
    if answer.status == 0:
        return "unknown"
    if answer.status == 503:
        return "unknown" if (answer.headers or {}).get("retry-after") else "wrong"
    if answer.status == 409:
        return "stale" if answer.code == "placement.concurrent_update" else "refused"
    return "done" if 200 <= answer.status < 300 else "wrong"
