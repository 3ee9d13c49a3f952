"""Reconciliation: what the ledger has of a part of it, compared with a list of the consumers that are alive there."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.writer import Writer
from berth.model.caller import Caller
from berth.model.change import NameKind
from berth.model.commands import Command
from berth.model.consumer import Resources
from berth.model.errors import Invalid
from berth.model.idempotency import CommandKey, checked_key, command_key
from berth.model.interface import LedgerInterface
from berth.model.names import SHARES_VIA_AGGREGATE
from berth.model.reconcile_validation import validated_reconcile
from berth.model.reconciliation import (
    Orphan,
    Reconcile,
    ReconcileFinding,
    ReconcileItem,
    ReconcileReport,
    ReconcileRequest,
    SkipReason,
    check_plan,
    digest_of,
)
from berth.store import consumers as stored
from berth.store.reconciliation import ConsumerScope, ScopeRow, in_scope

_NOT_ALIVE: Final[dict[str, Resources]] = {}

Held = dict[str, Resources]
"""Amounts by provider uuid and class."""


class ReconcileVerbs(LedgerInterface):
    """The verbs for claims of consumers that are not alive any more."""

    _writer: Writer

    caller: Caller

    @abstractmethod
    def _answer(self, command: Command, by: CommandKey | None) -> Any:
        """Carry out a valid command, and return its result. Raises a Refusal."""

    def reconcile(self, request: ReconcileRequest, *, key: str | None = None) -> ReconcileReport:
        """Compare claims with a list of the consumers that are alive; without dry_run, end the orphans.

        Raises ProviderNotFound, NothingAlive, PlanOutdated, ReconcileTooLarge.
        """
        by = None if key is None else command_key(checked_key(key), self.caller, Reconcile.__name__, request)
        report, command = self.planned_reconcile(request, keyed=by is not None)
        if command is None:
            return report
        ended: ReconcileReport = self._answer(command, by)
        return ended

    def planned_reconcile(
        self, request: ReconcileRequest, *, keyed: bool = False
    ) -> tuple[ReconcileReport, Reconcile | None]:
        """Return the differences, and the command that ends the orphans if that was asked for and there are any.

        The head is not locked: the command decides only whether the orphans are still as they were found here. None can
        be missing then, as a consumer that is written after `as_of` is no orphan. keyed: return the command in any
        case, which may have an answer that was kept, or whose refusal is to be kept. Raises as `reconcile` does.
        """
        self._writer.require_time(long=True)
        request = validated_reconcile(request)
        with self._writer.read_with_rows() as (fleet, connection):
            if request.as_of > fleet.head:
                raise Invalid(f"as_of lies ahead: the last change is {fleet.head}, not {request.as_of}", "/as_of")
            scope, slots = _scope_of(fleet, request)
            found = _Comparison(fleet, request, slots)
            for rows in in_scope(connection, scope) if scope is not None else ():
                found.add(rows, _held_by(fleet, connection, filter(found.needs_amounts, rows)))
                self._writer.pause()
        report = found.report()
        if request.dry_run:
            return report, None
        assert request.expect is not None, "validated"
        if not keyed:
            check_plan(report, request.expect, request.at_most)
        if not (keyed or found.orphans):
            return report, None
        orphans = tuple(found.orphans) if report.orphans <= request.at_most else ()
        return report, Reconcile(orphans=orphans, expect=request.expect, at_most=request.at_most, report=report)


class _Comparison:
    """The differences so far. slots: of the providers in the trees, None if the scope has no trees."""

    def __init__(self, fleet: Fleet, request: ReconcileRequest, slots: frozenset[int] | None) -> None:
        self._fleet, self._request, self._slots = fleet, request, slots
        self._missing = set(request.alive)
        self._items: list[ReconcileItem] = []
        self._matching = 0
        self._shares = fleet.catalogue.id_of(NameKind.TRAIT, SHARES_VIA_AGGREGATE)
        self.orphans: list[Orphan] = []

    def needs_amounts(self, row: ScopeRow) -> bool:
        """Whether it matters what a consumer has: not if the list says only that it is alive, as it does of most."""
        return self._request.alive.get(row.uuid, _NOT_ALIVE) is not None

    def add(self, rows: Iterable[ScopeRow], held: Mapping[int, Held]) -> None:
        """Compare some consumers with the list."""
        for row in rows:
            self._missing.discard(row.uuid)
            has = held.get(row.id, {})
            finding = self._finding(row.uuid, has)
            if finding is None:
                self._matching += 1
                continue
            why = self._skipped(row, has, finding)
            if why is None and finding is ReconcileFinding.ORPHAN:
                self.orphans.append(Orphan(consumer=row.uuid, generation=row.generation, id=row.id))
            self._items.append(self._item(row, has, finding if why is None else ReconcileFinding.SKIPPED, why))

    def report(self) -> ReconcileReport:
        """Return what was found, with the page of items that was asked for."""
        request = self._request
        unknown = (
            ReconcileItem(consumer=uuid, finding=ReconcileFinding.UNKNOWN, actual=request.alive[uuid])
            for uuid in self._missing
        )
        items = sorted((*self._items, *unknown), key=lambda each: each.consumer)
        number = Counter(each.finding for each in items)
        rest = [each for each in items if each.consumer > request.after]
        return ReconcileReport(
            head=self._fleet.head,
            orphans=number[ReconcileFinding.ORPHAN],
            differing=number[ReconcileFinding.DIFFERING],
            unknown=number[ReconcileFinding.UNKNOWN],
            matching=self._matching,
            skipped=dict(Counter(each.why for each in items if each.why is not None)),
            digest=digest_of(self.orphans),
            items=rest[: request.limit],
            next=rest[request.limit - 1].consumer if len(rest) > request.limit else None,
        )

    def _finding(self, uuid: str, has: Held) -> ReconcileFinding | None:
        if uuid not in self._request.alive:
            return ReconcileFinding.ORPHAN
        actual = self._request.alive[uuid]
        if actual is None:
            return None
        # A host knows nothing of what its machines have of other hosts, but it may list their share of a pool.
        here = {each: amounts for each, amounts in has.items() if each in actual or self._is_in_trees(each)}
        return None if here == actual else ReconcileFinding.DIFFERING

    def _skipped(self, row: ScopeRow, has: Held, finding: ReconcileFinding) -> SkipReason | None:
        if row.deadline is not None:
            return SkipReason.PENDING
        if (row.change or 0) > self._request.as_of:
            return SkipReason.WRITTEN_SINCE
        if finding is ReconcileFinding.ORPHAN and any(
            not self._is_in_trees(each) and not self._is_shared(each) for each in has
        ):
            return SkipReason.ELSEWHERE
        return None

    def _is_in_trees(self, provider: str) -> bool:
        return self._slots is None or self._fleet.slot(provider) in self._slots

    def _is_shared(self, provider: str) -> bool:
        return self._shares in self._fleet.traits_of(self._fleet.slot(provider))

    def _item(self, row: ScopeRow, has: Held, finding: ReconcileFinding, why: SkipReason | None) -> ReconcileItem:
        return ReconcileItem(
            consumer=row.uuid,
            finding=finding,
            why=why,
            generation=row.generation,
            project=row.project,
            user=row.user,
            type=None if row.type_id is None else self._fleet.catalogue.name_of(row.type_id),
            allocations=has,
            actual=self._request.alive.get(row.uuid),
        )


def _scope_of(fleet: Fleet, request: ReconcileRequest) -> tuple[ConsumerScope | None, frozenset[int] | None]:
    """Return the scope with ids instead of names (None: no consumer can be in it), and the slots of its trees."""
    slots = None
    if request.trees:
        roots = [int(fleet.root.values[fleet.slot(uuid)]) for uuid in request.trees]
        slots = frozenset(slot for root in roots for slot in fleet.tree(root))
    type_id = fleet.catalogue.id_of(NameKind.TYPE, request.type) if request.type else None
    if request.type and type_id is None:
        return None, slots
    ids = None if slots is None else sorted(fleet.id.item(slot) for slot in slots)
    return ConsumerScope(ids, request.project, type_id, fleet.lapses.instant), slots


def _held_by(fleet: Fleet, connection: Connection, rows: Iterable[ScopeRow]) -> Mapping[int, Held]:
    held: dict[int, Held] = defaultdict(dict)
    for each in stored.held_by(connection, [row.id for row in rows]):
        held[each.consumer_id].setdefault(each.provider, {})[fleet.catalogue.name_of(each.class_id)] = each.amount
    return held
