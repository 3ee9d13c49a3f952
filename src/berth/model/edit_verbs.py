"""The verbs that edit what is there: a part of the interface of a ledger (berth.model.interface)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol

from berth.model.commands import KEEP, Keep
from berth.model.drain import Drain, DrainOutcome, Undrain
from berth.model.edits import (
    DeleteTree,
    EditAggregates,
    EditConsumer,
    EditTraits,
    NameAggregate,
    RenamedProvider,
    RenameTree,
)
from berth.model.inventory_edits import EditedInventories, EditInventories, InventoryFields
from berth.model.namespace import CommandLedger
from berth.model.overview import ProviderFilter
from berth.model.provider import ProviderAggregates, ProviderTraits
from berth.model.releases import USUALLY_RELEASED, ReleasedPage, ReleaseMatching


class EditVerbs(CommandLedger, Protocol):
    """Writing verbs that need no generation: concurrent ones do not undo each other."""

    @abstractmethod
    def traits(self, uuid: str) -> ProviderTraits:
        """Return a provider's traits."""

    @abstractmethod
    def aggregates(self, uuid: str) -> ProviderAggregates:
        """Return a provider's aggregates."""

    def edit_traits(
        self, uuid: str, *, add: Iterable[str] = (), remove: Iterable[str] = (), key: str | None = None
    ) -> ProviderTraits:
        """Add traits to a provider and remove others, in one step. Raises ProviderNotFound, TraitsNotFound."""
        written = self.do(EditTraits(uuid=uuid, add=frozenset(add), remove=frozenset(remove)), key=key)
        return self._after(written, self.traits, uuid)

    def edit_aggregates(
        self, uuid: str, *, add: Iterable[str] = (), remove: Iterable[str] = (), key: str | None = None
    ) -> ProviderAggregates:
        """Add a provider to aggregates (uuids, names) and take it out of others, in one step.

        A new uuid is a new aggregate. Raises ProviderNotFound; AggregateNotFound for a name that no aggregate has.
        """
        written = self.do(EditAggregates(uuid=uuid, add=tuple(add), remove=tuple(remove)), key=key)
        return self._after(written, self.aggregates, uuid)

    def name_aggregate(self, uuid: str, name: str | None, *, kind: str | Keep = KEEP, key: str | None = None) -> str:
        """Give an aggregate a name (None: remove it) and a kind, such as rack. Return its uuid.

        uuid: also a new one, or the present name. Raises AggregateNotFound, AggregateNameTaken, Invalid.
        """
        canonical: str = self.do(NameAggregate(uuid=uuid, name=name, kind=kind), key=key)
        return canonical

    @abstractmethod
    def _consumers_named(self, names: Iterable[str]) -> dict[str, str]:
        """Return the uuids of consumers by their names. Raises ConsumerNotFound, ConsumerAmbiguous."""

    def edit_consumer(
        self,
        consumer: str,
        *,
        name: str | Keep | None = KEEP,
        note: str | Keep | None = KEEP,
        key: str | None = None,
    ) -> None:
        """Give a consumer another name or note, or remove them (None). Its generation stays.

        Raises AllocationsNotFound, ConsumerNotFound, ConsumerAmbiguous, Invalid.
        """
        return self._done(self.do(EditConsumer(consumer=consumer, name=name, note=note), key=key))

    def edit_inventories(
        self,
        resource_class: str,
        fields: InventoryFields,
        *,
        where: ProviderFilter | None,
        over_capacity_ok: bool = False,
        dry_run: bool = False,
        key: str | None = None,
    ) -> EditedInventories:
        """Set fields of one class on every provider that matches (None: on all that have it), in one commit.

        Raises NothingMatches, ClassNotFound, TraitsNotFound, ReservedExceedsTotal, UnitsContradict; CapacityBelowUse
        if more would be held than can be claimed then, unless over_capacity_ok.
        """
        edited: EditedInventories = self.do(
            EditInventories(
                where=where,
                resource_class=resource_class,
                fields=fields,
                over_capacity_ok=over_capacity_ok,
                dry_run=dry_run,
            ),
            key=key,
        )
        return edited

    def drain(
        self,
        providers: str | Iterable[str] = (),
        *,
        where: ProviderFilter | None = None,
        why: str = "",
        dry_run: bool = False,
        key: str | None = None,
    ) -> DrainOutcome:
        """Stop new claims on providers and everything below them; what is held stays. where: all that match as well.

        One that is drained already is no error. Raises ProviderNotFound, NothingMatches, Invalid.
        """
        command = Drain(providers=_several(providers), where=where, why=why, dry_run=dry_run)
        outcome: DrainOutcome = self.do(command, key=key)
        return outcome

    def undrain(
        self,
        providers: str | Iterable[str] = (),
        *,
        where: ProviderFilter | None = None,
        dry_run: bool = False,
        key: str | None = None,
    ) -> DrainOutcome:
        """Allow new claims on drained providers again. where: those of all that match as well.

        One that is not drained is no error. Raises ProviderNotFound, NothingMatches; DrainedAbove for one that is
        drained because a provider above it is.
        """
        outcome: DrainOutcome = self.do(Undrain(providers=_several(providers), where=where, dry_run=dry_run), key=key)
        return outcome

    def delete_tree(self, uuid: str, *, dry_run: bool = False, key: str | None = None) -> list[str]:
        """Delete a provider and all below it, or none. Return their uuids. Raises ProviderNotFound, TreeInUse."""
        deleted: list[str] = self.do(DeleteTree(uuid=uuid, dry_run=dry_run), key=key)
        return deleted

    def rename_tree(
        self, uuid: str, name: str, *, dry_run: bool = False, key: str | None = None
    ) -> list[RenamedProvider]:
        """Rename a provider, and those below it whose names begin with its name, or none. Return them, parents first.

        Raises ProviderNotFound, ProviderExists, NameRequired.
        """
        renamed: list[RenamedProvider] = self.do(RenameTree(uuid=uuid, name=name, dry_run=dry_run), key=key)
        return renamed

    def release_matching(
        self,
        *,
        consumers: Iterable[str] | None = None,
        project: str | None = None,
        holders_of: str | None = None,
        on: str | None = None,
        limit: int = USUALLY_RELEASED,
        after: str | None = None,
        dry_run: bool = False,
        key: str | None = None,
    ) -> ReleasedPage:
        """Release what the matching consumers hold (on: of one provider and those below it); see ReleaseMatching.

        One call is one commit, of at most `limit` consumers. The same call again releases nothing of these any more.
        Raises ProviderNotFound, Invalid.
        """
        page: ReleasedPage = self.do(
            ReleaseMatching(
                consumers=None if consumers is None else tuple(consumers),
                project=project,
                holders_of=holders_of,
                on=on,
                limit=limit,
                after=after,
                dry_run=dry_run,
            ),
            key=key,
        )
        return page


def _several(providers: str | Iterable[str]) -> tuple[str, ...]:
    return (providers,) if isinstance(providers, str) else tuple(providers)
