"""What a draft knows of one provider, consumer or token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from berth.model.consumer import Resources
from berth.model.ended_consumer import EndedConsumer
from berth.model.inventory import Inventory
from berth.model.term import Span
from berth.model.token import Token

Holdings = dict[str, Resources]
"""Amounts by provider uuid and class name."""


@dataclass(slots=True)
class DraftProvider:
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
    used: Resources = field(default_factory=dict)
    stock: dict[str, Inventory | None] = field(default_factory=dict)


@dataclass(slots=True)
class DraftConsumer:
    """A consumer as decided so far. held: empty once it has ended.

    stored, stored_held, stored_span: whether the database has rows of it, of what it holds, and a term in them; span:
    None if it counts for ever and is confirmed; change: the number of the last change to it, in this batch.
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


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The consumers and tokens that a batch's commands name, read before it is decided; and consumers to sweep.

    ended: how consumers were ended that commands name, and that are there no more, by uuid; endings: of the consumers
    that a change ended which is to be undone, by its number.
    """

    consumers: Sequence[DraftConsumer] = ()
    tokens: Sequence[Token] = ()
    ended: Mapping[str, EndedConsumer] = field(default_factory=dict)
    endings: Mapping[int, Sequence[EndedConsumer]] = field(default_factory=dict)


NOTHING_PREFETCHED = Prefetched()


@dataclass(slots=True)
class NewToken:
    """A token to store. stored: whether the database has a row of it."""

    now: Token
    stored: bool
