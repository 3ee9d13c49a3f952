"""`berth import` and `berth export`: whole fleets, as JSON Lines; imports also from CSV."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from berth.cli.command import ledger_command
from berth.cli.csv_records import EXAMPLE
from berth.cli.output.output import OutputFormat
from berth.cli.record_difference import KnownRecords
from berth.cli.record_lines import Line, NoRecord, ReadLine, RecordSource
from berth.cli.session import Session
from berth.model.inventory import is_sound
from berth.model.plural import plural
from berth.model.record import ProviderRecord, RecordOutcome, RecordStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

MOST_BYTES: Final = 4 * 1024 * 1024
"""Size of the lines sent to a server together: a quarter of the default limit of a body."""

_DAMAGED: Final = "an inventory that `berth import` refuses: `berth db mend` shows and repairs it"

FileName = Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines; - for standard output.")]
ImportFile = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON Lines, or CSV with a header; - for standard input.")
]


@ledger_command(create=True)
def import_(
    session: Session,
    file: ImportFile = "",
    batch: Annotated[int, typer.Option(help="Lines per commit.", min=1)] = 1000,
    report: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="File for refused lines, as JSON Lines with the reason; - for standard output."
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a sample of CSV, and exit.")] = False,
) -> None:
    """Import providers from JSON Lines, one provider per line, or from CSV, one host per line.

    A line: {"name": "host-1", "inventories": {"VCPU": {"total": 64}}, "traits": ["HW_CPU_X86_AVX2"],
    "aggregates": [UUID], "parent": NAME or UUID, "uuid": UUID}; only the name is required. Lines that
    are already in the ledger change nothing, so an interrupted import can simply be run again. Refused lines
    are reported, all others are imported. Exit status 1 if any line was refused.

    CSV needs a header: name, and any of rack, gpus, gpu_model, vcpu, memory_gb, disk_gb or a resource class. --example
    prints a sample.
    """
    if example:
        sys.stdout.write(EXAMPLE)
        return
    with ExitStack() as stack:
        source = _source(file, stack)
        refused = _report_to(report, stack)
        counts = (
            _compare(session, source, refused)
            if dry_run
            else _import(session, source, batch, refused, None if file == "-" else Path(file).stat().st_size)
        )
    _print_totals(session, counts, dry_run=dry_run)
    if counts[RecordStatus.REFUSED]:
        raise typer.Exit(1)


def _import(
    session: Session, source: RecordSource, batch: int, refused: IO[bytes] | None, size: int | None
) -> Counter[RecordStatus]:
    """Import all lines; return how many providers became what."""
    from berth.worker import spare_collector

    console, counts = session.output.errors, Counter[RecordStatus]()
    ledger = session.ledger
    spare_collector()
    with _progress(console) as progress:
        task = progress.add_task("importing", total=size)
        for lines in _batches(source.lines, batch):
            for number, line, outcome in _put(ledger.put_records, lines, source.read, batch):
                counts[outcome.became] += 1
                if outcome.became is RecordStatus.REFUSED:
                    _report(console, refused, number, line, outcome.why)
            progress.advance(task, sum(len(line) for _, line in lines))
    return counts


def _compare(session: Session, source: RecordSource, refused: IO[bytes] | None) -> Counter[RecordStatus]:
    """Print what an import would change, line by line; return how many providers would become what."""
    known = KnownRecords.from_records(session.ledger.records() if session.has_ledger else ())
    counts = Counter[RecordStatus]()
    for number, line in source.lines:
        try:
            records = source.read(line) if line.strip() else ()
        except NoRecord as error:
            counts[RecordStatus.REFUSED] += 1
            _report(session.output.errors, refused, number, line, str(error))
            continue
        for record in records:
            status, said = known.compared(record)
            counts[status] += 1
            if status in _SIGNS:
                session.output.print(f"{_SIGNS[status]} {record.name}  {said}")
    return counts


def _print_totals(session: Session, counts: Counter[RecordStatus], *, dry_run: bool) -> None:
    if session.output.form is OutputFormat.JSON:
        session.output.json({became.value: counts[became] for became in RecordStatus})
        return
    totals = ", ".join(f"{counts[became]:,} {became.value}" for became in RecordStatus)
    end = "; nothing was imported" if dry_run else ""
    session.output.errors.print(f"{plural(counts.total(), 'provider')}: {totals}{end}", highlight=False)


@ledger_command()
def export(session: Session, file: FileName = "-") -> None:
    """Export every provider as JSON Lines, parents first, as `berth import` reads them."""
    encode = msgspec.json.Encoder().encode
    records = session.ledger.records()
    with ExitStack() as stack:
        target = sys.stdout.buffer if file == "-" else stack.enter_context(Path(file).open("wb"))
        progress = stack.enter_context(_progress(session.output.errors))
        task = progress.add_task("exporting", total=None)
        damaged = 0
        for record in records:
            damaged += not all(is_sound(each.inventory()) for each in record.inventories.values())
            line = encode(record) + b"\n"
            target.write(line)
            progress.advance(task, len(line))
    if damaged:
        session.output.errors.print(f"{plural(damaged, 'line has', 'lines have')} {_DAMAGED}", highlight=False)


_SIGNS: Final = {RecordStatus.CREATED: "+", RecordStatus.CHANGED: "~"}
"""What stands before a provider that an import would create or change."""

Put = Callable[[Sequence[ProviderRecord]], list[RecordOutcome]]


def _source(file: str, stack: ExitStack) -> RecordSource:
    """Return the lines of a file. Raises typer.BadParameter."""
    if not file:
        raise typer.BadParameter("no file given: FILE, or - for standard input")
    try:
        return RecordSource.from_lines(sys.stdin.buffer if file == "-" else stack.enter_context(_open(file)))
    except NoRecord as error:
        raise typer.BadParameter(f"{file}: {error}") from None


def _open(file: str) -> IO[bytes]:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def _report_to(report: str, stack: ExitStack) -> IO[bytes] | None:
    """Return where refused lines are written; None if only their numbers and reasons are shown."""
    if report == "-":
        return sys.stdout.buffer
    return stack.enter_context(Path(report).open("wb")) if report else None


def _batches(source: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Yield batches of at most `size` lines and at most MOST_BYTES."""
    lines: list[Line] = []
    total_bytes = 0
    for number, line in source:
        if lines and (len(lines) == size or total_bytes + len(line) > MOST_BYTES):
            yield lines
            lines, total_bytes = [], 0
        if line.strip():
            lines.append((number, line))
            total_bytes += len(line)
    if lines:
        yield lines


def _put(put_records: Put, lines: list[Line], read: ReadLine, size: int) -> Iterator[tuple[int, bytes, RecordOutcome]]:
    """Import one batch, and yield the outcome of each line. Lines that are not valid records are refused here."""
    records: list[tuple[Line, ProviderRecord]] = []
    for number, line in lines:
        try:
            records += [((number, line), record) for record in read(line)]
        except NoRecord as error:
            yield number, line, RecordOutcome(RecordStatus.REFUSED, str(error))
    for first in range(0, len(records), size):  # a row of CSV is a host and its GPUs
        part = records[first : first + size]
        for ((number, line), _), outcome in zip(part, put_records([record for _, record in part]), strict=True):
            yield number, line, outcome


def _report(console: Console, refused: IO[bytes] | None, number: int, line: bytes, why: str) -> None:
    if refused is None:
        console.print(f"line {number}: {why}", markup=False, highlight=False)
        return
    refusal = {"line": number, "why": why, "text": line.decode(errors="replace").rstrip("\n")}
    refused.write(msgspec.json.encode(refusal) + b"\n")


def _progress(console: Console) -> Progress:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
