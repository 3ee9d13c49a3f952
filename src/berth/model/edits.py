"""Edits: commands that change a part of what providers have, independently of the rest."""

from __future__ import annotations

import msgspec

from berth.model.commands import KEEP, Command, Keep


class EditTraits(Command, frozen=True):
    """Add traits to a provider and remove others; the rest stays. Those that it has, or lacks, already may be named."""

    uuid: str
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


class EditAggregates(Command, frozen=True):
    """Add a provider to aggregates and take it out of others; the rest stays. Those of before may be named.

    add, remove: uuids, which may be new, or names of aggregates.
    """

    uuid: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class DeleteTree(Command, frozen=True):
    """Remove a provider and all below it: all of them, or none if anything is held of one. dry_run: remove nothing."""

    uuid: str
    dry_run: bool = False


class RenameTree(Command, frozen=True):
    """Rename a provider, and all below it whose names begin with its name: all of them, or none if a name is taken.

    dry_run: rename nothing.
    """

    uuid: str
    name: str
    dry_run: bool = False


class RenamedProvider(msgspec.Struct, frozen=True):
    """A provider with its new name. was: the old one."""

    uuid: str
    name: str
    was: str


class EditConsumer(Command, frozen=True):
    """Give a consumer another name or note, or remove them (None); what it holds, and its generation, stay."""

    consumer: str
    name: str | Keep | None = KEEP
    note: str | Keep | None = KEEP


class NameAggregate(Command, frozen=True):
    """Give an aggregate a name, or remove it (None) with its kind. It is created if its uuid is new.

    uuid: of the aggregate, or its present name; kind: a short word, such as rack, zone or network ("": none).
    """

    uuid: str
    name: str | None
    kind: str | Keep = KEEP
