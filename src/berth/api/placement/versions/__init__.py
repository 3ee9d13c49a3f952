"""All versions of the Placement API, compiled into look-ups: (operation, version) -> schema, upgrades, downgrades.

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
"""The changes of each version, from 1.1 on."""


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """An operation in one version. base: the schema of the version in which the operation was added."""

    schema: Schema | None
    upgrades: tuple[Upgrade, ...]
    downgrades: tuple[Downgrade, ...]


@cache
def rules(minor: int) -> frozenset[str]:
    """Return the rules that are active in a version."""
    return frozenset(rule for change in CHANGES[:minor] for rule in change.rules)


@cache
def opened(operation: str) -> int:
    """Return the version in which an operation was added."""
    return next((change.minor for change in CHANGES if operation in change.opens), 0)


@cache
def closed(operation: str) -> int:
    """Return the version in which an operation was removed; one after the newest if none did."""
    return next((change.minor for change in CHANGES if operation in change.closes), NEWEST + 1)


def plan(operation: str, base: Schema | None, minor: int) -> VersionPlan:
    """Return the plan of an operation in a version."""
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
    """Return the named parts of answers in a version."""
    found = dict(PARTS)
    for change in reversed(CHANGES[minor:]):
        found |= {name: step(found[name]) for name, step in change.parts.items()}
    return found


def replies(operation: str, minor: int) -> Replies:
    """Return the responses of an operation in a version."""
    changed = (change.replies[operation] for change in CHANGES[minor:] if operation in change.replies)
    return next(changed, REPLIES[operation])
