"""N+1 clients for N slots, all at the same moment, through several processes: exactly N win.

Every other client names the provider, and every other one lets `/v1/claims` find it: nothing else has room.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from uuid import uuid4

from tests.suites.torture.clients import Client, claim_body, final_state, find_body, make_provider
from tests.suites.torture.history import Event, now
from tests.suites.torture.load import outcome_of
from tests.suites.torture.rules import broken_rules
from tests.support.servers import Server


def race(servers: Sequence[Server], clients: int, rounds: int) -> list[str]:
    """Run this many rounds, each on a provider with one slot too few. Return what was wrong."""
    racers = [_Racer(servers, number) for number in range(clients)]
    found: list[str] = []
    with ExitStack() as stack:
        referee = stack.enter_context(Client(servers))
        for racer in racers:
            stack.enter_context(racer.client)
        for turn in range(rounds):
            found += [f"round {turn}: {finding}" for finding in _round(referee, racers)]
    return found


def _round(referee: Client, racers: Sequence[_Racer]) -> list[str]:
    provider = make_provider(referee, {"VCPU": len(racers) - 1})
    barrier = threading.Barrier(len(racers))
    events: list[Event] = []
    threads = [
        threading.Thread(target=lambda racer=racer: events.append(racer.run(barrier, provider)), daemon=True)
        for racer in racers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    won = sum(event.outcome == "done" for event in events)
    found = broken_rules(events, final_state(referee, [event.consumer for event in events], [provider]))
    if won != len(racers) - 1:
        found.append(f"{won} of {len(racers)} won: {[event.told for event in events if event.outcome != 'done']}")
    return found


class _Racer:
    def __init__(self, servers: Sequence[Server], number: int) -> None:
        self.name, self._finds = f"racer-{number}", number % 2 == 1
        self.client = Client(servers, self.name)

    def run(self, barrier: threading.Barrier, provider: str) -> Event:
        """Claim one slot, once all are ready."""
        consumer, held = str(uuid4()), {provider: {"VCPU": 1}}
        barrier.wait(60)
        began = now()
        if self._finds:
            answer = self.client.ask("POST", "/v1/claims", find_body(consumer, held[provider]))
        else:
            answer = self.client.ask("PUT", f"/allocations/{consumer}", claim_body(held, None))
        outcome, ended = outcome_of(answer), now()
        told = f"{answer.status} {answer.body if answer.status >= 400 else ''}"
        if not self._finds:
            return Event(began, ended, self.name, consumer, "write", held, outcome, told)
        given = answer.body["allocations"] if outcome == "done" else {}
        return Event(began, ended, self.name, consumer, "find", given, outcome, told, ways=(held,))
