"""Claims with a life under any sequence of events, compared with the oracle: without sweeping, and with it any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from berth.ledger import Ledger
from berth.ledger.verify import verify
from berth.ledger.write import prefetch
from berth.model import errors
from berth.model.commands import KEEP, Claim, Lapse
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from berth.model.term import Term
from berth.store.engine import Database
from tests.support.databases import runs_whole
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.hold_ledger import BEGIN, FakeClock, timed_ledger
from tests.support.oracle.terms import TimedWorld

HOSTS = tuple(f"00000000-0000-4000-8000-00000000000{digit}" for digit in "12")
CONSUMERS = tuple(f"00000000-0000-4000-8000-0000000000a{digit}" for digit in "1234")
SHARE_OF_EXAMPLES = 6
"""One example is some twenty events."""

SHARE_IN_PART = 50
"""The same where it does not run as a whole."""


@dataclass(frozen=True)
class Event:
    """Something that happens. elsewhere: through another ledger of the same database."""

    kind: str
    consumer: str = CONSUMERS[0]
    held: tuple[int, int] = (1, 0)
    lasts: int | None = None
    within: int | None = None
    seconds: float = 0
    elsewhere: bool = False
    name: str | None = None

    @property
    def amounts(self) -> dict[str, int]:
        """The amounts by host."""
        return {host: amount for host, amount in zip(HOSTS, self.held, strict=True) if amount}


SECONDS = st.sampled_from([1, 2, 3, 5])
HELD = st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(any)
EVENTS = st.builds(
    Event,
    st.sampled_from(
        ["claim"] * 5 + ["wait"] * 4 + ["confirm", "part", "extend", "sweep", "release", "lower", "raise", "name"]
    ),
    st.sampled_from(CONSUMERS),
    HELD,
    st.none() | SECONDS,
    st.none() | SECONDS,
    st.sampled_from([0.999999, 1, 1, 2, 3]),
    st.booleans(),
    st.sampled_from([None, "train", "test"]),
)


@dataclass
class Timed:
    """Two ledgers on one database, a clock, and the oracle."""

    ledgers: tuple[Ledger, Ledger]
    databases: tuple[Database, Database]
    clock: FakeClock
    world: TimedWorld
    sweeps: bool

    def happen(self, what: Event) -> None:
        """Let something happen in both worlds; both do it, or refuse it for the same reason."""
        ledger = self.ledgers[what.elsewhere]
        if what.kind == "wait":
            self.clock.go_on(what.seconds)
            self.world.now = self.clock.now
        elif what.kind == "sweep":
            if self.sweeps:
                ledger.do(Lapse())
        elif what.kind in ("lower", "raise"):
            total = 8 if what.kind == "raise" else 3
            ledger.set_inventories(HOSTS[0], {"VCPU": Inventory(total)})
            self.world.capacity[HOSTS[0]] = total
        else:
            refusals = [_refusal(act) for act in (lambda: _do(ledger, what), lambda: _expect(self.world, what))]
            assert refusals[0] is refusals[1], what
            event(f"{what.kind}: {refusals[1].__name__ if refusals[1] else 'done'}")

    def agree(self, everything: bool) -> None:
        """Both ledgers answer as the oracle does."""
        for ledger in self.ledgers:
            for host in HOSTS:
                assert ledger.usages(host).usages == {"VCPU": self.world.used(host)}
        if everything:
            for ledger in self.ledgers:
                living = {each.uuid: ledger.consumer(each.uuid).allocations for each in ledger.consumers().items}
                shown = {c: {h: r["VCPU"] for h, r in held.items()} for c, held in living.items()}
                assert shown == self.world.living()
                names = {each.uuid: each.name for each in ledger.consumers().items}
                assert names == {consumer: self.world.claims[consumer].name for consumer in shown}
                free = {host: self.world.capacity[host] - self.world.used(host) for host in HOSTS}
                for amount in (1, 4):
                    found = ledger.find(CandidateRequest(groups=(Group(resources={"VCPU": amount}),))).candidates
                    hosts = {uuid for each in found for uuid in each.allocations}
                    assert hosts == {host for host, left in free.items() if left >= amount}


def _do(ledger: Ledger, what: Event) -> Any:
    amounts = {host: {"VCPU": amount} for host, amount in what.amounts.items()}
    match what.kind:
        case "claim":
            timed = what.lasts is not None or what.within is not None
            term = Term(lasts=what.lasts, confirm_within=what.within) if timed else KEEP
            owned = Claim(consumer=what.consumer, allocations=amounts, project="p", user="u", term=term)
            return ledger.claim(replace(owned, name=what.name or KEEP))
        case "confirm" | "part":
            return ledger.holds.confirm(what.consumer, KEEP if what.kind == "confirm" else amounts)
        case "extend":
            return ledger.holds.extend(what.consumer, 3)
        case "name":
            return ledger.edit_consumer(what.consumer, name=what.name)
    return ledger.release(what.consumer)


def _expect(world: TimedWorld, what: Event) -> None:
    match what.kind:
        case "claim":
            world.claim(what.consumer, what.amounts, what.lasts, what.within, what.name)
        case "confirm" | "part":
            world.confirm(what.consumer, None if what.kind == "confirm" else what.amounts)
        case "extend":
            world.extend(what.consumer, 3)
        case "name":
            world.call(what.consumer, what.name)
        case _:
            world.release(what.consumer)


def _refusal(act: Callable[[], Any]) -> type[errors.Refusal] | None:
    try:
        act()
    except errors.Refusal as refusal:
        return type(refusal)
    return None


@contextmanager
def opened(url: str, sweeps: bool) -> Iterator[Timed]:
    """Open an empty ledger twice."""
    clock, databases = FakeClock(), (Database(url), Database(url))
    first = timed_ledger(databases[0], clock)
    for uuid, total in zip(HOSTS, (8, 4), strict=True):
        first.create_provider(f"host-{uuid}", uuid=uuid)
        first.set_inventories(uuid, {"VCPU": Inventory(total)})
    world = TimedWorld(BEGIN, dict(zip(HOSTS, (8, 4), strict=True)))
    yield Timed((first, timed_ledger(databases[1], clock)), databases, clock, world, sweeps)
    for database in databases:
        database.close()


@pytest.mark.parametrize("sweeps", [False, True], ids=["unswept", "swept"])
def test_any_sequence_of_events(
    ledgers: EmptyLedgers, database_kind: str, sweeps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not sweeps:
        monkeypatch.setattr(prefetch, "BESIDE_CLAIMS", 0)  # only consumers that a command names are swept
    share = SHARE_OF_EXAMPLES if runs_whole(database_kind) else SHARE_IN_PART

    @settings(max_examples=max(1, settings.default.max_examples // share))
    @given(events=st.lists(EVENTS, min_size=5, max_size=25))
    def check(events: list[Event]) -> None:
        with opened(ledgers.new(), sweeps) as timed:
            for number, what in enumerate(events):
                timed.happen(what)
                timed.agree(everything=number % 4 == 3)
            timed.agree(everything=True)
            assert verify(timed.databases[0]).findings == ()
            with_rebuilt = timed_ledger(timed.databases[1], timed.clock)
            for host in HOSTS:
                assert with_rebuilt.usages(host).usages == {"VCPU": timed.world.used(host)}

    check()
