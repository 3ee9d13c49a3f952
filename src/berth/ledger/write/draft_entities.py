"""What a draft knows of one provider, consumer or token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from berth.model.consumer import Resources
from berth.model.inventory import Inventory
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

    stored, stored_held: whether the database has rows of it, and of what it holds.
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


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The consumers and tokens that a batch's commands name, read before it is decided."""

    consumers: Sequence[DraftConsumer] = ()
    tokens: Sequence[Token] = ()


NOTHING_PREFETCHED = Prefetched()


@dataclass(slots=True)
class NewToken:
    """A token to store. stored: whether the database has a row of it."""

    now: Token
    stored: bool
