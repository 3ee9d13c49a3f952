"""Releases of what several consumers hold: those of a list, of a project or of a provider, wholly or in part."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.model.commands import Command
from berth.model.consumer import Resources

MOST_RELEASED: Final = 5_000
"""How many consumers one command names or releases."""

USUALLY_RELEASED: Final = 1_000
"""How many consumers one command releases if it does not say."""


class ReleaseMatching(Command, frozen=True):
    """Release what the matching consumers hold: all of it, or what they hold of one provider; one commit, one page.

    consumers: only these, at most 5,000 (None: any); project: only its consumers; holders_of: only those that hold
    something of this provider or of one below it. on: release only what is held of this provider and of those below
    it (None: everything). One of the four must be given. limit: how many consumers at most, by uuid; after: only those
    behind this one. dry_run: change nothing, return what would be released.
    """

    consumers: tuple[str, ...] | None = None
    project: str | None = None
    holders_of: str | None = None
    on: str | None = None
    limit: int = USUALLY_RELEASED
    after: str | None = None
    dry_run: bool = False


class ReleasedHoldings(msgspec.Struct, frozen=True):
    """What was released of one consumer, by provider and class. ended: whether it holds nothing any more.

    name: of the consumer, None if it has none.
    """

    consumer: str
    project: str
    user: str
    type: str | None
    released: dict[str, Resources]
    ended: bool
    name: str | None = None


class ReleasedPage(msgspec.Struct, frozen=True):
    """What one command released, by consumer. next: the value of `after` for the next one, None at the end."""

    items: list[ReleasedHoldings]
    next: str | None
