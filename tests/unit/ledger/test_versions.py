"""Versions of the fleet: what a reader has pinned never changes, and what is current is what was committed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from berth.fleet.state.apply import apply
from berth.fleet.state.columns import ClassColumn, Column
from berth.fleet.state.fleet import Fleet
from berth.fleet.state.lapses import Ending
from berth.fleet.views.providers import snapshot
from berth.ledger import versions as module
from berth.ledger.versions import MOST_OLD, ChangeRejected, Version, Versions, is_small
from berth.model.change import CatalogueEntry, Change, Facts, NameKind, ProviderFact
from berth.model.errors import Unavailable
from berth.model.inventory import Inventory
from berth.model.names import SHARES_VIA_AGGREGATE
from berth.model.position import Position
from tests.support.databases import is_long

NAMES = (
    *(CatalogueEntry(NameKind.CLASS, number, f"C{number}", 0) for number in (1, 2, 3)),
    *(CatalogueEntry(NameKind.TRAIT, number, f"T{number}", 0) for number in (11, 12)),
    CatalogueEntry(NameKind.TRAIT, 13, SHARES_VIA_AGGREGATE, 0),
    *(CatalogueEntry(NameKind.AGGREGATE, number, f"A{number}", 0) for number in (21, 22)),
)
TRAITS = [each.name for each in NAMES if each.kind is NameKind.TRAIT]
AGGREGATES = [each.name for each in NAMES if each.kind is NameKind.AGGREGATE]
PROVIDERS = [f"provider-{number}" for number in range(6)]


def at(number: int) -> Position:
    return Position(number, number, f"{number:064x}")


def content(fleet: Fleet) -> dict[str, Any]:
    """Everything that a fleet consists of, as plain values."""
    raw = {name: plain(getattr(fleet, name)) for name in Fleet.parts - {"catalogue", "trait_sets", "aggregate_sets"}}
    tables = [
        (table.sets.copy(), {key: set(each) for key, each in table.holding.items()}) for table in tables_of(fleet)
    ]
    return {"raw": raw, "tables": tables, "snapshot": snapshot(fleet), "head": fleet.head}


def tables_of(fleet: Fleet) -> tuple[Any, Any]:
    return fleet.trait_sets, fleet.aggregate_sets


def plain(part: Any) -> Any:
    if isinstance(part, Column):
        return part.values.tolist()
    if isinstance(part, ClassColumn):
        return {name: plain(getattr(part, name)) for name in ClassColumn.parts}
    if isinstance(part, dict):
        return {key: plain(each) for key, each in part.items()}
    return list(part) if isinstance(part, list) else part


class History:
    """Random changes that fit each other."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.parent_of: dict[str, str | None] = {}
        self.changes = [Change(1, 0, "names", "", "", Facts(names=list(NAMES)))]

    def next(self) -> Change:
        """Return a change to one provider, which may be new or go."""
        uuid, number = self.random.choice(PROVIDERS), len(self.changes) + 1
        if uuid not in self.parent_of or self.random.random() < 0.2:
            facts = self.put(uuid)
        elif self.random.random() < 0.15 and uuid not in self.parent_of.values():
            del self.parent_of[uuid]
            facts = Facts(gone=[uuid])
        else:
            facts = self.contents(uuid, number)
        self.changes.append(Change(number, number, "change", "", "", facts))
        return self.changes[-1]

    def put(self, uuid: str) -> Facts:
        """Create a provider, rename it, or move it if nothing is below it."""
        if uuid not in self.parent_of.values():
            lower = [each for each in self.parent_of if each < uuid]
            self.parent_of[uuid] = self.random.choice([None, *lower])
        name = f"{uuid}-{self.random.randrange(3)}"
        number = 100 + PROVIDERS.index(uuid)
        root = self.root(uuid)
        return Facts(providers=[ProviderFact(number, uuid, name, 1, self.parent_of[uuid], root, 5, len(self.changes))])

    def root(self, uuid: str) -> str:
        parent = self.parent_of[uuid]
        return uuid if parent is None else self.root(parent)

    def contents(self, uuid: str, number: int) -> Facts:
        """Change what a provider has: one kind of things, and its generation."""
        facts = Facts(generations={uuid: number})
        kind = self.random.choice(["inventories", "traits", "aggregates", "used"])
        if kind == "inventories":
            facts.inventories = {uuid: {name: self.inventory() for name in self.some(["C1", "C2", "C3"])}}
        elif kind == "traits":
            facts.traits = {uuid: self.some(TRAITS)}
        elif kind == "aggregates":
            facts.aggregates = {uuid: self.some(AGGREGATES)}
        else:
            facts.inventories = {uuid: {"C1": self.inventory()}}
            facts.used = {uuid: {"C1": self.random.randrange(9)}}
        return facts

    def inventory(self) -> Inventory:
        return Inventory(self.random.randrange(1, 9))

    def some(self, names: list[str]) -> list[str]:
        return self.random.sample(names, self.random.randrange(len(names) + 1))


def replayed(changes: list[Change]) -> Fleet:
    fleet = Fleet()
    for change in changes:
        apply(fleet, change)
    return fleet


@pytest.fixture
def versions() -> Versions:
    return Versions(Fleet(), at(0))


def advance(versions: Versions, *changes: Change, in_place: bool = True) -> None:
    version = versions.hold()
    try:
        version = versions.advance(version, changes, at(changes[-1].number), in_place=in_place)
    finally:
        versions.unpin(version)


def pinned(versions: Versions) -> Version:
    version = versions.pin(0)
    assert version is not None
    return version


@pytest.mark.parametrize("seed", range(1000 if is_long() else 25))
def test_a_pinned_version_never_changes(seed: int) -> None:
    random = Random(seed)
    history, versions, pins = History(random), Versions(Fleet(), at(0)), list[tuple[Version, dict[str, Any]]]()
    advance(versions, *history.changes)
    for _ in range(40):
        step = random.choice(["pin", "pin", "unpin", "change", "change", "change", "private", "fail"])
        if step == "pin" and len(pins) < MOST_OLD - 2:
            pins.append((pinned(versions), content(versions.current.fleet)))
        elif step == "unpin" and pins:
            versions.unpin(pins.pop(random.randrange(len(pins)))[0])
        elif step == "change":
            advance(versions, history.next(), in_place=random.random() < 0.7)
        elif step == "private":
            look_ahead(versions, history)
        elif step == "fail":
            fail(versions)
        for version, before in pins:
            assert content(version.fleet) == before
        assert snapshot(versions.current.fleet) == snapshot(replayed(history.changes))
    for version, _ in pins:
        versions.unpin(version)
    assert versions.read_memory() == (0, 0)


def look_ahead(versions: Versions, history: History) -> None:
    """Give a reader a version of its own that another thread overtakes."""
    base = pinned(versions)
    change = history.next()
    advance(versions, change)
    own = versions.advance(base, [change], at(change.number), in_place=True)
    assert own is not versions.current
    assert snapshot(own.fleet) == snapshot(versions.current.fleet)
    advance(versions, history.next())
    assert snapshot(own.fleet) == snapshot(replayed(history.changes[:-1]))
    versions.unpin(own)


def fail(versions: Versions) -> None:
    """Apply a change that does not fit, beside a reader: then the current version stays as it is."""
    reader, number = pinned(versions), versions.current.fleet.head + 1
    facts = Facts(unnamed=[2], generations={PROVIDERS[0]: 99, "a provider that does not exist": 1})
    with pytest.raises(ChangeRejected, match=f"change {number} "):
        advance(versions, Change(number, 0, "bad", "", "", facts))
    assert versions.current is reader
    assert reader.sound
    versions.unpin(reader)


def test_without_readers_the_version_itself_is_changed(versions: Versions) -> None:
    fleet = versions.current.fleet
    advance(versions, Change(1, 0, "", "", "", Facts(names=list(NAMES))))
    assert versions.current.fleet is fleet
    advance(versions, Change(2, 0, "", "", "", Facts(unnamed=[1])), in_place=False)
    assert versions.current.fleet is not fleet
    assert (versions.current.position, versions.read_memory()) == (at(2), (0, 0))


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt])
def test_what_fails_half_way_in_place_is_given_to_no_reader(
    versions: Versions, failure: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(fleet: Fleet, _change: Change) -> None:
        fleet.add_name(NAMES[0])
        raise failure

    monkeypatch.setattr(module, "apply", half)
    with pytest.raises((ChangeRejected, KeyboardInterrupt)):
        advance(versions, Change(1, 0, "", "", "", Facts()))
    assert (versions.pin(0), versions.current.position, versions.current.readers) == (None, at(0), 0)
    base = versions.hold()
    versions.unpin(versions.replace(base, Fleet(), at(1)))
    assert pinned(versions).position == at(1)


def test_a_reader_that_begins_during_a_change_waits_for_all_of_it(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes of one commit: no reader sees the first without the second."""
    begun, seen = threading.Event(), list[int]()
    reader = threading.Thread(target=lambda: (begun.set(), seen.append(pinned(versions).fleet.head)))

    def slow(fleet: Fleet, change: Change) -> None:
        if change.number == 2:
            reader.start()
            assert begun.wait(60)
        apply(fleet, change)

    monkeypatch.setattr(module, "apply", slow)
    advance(versions, *(Change(number, 0, "", "", "", Facts()) for number in (1, 2)))
    reader.join(60)
    assert seen == [2]


@pytest.fixture
def full(versions: Versions) -> Iterator[list[Version]]:
    """As many old versions as may be read, and a current one without readers."""
    pins = []
    for number in range(1, MOST_OLD + 1):
        pins.append(pinned(versions))
        advance(versions, Change(number, 0, "", "", "", Facts()))
    return pins


def test_the_number_of_versions_is_bounded(versions: Versions, full: list[Version]) -> None:
    assert versions.full
    with pytest.raises(Unavailable, match="too many long queries"):
        versions.pin(0.001)
    advance(versions, Change(MOST_OLD + 1, 0, "", "", "", Facts()))  # a writer does not wait
    waiting = threading.Thread(target=lambda: versions.unpin(pinned_within(versions, 60)))
    waiting.start()
    versions.unpin(full.pop())
    waiting.join(60)
    assert not waiting.is_alive()
    assert not versions.full


def pinned_within(versions: Versions, wait_s: float) -> Version:
    version = versions.pin(wait_s)
    assert version is not None
    return version


def test_the_memory_of_old_versions_is_what_only_they_use(versions: Versions) -> None:
    names = Change(1, 0, "", "", "", Facts(names=list(NAMES)))
    hosts = [ProviderFact(100 + n, f"{n}", f"{n}", 0, None, f"{n}", 0, 0) for n in range(1000)]
    have = {host.uuid: {"C1": Inventory(8)} for host in hosts}
    advance(versions, names, Change(2, 0, "", "", "", Facts(providers=hosts, inventories=have)), in_place=False)
    reader = pinned(versions)
    assert versions.read_memory() == (0, 0)
    advance(versions, Change(3, 0, "", "", "", Facts(used={"5": {"C1": 3}}, generations={"5": 1})))
    count, size = versions.read_memory()
    array = reader.fleet.generation.__sizeof__()
    assert count == 1
    assert 3 * 8 * 1000 <= size < 3 * array + 2000, "used, generation, updated_at, and the dictionary of columns"
    versions.unpin(reader)
    assert versions.read_memory() == (0, 0)


def test_repin_moves_a_reader_only_within_what_its_transaction_sees(versions: Versions) -> None:
    reader = pinned(versions)
    advance(versions, Change(1, 0, "", "", "", Facts()))
    assert versions.repin(reader, at(0)) is reader
    moved = versions.repin(reader, at(1))
    assert (moved, moved.readers, reader.readers) == (versions.current, 1, 0)


@pytest.mark.parametrize(
    ("asked", "since", "found"), [(2, 0, True), (1, 1, True), (0, 1, False), (3, 0, False)], ids=str
)
def test_where_it_has_been(versions: Versions, asked: int, since: int, found: bool) -> None:
    for number in (1, 2):
        advance(versions, Change(number, 0, "", "", "", Facts()))
    assert versions.has_been_at(at(asked), at(since)) is found
    assert not versions.has_been_at(Position(2, 2, "of another history"), at(0))


def test_time_passes_in_no_version_that_another_one_has_followed(versions: Versions) -> None:
    """Its parts may be shared: a hold would end there by halves, what is used without the hold or the other way."""
    host = ProviderFact(100, "host", "host", 0, None, "host", 0, 0)
    have = Facts(names=list(NAMES), providers=[host], inventories={"host": {"C1": Inventory(8)}})
    have.used = {"host": {"C1": 3}}
    advance(versions, Change(1, 0, "", "", "", have))
    versions.current.fleet.set_ending("consumer", Ending(10, (((0, 1), 3),)))
    reader = pinned(versions)
    advance(versions, Change(2, 0, "", "", "", Facts(generations={"host": 2})))
    before = content(versions.current.fleet)
    lapsed = versions.lapse(reader, 20)
    assert (lapsed.fleet.columns[1].used.values.tolist(), [*lapsed.fleet.lapses.lapsed]) == ([0], ["consumer"])
    assert content(versions.current.fleet) == before
    assert [*versions.current.fleet.lapses.ahead] == ["consumer"]
    versions.unpin(lapsed)


def test_a_version_that_is_distrusted_while_it_is_changed_remains_so(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    distrusting = threading.Thread(target=versions.distrust)

    def slow(fleet: Fleet, change: Change) -> None:
        distrusting.start()
        distrusting.join(0.2)
        apply(fleet, change)

    monkeypatch.setattr(module, "apply", slow)
    advance(versions, Change(1, 0, "", "", "", Facts()))
    distrusting.join(60)
    assert (versions.pin(0), versions.current.position) == (None, at(1))


def test_what_is_small() -> None:
    assert is_small([Change(1, 0, "", "", "", Facts(generations={"x": 1}))] * module.MOST_IN_PLACE)
    assert not is_small([Change(1, 0, "", "", "", Facts(generations={"x": 1}))] * (module.MOST_IN_PLACE + 1))


def test_a_reader_may_end_in_the_thread_that_changes_the_fleet(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The garbage collector closes a generator that reads an old version, wherever it happens to run."""
    reader = pinned(versions)
    advance(versions, Change(1, 0, "", "", "", Facts()))

    def collect(fleet: Fleet, change: Change) -> None:
        versions.unpin(reader)
        apply(fleet, change)

    monkeypatch.setattr(module, "apply", collect)
    thread = threading.Thread(target=lambda: advance(versions, Change(2, 0, "", "", "", Facts())), daemon=True)
    thread.start()
    thread.join(60)
    assert (thread.is_alive(), versions.current.position, versions.read_memory()) == (False, at(2), (0, 0))
