"""Unusual activity that is put into a history, each kind in several ways, with the records that it consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from berth.model.anomaly import AnomalyKind
from berth.model.caller import Caller
from berth.model.inventory import Inventory
from berth.model.token import TokenRejection
from tests.suites.anomalies.activity import Fleet, Person
from tests.suites.anomalies.records import DAY, HOUR, MINUTE, SECOND, START

FIRST_DAY: Final = 30
"""Before this nothing is planted: habits are learned in four weeks."""


@dataclass
class Plant:
    """Something planted. records: its numbers, once it has happened."""

    kind: AnomalyKind
    way: str
    records: set[int] = field(default_factory=set)


Way = Callable[[Fleet, int, Plant], None]
"""Lets it happen: the fleet, the moment, and where to note the records."""


def guessed(fleet: Fleet, now: int, plant: Plant) -> None:
    """One address tries tokens."""
    count, address = fleet.log.chance.randint(30, 300), fleet._stranger().address
    for number in range(count):
        at = now + number * 500 * MINUTE // count // 100
        plant.records.add(fleet.log.refused(at, Caller(address=address), "401", "Authentication is required"))


def guessed_from_many(fleet: Fleet, now: int, plant: Plant) -> None:
    """Many addresses try a token or two each."""
    for number in range(fleet.log.chance.randint(60, 200)):
        at, who = now + number * SECOND, fleet._stranger()
        plant.records.add(fleet.log.refused(at, who, "401", "Authentication is required"))


def probed(fleet: Fleet, now: int, plant: Plant) -> None:
    """A service's token is tried on all that it may not do."""
    who = fleet.service(fleet.log.chance.choice(("nova", "ci", "heat", "batch")))
    for number in range(fleet.log.chance.randint(50, 150)):
        plant.records.add(fleet.log.refused(now + number * SECOND, who, "403", "Policy does not allow it."))


def flooded(fleet: Fleet, now: int, plant: Plant) -> None:
    """More than could be written."""
    why = "7113 more refused requests than could be written"
    plant.records.add(fleet.log.refused(now, Caller(name="berth", via="local"), "left out", why, ""))


def _abroad(fleet: Fleet, who: Caller) -> Caller:
    address = fleet.log.chance.choice(("203.0.113.77", "198.51.100.4", "2001:db8:77::1", "172.22.3.4"))
    return Caller(name=who.name, user=who.user, roles=who.roles, via=who.via, address=address)


def stolen_service(fleet: Fleet, now: int, plant: Plant) -> None:
    """A service's token is used from elsewhere."""
    who = _abroad(fleet, fleet.service(fleet.log.chance.choice(("nova", "ci", "heat", "batch"))))
    for number in range(fleet.log.chance.randint(1, 5)):
        plant.records.add(fleet.log.claim(now + number * MINUTE, who))


def stolen_person(fleet: Fleet, now: int, plant: Plant) -> None:
    """A person's sign-in is used from elsewhere, during their hours."""
    person = fleet.log.chance.choice(fleet.people)
    who = _abroad(fleet, fleet.person(person))
    fleet.at(_theirs(person, now), lambda then: plant.records.add(fleet.log.claim(then, who)))


def _theirs(person: Person, now: int) -> int:
    """The next moment at which they work."""
    return _next(now, person.starts + 4 - person.offset)


def _next(now: int, hour: int) -> int:
    at = now - now % DAY + hour % 24 * HOUR + now % HOUR
    return at if at >= now else at + DAY


def stolen_restricted(fleet: Fleet, now: int, plant: Plant) -> None:
    """A token is tried outside of the networks that it is for."""
    who = _abroad(fleet, fleet.service("nova"))
    plant.records.add(fleet.log.refused(now, who, "401", TokenRejection.ELSEWHERE))


def _at_once(fleet: Fleet, now: int, plant: Plant, who: Caller, *, together: bool) -> None:
    log = fleet.log
    share = log.chance.uniform(0.35, 1.0)
    gone = log.chance.sample(sorted(log.held), int(len(log.held) * share))
    for each in (gone,) if together else [[one] for one in gone]:
        plant.records.add(log.release(now, who, each))
        now += 40 * MINUTE // len(gone)


def released(fleet: Fleet, now: int, plant: Plant) -> None:
    """A service ends what most hold, one by one."""
    _at_once(fleet, now, plant, fleet.service("nova"), together=False)


def released_together(fleet: Fleet, now: int, plant: Plant) -> None:
    """The same in one request, by a service that hardly ever ends anything."""
    _at_once(fleet, now, plant, fleet.service("heat"), together=True)


def emptied(fleet: Fleet, now: int, plant: Plant) -> None:
    """A person sets most hosts aside or makes them small, one by one."""
    person = fleet.log.chance.choice(fleet.people)
    fleet.at(_theirs(person, now), lambda then: _emptied(fleet, then, plant, person))


def _emptied(fleet: Fleet, at: int, plant: Plant, person: Person) -> None:
    hosts, less = list(fleet.log.hosts.values()), fleet.log.chance.choice((1, 2, 4))
    for number, host in enumerate(hosts[: int(len(hosts) * fleet.log.chance.uniform(0.6, 1.0))]):
        fleet._aside.setdefault(host.uuid, host.inventories)
        small = {name: Inventory(total=less) for name in host.inventories}
        plant.records.add(fleet.log.stock(at + number * 10 * SECOND, fleet.person(person), host, small))
    fleet.at(at + 3 * HOUR, lambda then: fleet._back(then, person, [host.uuid for host in hosts]))


def removed(fleet: Fleet, now: int, plant: Plant) -> None:
    """The agents' token removes half of all hosts."""
    hosts = list(fleet.log.hosts.values())
    agent = Caller(name="agent", user="agent", roles=frozenset({"service"}), via="token", address=hosts[0].address)
    for number, host in enumerate(hosts[: len(hosts) // 2]):
        plant.records.add(fleet.log.remove(now + number * SECOND, agent, host))


def ended(fleet: Fleet, now: int, plant: Plant) -> None:
    """A token is shown that has expired, was revoked or replaced."""
    why = fleet.log.chance.choice((TokenRejection.EXPIRED, TokenRejection.REVOKED, TokenRejection.REPLACED))
    who = Caller(name="old-ci", user="old-ci", via="token", address=fleet._stranger().address)
    for number in range(fleet.log.chance.randint(1, 3)):
        plant.records.add(fleet.log.refused(now + number * MINUTE, who, "401", why))


def at_night(fleet: Fleet, now: int, plant: Plant) -> None:
    """A person acts in the middle of their night."""
    person = fleet.log.chance.choice(fleet.people)
    fleet.at(_next(now, person.starts + 17 - person.offset), lambda then: plant.records.add(fleet._tend(then, person)))


WAYS: Final[dict[AnomalyKind, tuple[Way, ...]]] = {
    AnomalyKind.REFUSALS: (guessed, guessed_from_many, probed, flooded),
    AnomalyKind.NETWORK: (stolen_service, stolen_person, stolen_restricted),
    AnomalyKind.RELEASE: (released, released_together),
    AnomalyKind.SHRINK: (emptied, removed),
    AnomalyKind.CREDENTIAL: (ended,),
    AnomalyKind.HOUR: (at_night,),
}


def plant_all(fleet: Fleet) -> list[Plant]:
    """One of each kind, each on a day of its own, at any time of it."""
    chance = fleet.log.chance
    days = chance.sample(range(FIRST_DAY, fleet.days - 1), len(WAYS))
    planted = []
    for day, (kind, ways) in zip(days, WAYS.items(), strict=True):
        way = chance.choice(ways)
        plant = Plant(kind, way.__name__)
        planted.append(plant)
        fleet.at(START + day * DAY + chance.randrange(DAY), lambda now, w=way, p=plant: w(fleet, now, p))  # type: ignore[misc]
    return planted


def break_chain(fleet: Fleet) -> Plant:
    """Break the chain afterwards: alter a record, remove it, or swap it with the next."""
    chance, rows = fleet.log.chance, fleet.log.chain.rows
    plant = Plant(AnomalyKind.CHAIN, chance.choice(("altered", "removed", "swapped")))
    place = chance.randrange(1, len(rows) - 2)
    number = rows[place]["number"]
    plant.records |= {number, number + 1}
    if plant.way == "altered":
        rows[place] = {**rows[place], chance.choice(("actor", "target", "address", "why")): "altered"}
    elif plant.way == "removed":
        del rows[place], fleet.log.facts[place]
    else:
        rows[place], rows[place + 1] = (
            {**rows[place + 1], "number": number},
            {**rows[place], "number": number + 1},
        )
        facts = fleet.log.facts
        facts[place], facts[place + 1] = facts[place + 1], facts[place]
        plant.records.add(number + 2)
    following = (row["number"] for row in rows[place:] if row["change"] is not None)
    plant.records.update(islice(following, 3))  # where it is noticed that changes have no records, or are in no order
    return plant
