"""`berth reconcile` and `berth undo`: end claims of consumers that do not exist any more, and take that back."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from berth.cli.command import ledger_command
from berth.cli.output.table import Table
from berth.cli.provider_names import resolve
from berth.cli.session import STANDARD_INPUT, Session
from berth.model.alive_list import AliveList, Held
from berth.model.amounts import as_text
from berth.model.consumer import Resources
from berth.model.errors import Invalid
from berth.model.names import parse_uuid
from berth.model.plural import plural
from berth.model.reconciliation import ReconcileItem, ReconcileReport, ReconcileRequest


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the list that says what a consumer really has."""

    consumer: str
    allocations: Held | None = None


_LINE: Final = msgspec.json.Decoder(_Line)


@ledger_command(csv=True)
def reconcile(
    session: Session,
    alive: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help='Existing consumers, one per line: UUID or {"consumer": UUID, "allocations": ...}; - reads stdin.',
        ),
    ],
    as_of: Annotated[
        int, typer.Option(metavar="NUMBER", help="Number of the ledger's last change before the list was made.", min=0)
    ],
    trees: Annotated[
        list[str] | None,
        typer.Option("--tree", metavar="NAME", help="Only consumers on this host, by name or uuid. May be repeated."),
    ] = None,
    project: Annotated[str, typer.Option(metavar="NAME", help="Only consumers of this project.")] = "",
    type_: Annotated[str, typer.Option("--type", metavar="TYPE", help="Only consumers of this type.")] = "",
    apply: Annotated[
        str,
        typer.Option(
            metavar="DIGEST",
            help="Release the orphans, if they are still those of the dry run that printed this digest.",
        ),
    ] = "",
    at_most: Annotated[int, typer.Option(metavar="COUNT", help="Maximum number of consumers to release.", min=0)] = 10,
    limit: Annotated[int, typer.Option(metavar="COUNT", help="Maximum number of differences to show.", min=1)] = 1_000,
) -> None:
    """Compare claims with a list of the consumers that exist, and release the claims of all others.

    Without --apply, nothing changes. Claims made after --as-of are kept.

    Example: berth reconcile --tree node-1 --alive running.txt --as-of 1200
    """
    request = ReconcileRequest(
        as_of=as_of,
        trees=tuple(resolve(session, word) for word in trees or ()),
        project=project,
        type=type_,
        at_most=at_most,
        expect=apply or None,
        dry_run=not apply,
        limit=limit,
    )
    report = session.ledger.reconcile(request, alive=_alive(session, alive))
    rows = [[each.finding.value, each.consumer, *_cells(each)] for each in report.items]
    session.output.show(report, Table(("WHAT", "CONSUMER", "WHY", "CLAIMED", "REALLY"), rows))
    session.output.note(_sentence(report))


@ledger_command()
def undo(
    session: Session,
    change: Annotated[int, typer.Argument(metavar="NUMBER", help="The change, as `berth changes` lists it.", min=1)],
    partial: Annotated[
        bool, typer.Option("--partial", help="Restore the claims that fit, and skip the others.")
    ] = False,
) -> None:
    """Restore claims that Berth ended in a change, such as a reconciliation: all, or with --partial those that fit.

    Example: berth undo 1204
    """
    outcome = session.ledger.undo(change, partial=partial)
    lines = [f"restored {uuid}" for uuid in outcome.restored]
    session.output.print_result(outcome, *lines, *(f"not restored {uuid}: {why}" for uuid, why in outcome.left.items()))


def _alive(session: Session, path: Path) -> AliveList:
    """Return the consumers of the list, and what they have if it says so. Raises Invalid, typer.BadParameter."""
    if str(path) != STANDARD_INPUT:
        with path.open(encoding="utf-8") as lines:
            return _alive_of(lines)
    if session.location.token == STANDARD_INPUT:
        raise typer.BadParameter("standard input is used for the token already: set BERTH_TOKEN, or --token-file")
    return _alive_of(sys.stdin)


def _alive_of(lines: Iterable[str]) -> AliveList:
    found = AliveList()
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line:
            continue
        try:
            entry = _LINE.decode(line) if line.startswith("{") else _Line(line)
            if entry.allocations is None and _is_in(found, entry.consumer):
                continue  # a machine that moves is listed by two hosts
            found.add(entry.consumer, entry.allocations)
        except (msgspec.DecodeError, Invalid) as error:
            raise Invalid(f"line {number}: {error}; nothing was changed") from None
    return found


def _is_in(alive: AliveList, consumer: str) -> bool:
    uuid = parse_uuid(consumer)
    return uuid is not None and alive.entry(uuid) is not None


def _cells(item: ReconcileItem) -> tuple[str, str, str]:
    why = "" if item.why is None else item.why.value.replace("-", " ")
    return why, as_text(_total(item.allocations)), "" if item.actual is None else as_text(_total(item.actual))


def _total(held: Held) -> Resources:
    total: Resources = {}
    for resources in held.values():
        for name, amount in resources.items():
            total[name] = total.get(name, 0) + amount
    return total


def _sentence(report: ReconcileReport) -> str:
    """Return what was found in numbers, and the next step."""
    numbers = {
        "differing": report.differing,
        "unknown": report.unknown,
        "skipped": sum(report.skipped.values()),
        "as listed": report.matching,
    }
    counted = [plural(report.orphans, "orphan"), *(f"{number:,} {what}" for what, number in numbers.items())]
    found = ", ".join(counted)
    if report.change is not None:
        return f"{found}. Orphans released in change {report.change}: `berth undo {report.change}` restores them."
    return f"{found}. To release the orphans: --apply {report.digest}" if report.orphans else f"{found}."
