"""What goes on in a fleet in which nothing is unusual: months of services, people, maintenance and mistakes."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from berth.model.caller import Caller
from berth.model.inventory import Inventory
from tests.suites.anomalies.records import DAY, HOUR, MINUTE, SECOND, START, STOCK, Host, Log

Act = Callable[[int], None]
"""Something that happens, given when."""


@dataclass
class Person:
    """Somebody who administers the fleet. offset: of their clock to UTC, in hours; networks: where they work from."""

    name: str
    offset: int
    networks: list[str]
    starts: int
    busy: float


@dataclass
class Fleet:
    """Who there is, and what happens. scale: how busy it is."""

    log: Log
    days: int
    scale: float = 1.0
    people: list[Person] = field(default_factory=list)
    agenda: list[tuple[int, int, Act]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._count = 0
        self._aside: dict[str, dict[str, Inventory]] = {}
        chance = self.log.chance
        names = ("ada", "bob", "cyd", "dee")[: chance.randint(2, 4)]
        self.people = [
            Person(
                name,
                chance.choice((-8, -5, 0, 1, 1, 2, 9)),
                [
                    f"10.20.{chance.randint(0, 99)}.",
                    *(f"{chance.randint(60, 90)}.{chance.randint(0, 99)}.7." for _ in "ab"),
                ],
                chance.choice((7, 8, 9)),
                chance.uniform(0.4, 1.6),
            )
            for name in names
        ]
        self.hosts = chance.randint(20, 120)
        self.holiday = chance.randrange(8, self.days)
        self.night = chance.randint(1, 4)

    # --- Who ---

    def service(self, name: str) -> Caller:
        """A service, on one of its few machines."""
        number = sum(name.encode()) % 7
        address = f"10.1.{number}.{self.log.chance.randint(10, 12)}"
        return Caller(name=name, user=name, roles=frozenset({"service"}), via="token", address=address)

    def person(self, person: Person, *, network: str | None = None) -> Caller:
        chance = self.log.chance
        address = (network or chance.choice(person.networks)) + str(chance.randint(2, 250))
        return Caller(name=person.name, user=person.name, roles=frozenset({"admin"}), via="oidc", address=address)

    # --- When ---

    def at(self, moment: int, act: Act) -> None:
        self._count += 1
        heapq.heappush(self.agenda, (moment, self._count, act))

    def run(self) -> None:
        """Let it all happen, in order."""
        while self.agenda:
            moment, _, act = heapq.heappop(self.agenda)
            if self.log.hosts or moment == self._first:
                act(moment)

    def working(self, day: int) -> bool:
        return day % 7 < 5 and day != self.holiday

    def rhythm(self, day: int, hour: int) -> float:
        """How busy services are: most in the afternoon, half of that on free days."""
        wave = 0.55 + 0.45 * math.sin((hour - 8) / 24 * 2 * math.pi)
        return wave * (1.0 if self.working(day) else 0.5)

    def moments(self, day: int, per_day: float) -> Iterator[int]:
        chance = self.log.chance
        for hour in range(24):
            expected = per_day / 24 * self.rhythm(day, hour) * self.scale
            count = int(expected) + (chance.random() < expected % 1)
            for _ in range(count):
                yield START + day * DAY + hour * HOUR + chance.randrange(HOUR)

    # --- What ---

    def plan(self) -> None:
        """Everything that will happen."""
        first = self.people[0]
        self._first = START + ((first.starts - first.offset) % 24) * HOUR
        self.at(self._first, lambda now: self.grow(now, first, self.hosts, 1))
        for day in range(self.days):
            for part in (self.clouds, self.batches, self.builds, self.agents, self.mistakes, self.upkeep, self.admins):
                part(day)

    def grow(self, now: int, person: Person, count: int, rack: int) -> None:
        for number in range(count):
            host = Host(self.log.new_uuid(), f"10.2.{rack}.{number + 1}")
            inventories = {name: Inventory(total=total) for name, total in STOCK.items()}
            self.log.stock(now + number * SECOND, self.person(person), host, inventories)

    def clouds(self, day: int) -> None:
        """Virtual machines come and go; some stay for months. Now and then a service is deployed again."""
        for moment in self.moments(day, 260):
            self.at(moment, lambda now: self._turn_over(now, "nova", 900))
        if self.working(day) and self.log.chance.random() < 0.3:
            start = START + day * DAY + self.log.chance.randrange(9, 16) * HOUR
            self.at(start, lambda now: self._deploy(now, "heat"))

    def _turn_over(self, now: int, name: str, most: int) -> None:
        mine = self.log.owned.get(name, {})
        if mine and self.log.chance.random() < len(mine) / most:
            self.log.release(now, self.service(name), [self.log.chance.choice(list(mine))])
        else:
            self.log.claim(now, self.service(name))

    def _deploy(self, now: int, name: str) -> None:
        """New ones first, then the old ones go."""
        log, old = self.log, list(self.log.owned.get(name, {}))
        for number in range(self.log.chance.randint(20, 60)):
            log.claim(now + number * 200, self.service(name))
        for number, each in enumerate(old):
            log.release(now + 20_000 + number * 200, self.service(name), [each])

    def batches(self, day: int) -> None:
        """Jobs by the dozen, for an hour or less; more at the end of the month."""
        times = 2 if day % 30 > 27 else 1
        for moment in self.moments(day, 12 * times):
            count = self.log.chance.randint(3, 12)
            self.at(moment, lambda now, count=count: self._job(now, count))  # type: ignore[misc]

    def _job(self, now: int, count: int) -> None:
        log = self.log
        names = [log.new_uuid() for _ in range(count)]
        log.claim(now, self.service("batch"), names)
        self.at(now + log.chance.randint(10, 60) * MINUTE, lambda end: self._end(end, "batch", names))

    def _end(self, now: int, name: str, consumers: list[str]) -> None:
        left = [each for each in consumers if each in self.log.held]
        if left:
            self.log.release(now, self.service(name), left)

    def builds(self, day: int) -> None:
        """Machines to build and test on, which all go in the evening."""
        if not self.working(day):
            return
        for moment in self.moments(day, 50):
            self.at(moment, lambda now: self.log.claim(now, self.service("ci")))
        evening = START + day * DAY + 20 * HOUR + self.log.chance.randrange(10 * MINUTE)
        self.at(evening, self._clean)

    def _clean(self, now: int) -> None:
        for number, each in enumerate(list(self.log.owned.get("ci", {}))):
            self.log.release(now + number * SECOND, self.service("ci"), [each])

    def agents(self, day: int) -> None:
        """Each host says what it has, when that changes a little."""
        for moment in self.moments(day, self.hosts / 8):
            self.at(moment, self._report)

    def _report(self, now: int) -> None:
        log = self.log
        host = log.hosts[log.chance.choice(list(log.hosts))]
        agent = Caller(name="agent", user="agent", roles=frozenset({"service"}), via="token", address=host.address)
        disk = Inventory(total=STOCK["DISK_GB"], reserved=log.chance.randint(0, 40))
        log.stock(now, agent, host, {**host.inventories, "DISK_GB": disk})

    def mistakes(self, day: int) -> None:
        """Mistyped tokens, scanners, a script that may not do what it tries, a client that tries again."""
        chance, log = self.log.chance, self.log
        for moment in self.moments(day, 6):
            self.at(moment, lambda now: log.refused(now, self._stranger(), "401", "Authentication is required"))
        if chance.random() < 0.3:
            count = chance.randint(2, 12)
            self.at(self._sometime(day), lambda now: self._scan(now, count))
        if day > 5:  # a dashboard that asks for more than it may, every few hours, for ever
            reader = Caller(
                name="grafana", user="grafana", roles=frozenset({"reader"}), via="token", address="10.1.9.9"
            )
            for hour in range(day % 4, 24, 4):
                self.at(START + day * DAY + hour * HOUR, lambda now: self._repeat(now, reader, 3))
        if chance.random() < 0.15:
            self.at(self._sometime(day), lambda now: self._repeat(now, self.service("heat"), chance.randint(4, 11)))

    def _stranger(self) -> Caller:
        chance = self.log.chance
        return Caller(address=f"{chance.randint(100, 190)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.9")

    def _scan(self, now: int, count: int) -> None:
        stranger = self._stranger()
        for number in range(count):
            self.log.refused(now + number * SECOND, stranger, "401", "Authentication is required")

    def _repeat(self, now: int, who: Caller, times: int) -> None:
        for number in range(times):
            why = "Policy does not allow providers.create to be performed."
            self.log.refused(now + int(SECOND * 2**number / 8), who, "403", why)

    def _sometime(self, day: int) -> int:
        return START + day * DAY + self.log.chance.randrange(DAY)

    def upkeep(self, day: int) -> None:
        """A host is drained; a rack is set aside for a while; hosts come and go; an import at night."""
        chance = self.log.chance
        if self.working(day):
            self.at(START + day * DAY + self.night * HOUR + chance.randrange(5 * MINUTE), self._import)
        if not self.working(day) or chance.random() > 0.4:
            return
        person = chance.choice(self.people)
        moment = START + day * DAY + ((person.starts + 2 - person.offset) % 24) * HOUR
        what = chance.choice((self._drain, self._drain, self._rack, self._renew))
        self.at(moment + chance.randrange(HOUR), lambda now: what(now, person))

    def _import(self, now: int) -> None:
        log = self.log
        host = log.hosts[log.chance.choice(list(log.hosts))]
        root = Caller(name="root", user="root", via="local")
        log.stock(now, root, host, {**host.inventories, "CUSTOM_LICENCE": Inventory(total=log.chance.randint(1, 9))})

    def _drain(self, now: int, person: Person) -> None:
        """What is on a host moves to others; the host goes out of service for some hours."""
        self._set_aside(now, person, [self.log.chance.choice(list(self.log.hosts))])

    def _rack(self, now: int, person: Person) -> None:
        hosts = list(self.log.hosts)
        self._set_aside(now, person, hosts[: max(1, len(hosts) // 10)])

    def _set_aside(self, now: int, person: Person, hosts: list[str]) -> None:
        log, who = self.log, self.person(person)
        moved = [each for each, held in log.held.items() if not held.keys().isdisjoint(hosts)]
        for number, each in enumerate(moved):
            log.claim(now + number * 50_000, who, [each])
        for each in hosts:
            host = log.hosts[each]
            reserved = {name: Inventory(old.total, reserved=old.total) for name, old in host.inventories.items()}
            self._aside.setdefault(each, host.inventories)
            log.stock(now + MINUTE, who, host, reserved)
        self.at(now + 2 * HOUR, lambda then: self._back(then, person, hosts))

    def _back(self, now: int, person: Person, hosts: list[str]) -> None:
        for each in hosts:
            if each in self.log.hosts:
                inventories = {name: Inventory(total=total) for name, total in STOCK.items()}
                self.log.stock(now, self.person(person), self.log.hosts[each], self._aside.pop(each, inventories))

    def _renew(self, now: int, person: Person) -> None:
        """New hosts in a rack of their own; then as many old ones go."""
        count = max(1, self.hosts // 12)
        rack = self.log.chance.randint(2, 90)
        old = list(self.log.hosts)[:count]
        moved = [each for each, held in self.log.held.items() if not held.keys().isdisjoint(old)]
        self.grow(now, person, count, rack)
        for each in old:
            self.log.remove(now + 2 * MINUTE, self.person(person), self.log.hosts[each])
        for each in moved:
            self.log.claim(now + 3 * MINUTE, self.person(person), [each])

    def admins(self, day: int) -> None:
        """People at work, from the office, from home or over the VPN; now and then they stay longer."""
        chance = self.log.chance
        for person in self.people:
            if not self.working(day):
                continue
            length = 9 if chance.random() > 0.1 else 11
            for _ in range(int(chance.expovariate(1 / (8 * person.busy)))):
                hour = (person.starts + chance.random() * length - person.offset) % 24
                moment = START + day * DAY + int(hour * HOUR)
                self.at(moment, lambda now, person=person: self._tend(now, person))  # type: ignore[misc]

    def _tend(self, now: int, person: Person) -> int:
        log = self.log
        host = log.hosts[log.chance.choice(list(log.hosts))]
        ratio = Inventory(total=STOCK["VCPU"], allocation_ratio=log.chance.choice((1.0, 1.5, 2.0)))
        return log.stock(now, self.person(person), host, {**host.inventories, "VCPU": ratio})
