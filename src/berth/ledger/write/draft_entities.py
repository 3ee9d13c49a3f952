"""What a draft knows of one provider, consumer or token.

What every claim makes is a struct, here and in the queue: dataclasses take several times as long to be made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from berth.model.change import ProviderFact
from berth.model.consumer import Resources
from berth.model.consumer_name import UNNAMED, ConsumerName
from berth.model.ended_consumer import EndedConsumer
from berth.model.inventory import Inventory
from berth.model.lease import LeaseFact, OnEnd
from berth.model.term import SECOND, Span
from berth.model.token import Token

Holdings = dict[str, Resources]
"""Amounts by provider uuid and class name."""


class DraftProvider(msgspec.Struct, eq=False):
    """A provider as decided so far. seen: its generation in the database, None if it is new.

    stock, used: by class, as looked up so far; inventories, traits, aggregates: None if unchanged; placed: whether its
    name, parent or root is new.
    """

    id: int
    slot: int
    uuid: str
    name: str
    generation: int
    seen: int | None
    parent: str | None
    root: str
    created_at: int
    updated_at: int
    placed: bool = False
    deleted: bool = False
    inventories: dict[str, Inventory] | None = None
    traits: frozenset[str] | None = None
    aggregates: tuple[str, ...] | None = None
    used: Resources = {}
    stock: dict[str, Inventory | None] = {}


class DraftConsumer(msgspec.Struct, eq=False):
    """A consumer as decided so far. held: empty once it has ended.

    stored, stored_held, stored_span: whether the database has rows of it, of what it holds, and a term in them; span:
    None if it counts for ever and is confirmed; change: the number of the last change to it, in this batch; named: its
    name and note; renamed: whether they are not as stored.
    """

    id: int
    uuid: str
    generation: int
    project: str
    user: str
    type_id: int | None
    held: Holdings
    stored: bool
    stored_held: bool
    changed: bool = False
    span: Span | None = None
    stored_span: bool = False
    change: int = 0
    named: ConsumerName = UNNAMED
    renamed: bool = False


@dataclass(slots=True)
class DraftLease:
    """A lease as decided so far; see berth.model.lease.LeaseInfo. stored: whether the database has a row of it."""

    id: int
    uuid: str
    name: str
    project: str
    ttl: int
    grace: int
    on_end: OnEnd
    deadline: int
    overdue_at: int | None = None
    ended_at: int | None = None
    stored: bool = False

    @property
    def fact(self) -> LeaseFact:
        """The lease as the change log has it."""
        return LeaseFact(
            self.id,
            self.name,
            self.project,
            self.ttl,
            self.grace,
            self.on_end,
            self.deadline,
            self.overdue_at,
            self.ended_at,
        )

    @property
    def ends_at(self) -> int | None:
        """When it ends unless it is renewed before; None if that is not known, or if it has ended."""
        if self.overdue_at is None or self.ended_at is not None:
            return None
        return self.overdue_at + self.grace * SECOND


@dataclass(frozen=True, slots=True)
class LeasesToSweep:
    """What a sweep of leases decides on.

    due: uuids of the leases to mark, and of those that have been overdue for their grace; live, overdue, ended_lately:
    see store.leases.LeaseCounts; last_at: ledger time of the last commit; may_end: whether the clocks agree well
    enough; old: ids of the leases that ended long ago.
    """

    due: Sequence[str]
    live: int
    overdue: int
    ended_lately: int
    last_at: int
    may_end: bool
    old: Sequence[int]


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The consumers and tokens that a batch's commands name, read before it is decided; and consumers to sweep.

    ended: how consumers were ended that commands name, and that are there no more, by uuid; endings: of the consumers
    that a change ended which is to be undone, by its number. leases: those that commands, and the claims of consumers,
    name; to_sweep: of leases, None unless a command asks for a sweep.
    """

    consumers: Sequence[DraftConsumer] = ()
    tokens: Sequence[Token] = ()
    ended: Mapping[str, EndedConsumer] = field(default_factory=dict)
    endings: Mapping[int, Sequence[EndedConsumer]] = field(default_factory=dict)
    leases: Sequence[DraftLease] = ()
    to_sweep: LeasesToSweep | None = None


NOTHING_PREFETCHED = Prefetched()


@dataclass(slots=True)
class NewToken:
    """A token to store. stored: whether the database has a row of it."""

    now: Token
    stored: bool


def as_fact(provider: DraftProvider) -> ProviderFact:
    """Return a provider as the logs have it."""
    return ProviderFact(
        provider.id,
        provider.uuid,
        provider.name,
        provider.generation,
        provider.parent,
        provider.root,
        provider.created_at,
        provider.updated_at,
    )
