"""Hosts that hold leases, claim under them, renew, fall silent or come late, while servers are killed and stopped.

What is checked in the end knows the rules of leases, and of Berth only its change log:

1. No lease is marked before a deadline that its holder had been given, and none ends before the grace after it.
2. Every lease that stayed silent ends, and then nothing of it is held.
3. At no change of the log is more held of a host than it has, and the log's sums are those of its claims.
4. What was acknowledged is there, unless its lease has ended; and its change is in the audit log, once.
"""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from berth.ledger import open_ledger
from berth.model.change import Change
from berth.model.lease import LeaseFact
from tests.suites.torture.audit_log import Follower, broken_records
from tests.suites.torture.clients import Answer, Client, held_of, make_provider
from tests.suites.torture.history import Event, now
from tests.suites.torture.kills import audit_records, verification_failures
from tests.suites.torture.load import outcome_of
from tests.support.servers import Server, token_server_group

SECOND: Final = 1_000_000
TTL_S, GRACE_S = 5, 2
"""The shortest time to live that there is, and a grace in which a late renewal can come."""

HOLDERS: Final = 6
"""How many there are at a time. Few, as no more than 20 silent leases end within a minute."""

ROOM: Final = 4
"""How much each host has: less than those who want it ask for."""

CALM_S: Final = 2
"""How long leases are granted after the last blow."""

SETTLED_S: Final = 180
"""How long after the last blow the silent leases may take to end: outages give them their grace again."""

Habit = str
"""steady: renews until it is stopped; silent: stops; late: once renews in its grace only; ends: its owner ends it."""

HABITS: Final = ("steady", "silent", "late", "ends")


@dataclass(slots=True)
class HeldLease:
    """A lease as its holder knows it. consumers: amounts that were acknowledged; deadlines: when they were given.

    left: whether its holder renews it no more; over: whether it was answered that it has ended.
    """

    uuid: str
    habit: Habit
    host: str
    consumers: dict[str, int] = field(default_factory=dict)
    deadlines: list[tuple[int, int]] = field(default_factory=list)
    left: bool = False
    over: bool = False


@dataclass(slots=True)
class Holders:
    """The hosts and leases of a trial. wrong: answers that no server may give; failed: why a thread ended early."""

    servers: Sequence[Server]
    hosts: list[str]
    leases: list[HeldLease] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    silence: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


class _Holder:
    """One thread: a lease after the other, with claims under each."""

    def __init__(self, holders: Holders, number: int) -> None:
        self.holders, self.number = holders, number
        self.client = Client(holders.servers, f"holder-{number}")
        self.chance = self.client.random

    def run(self) -> None:
        try:
            with closing(self.client):
                for turn in itertools.count(self.number):
                    if self.holders.stop.is_set() or self.holders.silence.is_set():
                        return
                    self._hold(HABITS[turn % len(HABITS)])
        except Exception:  # noqa: BLE001 - whatever it is, the trial is void
            self.holders.failed.append(traceback.format_exc())

    def _hold(self, habit: Habit) -> None:
        lease = HeldLease(str(uuid4()), habit, self.chance.choice(self.holders.hosts))
        self.holders.leases.append(lease)
        given = {"name": lease.uuid, "project": "torture", "ttl": TTL_S, "grace": GRACE_S, "uuid": lease.uuid}
        answer = self._ask("POST", "/v1/leases", given)
        if answer.status != 200 and answer.status != 201:
            lease.left = True
            return
        lease.deadlines.append((_wall(), answer.body["deadline"]))
        self._claim(lease)
        self._renew_for(lease, self.chance.uniform(0.5, 2))
        if habit == "late":
            self.holders.stop.wait(TTL_S + GRACE_S / 2)
            self._renew(lease)
            self._end(lease)
        elif habit == "steady":
            self._renew_for(lease, self.chance.uniform(20, 40))
            if not lease.over and self.holders.stop.is_set():
                return  # its holder still has it
        elif habit == "ends":
            self._end(lease)
        lease.left = True

    def _claim(self, lease: HeldLease) -> None:
        consumer, amount = str(uuid4()), self.chance.choice((1, 1, 2))
        claim = {"consumer": consumer, "allocations": {lease.host: {"VCPU": amount}}, "term": {"lease": lease.uuid}}
        body = {"claims": [{**claim, "project": "torture", "user": "torture"}]}
        if self._write(consumer, {lease.host: {"VCPU": amount}}, "/v1/commands/SetAllocations", body):
            lease.consumers[consumer] = amount

    def _write(self, consumer: str, held: Mapping[str, Mapping[str, int]], path: str, body: Any) -> bool:
        began = now()
        answer = self._ask("POST", path, body)
        outcome = outcome_of(answer)
        said = f"{answer.status} {answer.body if answer.status >= 400 else ''}"
        event = Event(began, now(), "holder", consumer, "write", held, outcome, said, answer.request)
        self.holders.events.append(event)
        return outcome == "done"

    def _renew_for(self, lease: HeldLease, seconds: float) -> None:
        """Renew about every second. A steady one goes on to the end, once no other lease is granted."""
        until, steady = now() + seconds, lease.habit == "steady"
        while not lease.over and not self.holders.stop.is_set():
            if now() > until and not (steady and self.holders.silence.is_set()):
                return
            self._renew(lease)
            if steady and not lease.consumers:
                self._claim(lease)  # its host was full until now
            self.holders.stop.wait(0.7)

    def _renew(self, lease: HeldLease) -> None:
        answer = self._ask("POST", "/v1/leases/renew", {"uuids": [lease.uuid]})
        if answer.status == 200:
            renewal = answer.body[lease.uuid]
            if isinstance(renewal, int):
                lease.deadlines.append((_wall(), renewal))
            else:
                lease.over = True

    def _end(self, lease: HeldLease) -> None:
        answer = self._ask("DELETE", f"/v1/leases/{lease.uuid}")
        lease.over = 200 <= answer.status < 300

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        answer = self.client.ask(method, path, body)
        if answer.status not in (0, 404, 409, 503) and not 200 <= answer.status < 300:
            self.holders.wrong.append(f"{method} {path}: {answer}")
        if answer.status in (0, 503):
            self.holders.stop.wait(0.1)
        return answer


def _wall() -> int:
    """Return the time as the ledger has it, which is on this machine: microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def hold_leases(database: str, folder: Path, rounds: int, seed: int = 1) -> list[str]:
    """Kill and stop servers in rounds while leases are held. Return what was wrong."""
    chance = random.Random(seed)
    with token_server_group(database, folder, 2) as servers, closing(Follower(database)) as follower:
        with Client(servers) as client:
            holders = Holders(servers, [make_provider(client, {"VCPU": ROOM}) for _ in range(3)])
        found: list[str] = []
        with _running(holders, HOLDERS):
            for turn in range(rounds):
                holders.stop.wait(chance.uniform(1, 2))
                _strike(servers[turn % 2], kill=turn % 3 != 1, stop_s=chance.uniform(0.5, 3))
                found += [f"blow {turn}: {finding}" for finding in follower.look()]
            holders.stop.wait(CALM_S)
            for server in servers:
                server.revive()
            holders.silence.set()
            found += _wait_until_ended(holders)
            held = _held(holders)  # before the log is read: what is missing here must have ended there
        return [*found, *follower.look(), *_check(holders, database, held)]


def _strike(server: Server, *, kill: bool, stop_s: float) -> None:
    if kill:
        server.kill()
        server.start()
    else:
        server.signal(signal.SIGSTOP)
        time.sleep(stop_s)
        server.signal(signal.SIGCONT)


@contextmanager
def _running(holders: Holders, count: int) -> Iterator[None]:
    threads = [threading.Thread(target=_Holder(holders, number).run, daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        holders.stop.set()
        for thread in threads:
            thread.join(120)
    assert not [thread for thread in threads if thread.is_alive()], "a holder never had an answer"


def _wait_until_ended(holders: Holders) -> list[str]:
    """Wait until every lease that its holder has left is over, and its claims are released."""
    ends = time.monotonic() + SETTLED_S
    with Client(holders.servers) as client:
        while True:
            left = [each for each in holders.leases if each.left and not each.over and each.deadlines]
            for lease in left:
                shown = client.sure("GET", f"/v1/leases/{lease.uuid}")
                lease.over = shown["state"] == "ended" and shown["consumers"] == 0
            left = [each for each in left if not each.over]
            if not left and all(each.left or each.habit == "steady" for each in holders.leases):
                return []
            if time.monotonic() > ends:
                return [f"{each.habit} lease {each.uuid} is silent and has not ended" for each in left]
            time.sleep(0.3)


def _held(holders: Holders) -> dict[str, dict[str, dict[str, int]]]:
    """Return what the consumers of all leases have now."""
    with Client(holders.servers) as client:
        consumers = [consumer for lease in list(holders.leases) for consumer in list(lease.consumers)]
        return {each: held_of(client.sure("GET", f"/allocations/{each}")) for each in consumers}


def _check(holders: Holders, database: str, held: Mapping[str, Any]) -> list[str]:
    with open_ledger(database) as ledger:
        changes = list(_changes(ledger))
    kept = sum(bool(each) for each in held.values())
    ended = {lease for change in changes for lease, fact in change.facts.leases.items() if fact.ended_at is not None}
    print(f"{len(holders.leases)} leases, {len(ended)} ended; {len(held)} claims acknowledged, {kept} held at the end")
    found = [*holders.failed, *holders.wrong, *_early(holders, changes), *_oversold(changes)]
    found += [*_lost(holders, held, ended), *_left_over(changes, ended)]
    found += broken_records(holders.events, audit_records(database))
    found += verification_failures(database)
    return found if kept and len(held) > kept else [*found, "nothing was ever held to the end, or nothing has ended"]


def _changes(ledger: Any) -> Iterator[Change]:
    after = 0
    while page := ledger.changes(after, 1000):
        yield from page
        after = page[-1].number


def _early(holders: Holders, changes: Sequence[Change]) -> Iterator[str]:
    """Yield leases that were marked or ended although their holders had renewed them in time."""
    known = {each.uuid: each for each in holders.leases}
    for change in changes:
        if change.operation == "Lapse":
            for uuid, fact in change.facts.leases.items():
                given = [deadline for told, deadline in known[uuid].deadlines if told < change.at]
                yield from _early_of(uuid, fact, change.at, max(given, default=0))


def _early_of(uuid: str, fact: LeaseFact, at: int, deadline: int) -> Iterator[str]:
    if at < deadline:
        yield f"lease {uuid} was marked or ended at {at}, and had been renewed until {deadline}"
    elif fact.ended_at is not None and at < deadline + GRACE_S * SECOND:
        yield f"lease {uuid} ended at {at}, within the grace of its deadline {deadline}"


def _oversold(changes: Sequence[Change]) -> Iterator[str]:
    """Yield changes after which more is held of a host than it has, or another amount than the log says."""
    claims: dict[str, dict[str, int]] = {}
    used: dict[str, int] = {}
    for change in changes:
        facts = change.facts
        used.update({host: amounts["VCPU"] for host, amounts in facts.used.items() if "VCPU" in amounts})
        for consumer, held in facts.claims.items():
            claims[consumer] = {host: amounts["VCPU"] for host, amounts in held.items()}
        sums: dict[str, int] = defaultdict(int)
        for host, amount in itertools.chain.from_iterable(each.items() for each in claims.values()):
            sums[host] += amount
        for host, amount in used.items():
            if sums[host] > ROOM:
                yield f"{host} is oversold after change {change.number}: {sums[host]} of {ROOM}"
            if sums[host] != amount:
                yield f"{sums[host]} of {host} are held after change {change.number}, which says {amount}"


def _left_over(changes: Sequence[Change], ended: set[str]) -> Iterator[str]:
    """Yield claims that the log still has in the end, although their leases have ended."""
    lease_of: dict[str, str | None] = {}
    for change in changes:
        for consumer, held in change.facts.claims.items():
            term = change.facts.terms.get(consumer)
            lease_of[consumer] = term.lease if held and term is not None else None
    yield from (f"{consumer} is held, and {lease} has ended" for consumer, lease in lease_of.items() if lease in ended)


def _lost(holders: Holders, held: Mapping[str, Any], ended: set[str]) -> Iterator[str]:
    """Yield claims that were acknowledged and are gone although their lease has not ended, and the other way round."""
    for lease in holders.leases:
        for consumer, amount in lease.consumers.items():
            if consumer not in held:
                continue
            promised = {lease.host: {"VCPU": amount}}
            if lease.uuid not in ended and held[consumer] != promised:
                yield f"{consumer} has {held[consumer]}, and was promised {promised} as long as {lease.uuid} lasts"
            if lease.left and lease.over and held[consumer]:
                yield f"{consumer} has {held[consumer]}, and its lease {lease.uuid} is over"
