"""Funnels as tables: what each constraint of a request removed, group by group."""

from __future__ import annotations

from collections.abc import Iterator

from berth.cli.output.suggest import did_you_mean
from berth.cli.output.table import Fill, Table, TableCell
from berth.model.funnel import Constraint, Counted, Funnel, FunnelStep, GroupFunnel, shown_suffix

WIDTH = 20


def parts(funnel: Funnel) -> Iterator[Table | str]:
    """Yield the parts to print, in order: a table for each group, one for the trees, and the reason in one sentence."""
    for unknown in funnel.unknown:
        yield f"unknown name: {unknown.name}" + (f": {did_you_mean(unknown.nearest)}" if unknown.nearest else "")
    for group in funnel.groups:
        yield _group(group)
        yield ""
    if len(funnel.groups) > 1 or any(step.kind is not Constraint.GROUP for step in funnel.trees.steps):
        trees = funnel.trees
        yield _table("HOST", "hosts", trees.total, trees.steps)
        yield f"hosts that fit each group alone: {trees.with_all_groups:,}"
        yield ""
    if funnel.together.why:
        yield funnel.together.why
    yield funnel.why


def _group(group: GroupFunnel) -> Table:
    title = f"GROUP {shown_suffix(group.suffix)}" if group.suffix else "REQUEST"
    counted = "hosts" if group.counted is Counted.TREES else "providers"
    return _table(title, counted, group.total, group.steps)


def _table(title: str, counted: str, total: int, steps: list[FunnelStep]) -> Table:
    """Return a table of how many are left after each constraint, with bars for their share."""
    rows: list[tuple[TableCell, ...]] = [
        (f"all {counted}", Fill(total, total, WIDTH).bar if total else "", total, None, "")
    ]
    rows += [
        (step.constraint, Fill(step.left, total, WIDTH).bar, step.left, step.removed, _hint(step)) for step in steps
    ]
    return Table((title, "", "LEFT", "REMOVED", ""), rows)


def _hint(step: FunnelStep) -> str:
    """Return the amount that would be possible instead, "" if none is known."""
    if step.nearest is None or not step.removed:
        return ""
    which = "largest" if step.kind is Constraint.ROOM else "nearest"
    return f"{which} possible claim: {step.nearest:,}"
