"""Drains: providers that take no new claims, each with all below it, while what is held of them stays."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.model.commands import Command
from berth.model.consumer import Resources
from berth.model.overview import ProviderFilter

MOST_DRAINED: Final = 20_000
"""How many providers one command drains: others wait for it, and its facts have to fit into one entry of the log."""

MOST_NAMED: Final = 1_000
"""How many providers a result names."""

WHY_LENGTH: Final = 255


class Drain(Command, frozen=True, kw_only=True):
    """Stop new claims on providers and everything below them. What is held stays, and can be moved or released.

    providers: uuids; where: all that match, but for those below another one; why: for those who read it later. One that
    is drained already stays so since then; another reason replaces the old one. dry_run: change nothing.
    """

    providers: tuple[str, ...] = ()
    where: ProviderFilter | None = None
    why: str = ""
    dry_run: bool = False


class Undrain(Command, frozen=True, kw_only=True):
    """Allow new claims on drained providers again. One that is not drained is no error. dry_run: change nothing.

    providers: uuids; where: of all that match, those that are drained themselves.
    """

    providers: tuple[str, ...] = ()
    where: ProviderFilter | None = None
    dry_run: bool = False


class DrainedProvider(msgspec.Struct, frozen=True):
    """A provider that a command drains or not any more."""

    uuid: str
    name: str


class DrainOutcome(msgspec.Struct, frozen=True):
    """The effect of a drain, or of its end. matched: how many providers it is about; changed: how many it changes.

    providers: those that change, the first 1,000 by name; held: what consumers hold of all that it is about.
    """

    matched: int
    changed: int
    providers: list[DrainedProvider]
    held: Resources
