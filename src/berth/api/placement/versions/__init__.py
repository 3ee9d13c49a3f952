"""Every version of the Placement API, compiled into look-ups: (operation, version) -> schema, upgrades, downgrades.

The core knows only the newest version. A request comes in through the upgrades of every version
after its own, its answer goes out through their downgrades, newest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

from berth.api.placement.responses import PARTS, REPLIES, Replies
from berth.api.placement.schemas import Schema
from berth.api.placement.versions.change import Downgrade, Upgrade, VersionChange

NEWEST: Final = 39

CHANGES: Final[tuple[VersionChange, ...]] = tuple(
    import_module(f"{__name__}.v1_{minor:02d}").CHANGE for minor in range(1, NEWEST + 1)
)
"""What each version changed, 1.1 first: the history of the API on one page."""


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """How an operation goes in one version. base: the schema of the version that the operation began with."""

    schema: Schema | None
    upgrades: tuple[Upgrade, ...]
    downgrades: tuple[Downgrade, ...]


@cache
def rules(minor: int) -> frozenset[str]:
    """The behaviours that are switched on in a version."""
    return frozenset(rule for change in CHANGES[:minor] for rule in change.rules)


@cache
def opened(operation: str) -> int:
    """The version that an operation began with."""
    return next((change.minor for change in CHANGES if operation in change.opens), 0)


@cache
def closed(operation: str) -> int:
    """The version that took an operation away; one after the newest if none did."""
    return next((change.minor for change in CHANGES if operation in change.closes), NEWEST + 1)


def plan(operation: str, base: Schema | None, minor: int) -> VersionPlan:
    """How an operation goes in a version."""
    schema = base
    for change in CHANGES[:minor]:
        step: Callable[[Schema], Schema] | None = change.schemas.get(operation)
        if step is not None and schema is not None:
            schema = step(schema)
    later = CHANGES[minor:]
    return VersionPlan(
        schema,
        tuple(change.incoming[operation] for change in later if operation in change.incoming),
        tuple(change.outgoing[operation] for change in reversed(later) if operation in change.outgoing),
    )


@cache
def parts(minor: int) -> dict[str, Schema]:
    """The parts that answers are made of in a version, by name."""
    found = dict(PARTS)
    for change in reversed(CHANGES[minor:]):
        found |= {name: step(found[name]) for name, step in change.parts.items()}
    return found


def replies(operation: str, minor: int) -> Replies:
    """How an operation answers in a version."""
    changed = (change.replies[operation] for change in CHANGES[minor:] if operation in change.replies)
    return next(changed, REPLIES[operation])
