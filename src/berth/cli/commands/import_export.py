"""`berth import` and `berth export`: whole fleets as JSON Lines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from berth.cli.command import ledger_command
from berth.cli.output.output import OutputFormat
from berth.cli.session import Session
from berth.model.record import ProviderRecord, RecordOutcome, RecordStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_decode = msgspec.json.Decoder(ProviderRecord).decode

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of lines that go to a server together: a body is at most four times as large, unless it is set otherwise."""

FileName = Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines; - for standard input or output.")]


@ledger_command(makes=True)
def import_(
    session: Session,
    file: FileName,
    batch: Annotated[int, typer.Option(help="Lines that come in together, or not at all.", min=1)] = 1000,
    report: Annotated[
        Path | None, typer.Option(help="Write refused lines here, as JSON Lines with the reason.")
    ] = None,
) -> None:
    """Bring providers in from JSON Lines, one provider a line, with all that they have.

    A line: {"name": "host-1", "inventories": {"VCPU": {"total": 64}}, "traits": ["HW_CPU_X86_AVX2"],
    "aggregates": [UUID], "parent": NAME or UUID, "uuid": UUID}; only the name is needed. Lines that are
    in already change nothing, so an import that was interrupted is simply started again. Refused lines
    are reported, all others come in. Exit status 1 if any line was refused.
    """
    from berth.worker import spare_collector

    console = session.output.errors
    counts: Counter[RecordStatus] = Counter()
    with ExitStack() as stack:
        source = sys.stdin.buffer if file == "-" else stack.enter_context(_opened(file))
        refused = stack.enter_context(report.open("wb")) if report is not None else None
        verbs = session.ledger
        spare_collector()
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("importing", total=None if file == "-" else Path(file).stat().st_size)
        for lines in _batches(source, batch):
            for number, line, outcome in _put(verbs.put_records, lines):
                counts[outcome.became] += 1
                if outcome.became is RecordStatus.REFUSED:
                    _tell(console, refused, number, line, outcome.why)
            progress.advance(task, sum(len(line) for _, line in lines))
    _sum_up(session, counts)
    if counts[RecordStatus.REFUSED]:
        raise typer.Exit(1)


def _sum_up(session: Session, counts: Counter[RecordStatus]) -> None:
    if session.output.form is OutputFormat.JSON:
        session.output.json({became.value: counts[became] for became in RecordStatus})
        return
    told = ", ".join(f"{counts[became]:,} {became.value}" for became in RecordStatus)
    session.output.errors.print(f"{counts.total():,} providers: {told}", highlight=False)


@ledger_command()
def export(session: Session, file: FileName = "-") -> None:
    """Write every provider with all that it has as JSON Lines, parents first, as `berth import` takes them."""
    encode = msgspec.json.Encoder().encode
    records = session.ledger.records()
    with ExitStack() as stack:
        target = sys.stdout.buffer if file == "-" else stack.enter_context(Path(file).open("wb"))
        progress = stack.enter_context(_progress(session.output.errors))
        task = progress.add_task("exporting", total=None)
        for record in records:
            line = encode(record) + b"\n"
            target.write(line)
            progress.advance(task, len(line))


Line = tuple[int, bytes]
Put = Callable[[Sequence[ProviderRecord]], list[RecordOutcome]]


def _opened(file: str) -> IO[bytes]:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def _batches(source: IO[bytes], size: int) -> Iterator[list[Line]]:
    """So many lines at a time, or as many as a server takes in one body."""
    lines: list[Line] = []
    weight = 0
    for number, line in enumerate(source, 1):
        if lines and (len(lines) == size or weight + len(line) > MOST_BYTES):
            yield lines
            lines, weight = [], 0
        if line.strip():
            lines.append((number, line))
            weight += len(line)
    if lines:
        yield lines


def _put(put_records: Put, lines: list[Line]) -> Iterator[tuple[int, bytes, RecordOutcome]]:
    """One batch: lines that are no records are refused here, the others by the ledger."""
    records: list[tuple[Line, ProviderRecord]] = []
    for number, line in lines:
        try:
            records.append(((number, line), _decode(line)))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield number, line, RecordOutcome(RecordStatus.REFUSED, str(error))
    outcomes = put_records([record for _, record in records]) if records else []
    for ((number, line), _), outcome in zip(records, outcomes, strict=True):
        yield number, line, outcome


def _tell(console: Console, refused: IO[bytes] | None, number: int, line: bytes, why: str) -> None:
    if refused is None:
        console.print(f"line {number}: {why}", markup=False, highlight=False)
        return
    told = {"line": number, "why": why, "text": line.decode(errors="replace").rstrip("\n")}
    refused.write(msgspec.json.encode(told) + b"\n")


def _progress(console: Console) -> Progress:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
