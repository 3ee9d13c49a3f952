"""`berth release`: ends what consumers hold, a few of them or very many, wholly or in part."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import typer

from berth.cli import consumer_names, provider_names
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.confirm import DryRun, Yes, confirm_count
from berth.cli.output.consumer_text import called
from berth.cli.session import STANDARD_INPUT, Session
from berth.model.amounts import as_text
from berth.model.consumer import Resources
from berth.model.errors import AllocationsNotFound, BerthError, ConsumerNotFound, NotFound
from berth.model.plural import plural
from berth.model.releases import MOST_RELEASED, USUALLY_RELEASED, ReleasedPage

FEW: Final = 100
"""How many consumers are released one by one, each with a line of output; more go together."""

MOST_SHOWN: Final = 20
"""How many of the consumers that hold nothing are named."""


class _Part(NamedTuple):
    """What was released of one consumer: totals of all its providers. name: None if it has none."""

    name: str | None
    resources: Resources


Released = dict[str, _Part]
"""What was released, by consumer."""


OnlyOn = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Only claims on this provider and those below it.",
        autocompletion=completion_of("provider"),
    ),
]
HoldersOf = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Consumers with claims on this provider or those below it.",
        autocompletion=completion_of("provider"),
    ),
]
WholeProject = Annotated[str, typer.Option(help="Consumers of this project.", autocompletion=completion_of("project"))]


@ledger_command()
def release(
    session: Session,
    consumers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CONSUMER...",
            help="Names or uuids of consumers, or unique prefixes; - reads them from standard input, one per line.",
        ),
    ] = None,
    on: OnlyOn = "",
    holders_of: HoldersOf = "",
    project: WholeProject = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    batch: Annotated[int, typer.Option(help="Consumers per commit.", min=1, max=MOST_RELEASED)] = USUALLY_RELEASED,
) -> None:
    """Release the claims of consumers: all of them, or only those on one host (--on).

    Give consumers by name or uuid, or select those of a host (--holders-of) or of a project: then the command asks
    you to confirm their number. If a name is unknown, nothing is released. If a given consumer holds nothing, the
    others are released, and the exit status is 1. If it is interrupted, the command prints what it has released; run
    it again for the rest.

    Example: berth release c0000000-0000-4000-8000-000000000001
    """
    selection = _Selection(
        on=provider_names.resolve(session, on) if on else None,
        holders_of=provider_names.resolve(session, holders_of) if holders_of else None,
        project=project or None,
    )
    uuids = _given_uuids(session, consumers)
    if uuids is None:
        selection.check()
    if dry_run:
        released = _matching(session, selection, uuids, batch)
        _print_released(session, released, "would release", "would_release")
    else:
        wanted = _confirmed(session, selection, batch, yes=yes) if uuids is None else uuids
        released = _release_and_print(session, _releases(session, selection, wanted, batch), len(wanted))
    if uuids is None and not released:
        session.output.note("no consumer matches")
    _refuse_missing(session, selection, [uuid for uuid in uuids or () if uuid not in released])


class _Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which consumers, and what of theirs: as in ReleaseMatching."""

    on: str | None
    holders_of: str | None
    project: str | None

    @property
    def is_empty(self) -> bool:
        """Whether this says nothing: everything that the given consumers hold."""
        return self == _Selection(on=None, holders_of=None, project=None)

    def check(self) -> None:
        """Raise typer.BadParameter if this does not say whose holdings."""
        if not (self.holders_of or self.project):
            raise typer.BadParameter("which consumers? Give names, uuids, -, --holders-of NAME or --project NAME")

    def page(
        self, session: Session, uuids: Sequence[str] | None, batch: int, after: str | None = None, *, dry_run: bool
    ) -> ReleasedPage:
        """Release what matches, one page of it, in one commit."""
        return session.ledger.release_matching(
            consumers=uuids,
            project=self.project,
            holders_of=self.holders_of,
            on=self.on,
            limit=batch,
            after=after,
            dry_run=dry_run,
        )


def _given_uuids(session: Session, words: Sequence[str] | None) -> list[str] | None:
    """Return the uuids that are given, None if none are: then others say which consumers."""
    if not words:
        return None
    given = _lines_of_input(session) if words == [STANDARD_INPUT] else _numbered(words)
    return _consumer_uuids(session, given)


def _lines_of_input(session: Session) -> Iterator[tuple[str, str]]:
    """Return the lines of standard input with their places. Raises typer.BadParameter."""
    if session.location.token == STANDARD_INPUT:
        raise typer.BadParameter("standard input is used for the token already: set BERTH_TOKEN, or --token-file")
    lines = ((f"line {number}", line.strip()) for number, line in enumerate(sys.stdin, 1))
    return ((place, text) for place, text in lines if text)


def _numbered(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((f"argument {number}", word) for number, word in enumerate(words, 1))


def _consumer_uuids(session: Session, given: Iterable[tuple[str, str]]) -> list[str]:
    """Return the uuids of consumers by their names or uuids, each once. Raises NotFound, ConsumerAmbiguous."""
    uuids: dict[str, None] = {}
    for place, text in given:
        try:
            uuids[consumer_names.resolve(session, text)] = None
        except ConsumerNotFound:
            raise NotFound(f"{place}: no consumer is called {text[:80]!r}; nothing was released") from None
    return list(uuids)


def _matching(session: Session, selection: _Selection, uuids: Sequence[str] | None, batch: int) -> Released:
    """Return what would be released, by consumer."""
    if uuids is not None:
        pages = [selection.page(session, part, batch, dry_run=True) for part in _parts(uuids, batch)]
    else:
        pages = [selection.page(session, None, batch, dry_run=True)]
        while pages[-1].next is not None:
            pages.append(selection.page(session, None, batch, pages[-1].next, dry_run=True))
    return {each.consumer: _Part(each.name, _sum(each.released.values())) for page in pages for each in page.items}


def _confirmed(session: Session, selection: _Selection, batch: int, *, yes: bool) -> list[str]:
    """Return the uuids of the consumers that match, once their number has been confirmed."""
    uuids = list(_matching(session, selection, None, batch))
    if uuids:
        part = f" of {session.name_of(selection.on)}" if selection.on else ""
        hold = plural(len(uuids), "consumer holds", "consumers hold")
        confirm_count(session, len(uuids), f"release {'what' if part else 'all that'} {hold}{part}", yes=yes)
    return uuids


def _releases(session: Session, selection: _Selection, uuids: Sequence[str], batch: int) -> Iterator[tuple[str, _Part]]:
    """Release consumers. Yield each that held something, and what, once that is committed."""
    if selection.is_empty and len(uuids) <= FEW:
        yield from _release_each(session, uuids)
        return
    for part in _parts(uuids, batch):
        for each in selection.page(session, part, batch, dry_run=False).items:
            yield each.consumer, _Part(each.name, _sum(each.released.values()))


def _release_each(session: Session, uuids: Iterable[str]) -> Iterator[tuple[str, _Part]]:
    """Release all that consumers hold, one by one. Yield each that held something, and what."""
    for uuid in uuids:
        try:
            held = session.ledger.consumer(uuid)
            session.ledger.release(uuid)
        except AllocationsNotFound:
            continue
        yield uuid, _Part(held.name, held.resources)


def _release_and_print(session: Session, releases: Iterator[tuple[str, _Part]], count: int) -> Released:
    """Release consumers, and print what was released: also if that is interrupted or fails."""
    released: Released = {}
    try:
        for uuid, part in releases:
            released[uuid] = part
    except (BerthError, KeyboardInterrupt):
        _print_released(session, released)
        session.output.note(
            f"stopped: {len(released):,} of {plural(count, 'consumer')} released; run it again for the rest"
        )
        raise
    _print_released(session, released)
    return released


def _refuse_missing(session: Session, selection: _Selection, missing: Sequence[str]) -> None:
    """Raise a Refusal that names the given consumers that hold nothing, or nothing that the selection is about."""
    if not missing:
        return
    more = f" and {len(missing) - MOST_SHOWN:,} more" if len(missing) > MOST_SHOWN else ""
    listed = f"{', '.join(missing[:MOST_SHOWN])}{more}"
    if selection.is_empty:
        raise AllocationsNotFound(listed)
    of = [f"of {session.name_of(uuid)}" for uuid in (selection.on, selection.holders_of) if uuid]
    owned = [f"in project {selection.project}"] if selection.project else []
    raise NotFound(f"these hold nothing {' '.join(of + owned)}: {listed}")


def _parts(uuids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (uuids[first : first + size] for first in range(0, len(uuids), size))


def _sum(each: Iterable[Resources]) -> Resources:
    total: Resources = {}
    for held in each:
        for name, amount in held.items():
            total[name] = total.get(name, 0) + amount
    return total


def _print_released(session: Session, released: Released, verb: str = "released", key: str = "released") -> None:
    if not released:
        return
    data: list[dict[str, Any]] = [
        {"consumer": uuid, "name": part.name, key: part.resources} for uuid, part in released.items()
    ]
    if len(released) <= FEW:
        lines = [f"{verb} {called(uuid, part.name)}: {as_text(part.resources)}" for uuid, part in released.items()]
    else:
        consumers = plural(len(released), "consumer")
        lines = [f"{verb} {consumers}: {as_text(_sum(part.resources for part in released.values()))}"]
    session.output.print_result(data, *lines)
