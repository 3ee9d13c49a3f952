"""Reconciliation: what the ledger has of a part of it, compared with a list of the consumers that are alive there."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.writer import Writer
from berth.model.alive_list import AliveList, Held
from berth.model.caller import Caller
from berth.model.change import NameKind
from berth.model.commands import Command
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
from berth.store.reconciliation import PAGE, ConsumerScope, ScopeRow, in_scope

_AFTER_ALL: Final = "g"
"""A text that comes after all uuids."""

_KEPT_PAGES: Final = 2
"""How many pages of items are kept until those after the first page are dropped."""


class ReconcileVerbs(LedgerInterface):
    """The verbs for claims of consumers that are not alive any more."""

    _writer: Writer

    caller: Caller

    @abstractmethod
    def _answer(self, command: Command, by: CommandKey | None) -> Any:
        """Carry out a valid command, and return its result. Raises a Refusal."""

    def reconcile(
        self, request: ReconcileRequest, *, alive: AliveList | None = None, key: str | None = None
    ) -> ReconcileReport:
        """Compare claims with a list of the consumers that are alive; without dry_run, end the orphans.

        alive: the list, if it is long, instead of that of the request. Raises ProviderNotFound, NothingAlive,
        PlanOutdated, ReconcileTooLarge.
        """
        by = None
        if key is not None:
            sent = (request,) if alive is None else (request, alive.digest)
            by = command_key(checked_key(key), self.caller, Reconcile.__name__, *sent)
        report, command = self.planned_reconcile(request, alive, keyed=by is not None)
        if command is None:
            return report
        ended: ReconcileReport = self._answer(command, by)
        return ended

    def planned_reconcile(
        self, request: ReconcileRequest, alive: AliveList | None = None, *, keyed: bool = False
    ) -> tuple[ReconcileReport, Reconcile | None]:
        """Return the differences, and the command that ends the orphans if that was asked for and there are any.

        The head is not locked: the command decides only whether the orphans are still as they were found here. None can
        be missing then, as a consumer that is written after `as_of` is no orphan. keyed: return the command in any
        case, which may have an answer that was kept, or whose refusal is to be kept. Raises as `reconcile` does.
        """
        self._writer.require_time(long=True)
        request, listed = validated_reconcile(request, alive)
        with self._writer.read_with_rows() as (fleet, connection):
            if request.as_of > fleet.head:
                raise Invalid(f"as_of is {request.as_of}, but the last change is {fleet.head}", "/as_of")
            scope, slots = _scope_of(fleet, request)
            found = _Comparison(fleet, request, listed, slots)
            for rows in in_scope(connection, scope) if scope is not None else ():
                found.add(rows, _held_by(fleet, connection, filter(found.needs_amounts, rows)))
                self._writer.pause()
        report = found.report(self._writer.pause)
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

    def __init__(self, fleet: Fleet, request: ReconcileRequest, alive: AliveList, slots: frozenset[int] | None) -> None:
        self._fleet, self._request, self._alive, self._slots = fleet, request, alive, slots
        self._found = bytearray(len(alive))
        self._items: list[ReconcileItem] = []
        self._next = _AFTER_ALL
        self._matching = 0
        self._number: Counter[ReconcileFinding] = Counter()
        self._skips: Counter[SkipReason] = Counter()
        self._shares = fleet.catalogue.id_of(NameKind.TRAIT, SHARES_VIA_AGGREGATE)
        self.orphans: list[Orphan] = []

    def needs_amounts(self, row: ScopeRow) -> bool:
        """Whether it matters what a consumer has: not if the list says only that it is alive, as it does of most."""
        entry = self._alive.entry(row.uuid)
        return entry is None or self._alive.held(entry) is not None

    def add(self, rows: Iterable[ScopeRow], held: Mapping[int, Held]) -> None:
        """Compare some consumers with the list."""
        for row in rows:
            entry, has = self._alive.entry(row.uuid), held.get(row.id, {})
            actual = None if entry is None else self._alive.held(entry)
            if entry is not None:
                self._found[entry] = 1
            finding = ReconcileFinding.ORPHAN if entry is None else self._difference(has, actual)
            if finding is None:
                self._matching += 1
            else:
                self._add_difference(row, has, actual, finding)

    def _add_difference(self, row: ScopeRow, has: Held, actual: Held | None, finding: ReconcileFinding) -> None:
        why = self._skipped(row, has, finding)
        if why is not None:
            self._skips[why] += 1
            finding = ReconcileFinding.SKIPPED
        elif finding is ReconcileFinding.ORPHAN:
            self.orphans.append(Orphan(consumer=row.uuid, generation=row.generation, id=row.id))
        self._number[finding] += 1
        if self._is_of_page(row.uuid):
            self._keep(self._item(row, has, actual, finding, why))

    def report(self, pause: Callable[[], None]) -> ReconcileReport:
        """Return what was found, with the page of items that was asked for. pause: lets others run."""
        self._add_unknown(pause)
        items, number, limit = self._first_items(), self._number, self._request.limit
        return ReconcileReport(
            head=self._fleet.head,
            orphans=number[ReconcileFinding.ORPHAN],
            differing=number[ReconcileFinding.DIFFERING],
            unknown=number[ReconcileFinding.UNKNOWN],
            matching=self._matching,
            skipped=dict(self._skips),
            digest=digest_of(self.orphans),
            items=items[:limit],
            next=items[limit - 1].consumer if len(items) > limit else None,
        )

    def _add_unknown(self, pause: Callable[[], None]) -> None:
        for turn, (uuid, entry) in enumerate(self._alive.entries()):
            if not self._found[entry]:
                self._number[ReconcileFinding.UNKNOWN] += 1
                if self._is_of_page(uuid):
                    actual = self._alive.held(entry)
                    self._keep(ReconcileItem(consumer=uuid, finding=ReconcileFinding.UNKNOWN, actual=actual))
            if turn % PAGE == 0:
                pause()

    def _is_of_page(self, consumer: str) -> bool:
        """Whether a consumer may be of the page that was asked for, as far as the items are known."""
        return self._request.after < consumer < self._next

    def _keep(self, item: ReconcileItem) -> None:
        """Keep an item of the page. Now and then those after it are dropped, so that few are in memory."""
        self._items.append(item)
        if len(self._items) > _KEPT_PAGES * (self._request.limit + 1):
            self._items = self._first_items()
            self._next = self._items[-1].consumer

    def _first_items(self) -> list[ReconcileItem]:
        """Return the items of the page and one more, in order."""
        return sorted(self._items, key=lambda each: each.consumer)[: self._request.limit + 1]

    def _difference(self, has: Held, actual: Held | None) -> ReconcileFinding | None:
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

    def _item(
        self, row: ScopeRow, has: Held, actual: Held | None, finding: ReconcileFinding, why: SkipReason | None
    ) -> ReconcileItem:
        return ReconcileItem(
            consumer=row.uuid,
            finding=finding,
            why=why,
            generation=row.generation,
            project=row.project,
            user=row.user,
            type=None if row.type_id is None else self._fleet.catalogue.name_of(row.type_id),
            allocations=has,
            actual=actual,
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
