"""N+1 clients for N slots, all at the same moment, through several processes: exactly N win.

Every other client names the provider, and every other one lets `/v1/claims` find it: nothing else has room.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from tests.suites.torture.clients import Answer, Client, claim_body, final_state, find_body, make_provider
from tests.suites.torture.history import Event, Held, now
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


def race_late_holds(servers: Sequence[Server], clients: int) -> list[str]:
    """Let holds of all slots lapse; then confirm them and claim the slots, at one moment. Return what was wrong."""
    racers = [_Racer(servers, number) for number in range(2 * clients)]
    with ExitStack() as stack:
        referee = stack.enter_context(Client(servers))
        for racer in racers:
            stack.enter_context(racer.client)
        provider = make_provider(referee, {"VCPU": clients})
        held, consumers = {provider: {"VCPU": 1}}, [str(uuid4()) for _ in racers]
        for consumer in consumers[:clients]:
            referee.sure("POST", "/v1/commands/SetAllocations", {"claims": [_hold_of(consumer, held)]})
        kept = _confirmed_by_placement(referee)
        _wait_until_free(referee, provider)
        kept_by = final_state(referee, [kept], []).held
        outcomes = _at_once(racers, consumers, held, clients)
        final = final_state(referee, consumers, [provider])
    late, won = outcomes[:clients], outcomes[clients:]
    found = [] if kept in kept_by else [f"the hold of {kept} lapsed, which a PUT had confirmed"]
    found += [f"a late hold was answered {each.status} {each.body}" for each in late if each.status != 409]
    found += [f"a free slot was refused: {each.status} {each.body}" for each in won if each.status != 204]
    taken = sum(of[provider]["VCPU"] for of in final.held.values())
    if taken > clients:
        found.append(f"{provider} is oversold: {taken} of {clients}")
    return found


def _hold_of(consumer: str, held: Held) -> dict[str, Any]:
    """Return the claim of a hold for one second, the shortest there is."""
    owner = {"project": "torture", "user": "torture"}
    return {"consumer": consumer, "allocations": held, **owner, "term": {"confirm_within": 1}}


def _confirmed_by_placement(referee: Client) -> str:
    """Return a consumer whose hold a client of Placement has written, which knows nothing of holds."""
    held, consumer = {make_provider(referee, {"VCPU": 1}): {"VCPU": 1}}, str(uuid4())
    referee.sure("POST", "/v1/commands/SetAllocations", {"claims": [_hold_of(consumer, held)]})
    referee.sure("PUT", f"/allocations/{consumer}", claim_body(held, 1))
    return consumer


def _wait_until_free(referee: Client, provider: str) -> None:
    ends = time.monotonic() + 30
    while referee.sure("GET", f"/resource_providers/{provider}/usages")["usages"]["VCPU"]:
        assert time.monotonic() < ends, "the holds do not lapse"
        time.sleep(0.05)


def _at_once(racers: Sequence[_Racer], consumers: Sequence[str], held: Held, late: int) -> list[Answer]:
    """Let the first consumers confirm their holds, and the others claim. Return the answers, in that order."""
    barrier = threading.Barrier(len(racers))
    answers: list[Answer] = [Answer(0)] * len(racers)

    def run(number: int) -> None:
        client, consumer = racers[number].client, consumers[number]
        barrier.wait(60)
        if number < late:
            answers[number] = client.ask("POST", "/v1/commands/Confirm", {"consumer": consumer})
        else:
            answers[number] = client.ask("PUT", f"/allocations/{consumer}", claim_body(held, None))

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(racers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers
