"""`berth providers`, `show`, `usage`, `consumers`, `classes`, `traits`, `aggregates`: the state of the fleet."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
import typer

from berth.cli import aggregate_names, provider_names
from berth.cli.amounts import parse_amounts
from berth.cli.claimant import term_lines
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.options import (
    HavingClass,
    HoldingClass,
    HoldingOf,
    OfProject,
    OnlyAggregate,
    OnlyTrait,
    OnlyTree,
    ShowUuids,
    SubjectName,
)
from berth.cli.output import tables
from berth.cli.output.claim_text import last_owner
from berth.cli.output.consumer_text import called
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.output.total import total_text
from berth.cli.output.tree import tree
from berth.cli.session import Session
from berth.cli.times import format_moment, parse_span
from berth.model.change import NameKind
from berth.model.claim_life import ClaimState
from berth.model.consumer import ConsumerDetails, ConsumerOrder, ConsumerQuery
from berth.model.drain_state import DrainState
from berth.model.ended_consumer import ClaimEnd
from berth.model.errors import AllocationsNotFound, Forbidden, NotFound, ProviderNotFound
from berth.model.names import UNKNOWN_TYPE
from berth.model.overview import ProviderDetails, ProviderFilter, ProviderOrder
from berth.model.plural import plural
from berth.model.term import SECOND

SHOWN: Final = 100
"""Rows of a list as text, without --limit."""

PAGE: Final = 1000
EMPTY: Final = "the ledger is empty: fill it with `berth discover --apply` or `berth import FILE`"

RowLimit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, help=f"Maximum number of rows to show. Default: {SHOWN} in a table, all as JSON and CSV."
    ),
]
Item = TypeVar("Item")


class StateFilter(enum.StrEnum):
    """The states of claims that there are."""

    PENDING = ClaimState.PENDING.value
    CONFIRMED = ClaimState.CONFIRMED.value
    OVERDUE = ClaimState.OVERDUE.value


InState = Annotated[
    StateFilter | None,
    typer.Option(
        help="Only claims in this state: pending (not confirmed yet), confirmed, overdue (lease not renewed)."
    ),
]
DueWithin = Annotated[
    str, typer.Option(metavar="TIME", help="Only claims that end or lapse within this time: 1h, 1d, 7d.")
]


@ledger_command(csv=True)
def providers(
    session: Session,
    name: Annotated[str, typer.Option(help="Only providers with this text in their name.")] = "",
    trait: OnlyTrait = "",
    aggregate: OnlyAggregate = "",
    resource_class: HavingClass = "",
    room: Annotated[
        str,
        typer.Option(
            metavar="AMOUNTS",
            help="Only providers with at least this much free, such as VCPU=4,MEMORY_MB=8G.",
        ),
    ] = "",
    tree: OnlyTree = "",
    drained: Annotated[bool, typer.Option("--drained", help="Only drained providers: they take no claims.")] = False,
    order: Annotated[
        ProviderOrder,
        typer.Option(help="Order: oldest first, by name, last changed first, or fullest first (of --class)."),
    ] = ProviderOrder.OLDEST,
    reverse: Annotated[bool, typer.Option("--reverse", help="In that order backwards.")] = False,
    limit: RowLimit = None,
) -> None:
    """List providers, and how much of them is used.

    Example: berth providers --trait HW_CPU_X86_AVX2 --room VCPU=4,MEMORY_MB=8G
    """
    query = ProviderFilter(
        name=name,
        trait=trait,
        aggregate=aggregate_names.resolve_prefix(session, aggregate) if aggregate else "",
        resource_class=resource_class,
        room=parse_amounts(room) if room else {},
        root=session.ledger.provider(provider_names.resolve(session, tree)).root if tree else "",
        drained=drained,
    )
    search = partial(session.ledger.search, query, order=order, reverse=reverse)
    found = _collect(session, limit, lambda most, after: search(limit=most, after=after))
    items = found.items
    session.output.show(items, tables.providers(items))
    _note_more(session, found, "providers")
    if not items and query == ProviderFilter():
        session.output.note(EMPTY)
    elif not items:
        session.output.note("no provider matches")


@ledger_command()
def show(
    session: Session,
    name: SubjectName,
    uuids: ShowUuids = False,
) -> None:
    """Show a provider (tree, inventories, holders, history), or what a consumer holds or held.

    A unique part of a name, or a unique prefix of a uuid, is enough.

    Example: berth show host-1
    """
    subject = provider_names.resolve_subject(session, name)
    try:
        _show_provider(session, subject, uuids=uuids)
    except ProviderNotFound:
        try:
            consumer = session.ledger.consumer(subject)
        except AllocationsNotFound as error:
            _show_ended(session, subject, error.ended)
        else:
            _show_consumer(session, consumer)


@ledger_command(csv=True)
def usage(
    session: Session,
    project: Annotated[
        str,
        typer.Option(
            help="Show what this project holds, by type of consumer.", autocompletion=completion_of("project")
        ),
    ] = "",
    user: Annotated[str, typer.Option(help="With --project: show only what this user holds.")] = "",
    projects: Annotated[bool, typer.Option("--projects", help="Show what each project holds.")] = False,
) -> None:
    """Show how much of the fleet is used, or what projects hold.

    Example: berth usage --project physics
    """
    if user and not project:
        raise typer.BadParameter("--user needs --project as well: it is a user of that project")
    if project:
        types = session.ledger.project_usages(project, user or None)
        session.output.show(types, tables.types(types))
        session.output.note("" if types else f"no consumers in project {project!r}")
    elif projects:
        items = _collect(session, None, lambda most, after: session.ledger.projects(limit=most, after=after)).items
        session.output.show(items, tables.projects(items))
        session.output.note("" if items else "no project holds anything")
    else:
        fleet = session.ledger.overview()
        session.output.show(fleet, tables.totals(fleet.classes))
        session.output.note(_drained(fleet.drained) if fleet.classes else EMPTY)


def _drained(count: int) -> str:
    if not count:
        return ""
    return f"{plural(count, 'provider is', 'providers are')} drained (`berth providers --drained`)"


All = Annotated[bool, typer.Option("--all", help="Include names that no provider uses.")]


@ledger_command(csv=True)
def classes(session: Session, every: All = False) -> None:
    """List the resource classes in use, with the number of providers that have an inventory of each.

    Example: berth classes --json
    """
    _names(session, NameKind.CLASS, every=every)


@ledger_command(csv=True)
def traits(session: Session, every: All = False) -> None:
    """List the traits in use, with the number of providers that have each.

    Example: berth traits --all
    """
    _names(session, NameKind.TRAIT, every=every)


@ledger_command(csv=True)
def aggregates(session: Session) -> None:
    """List the aggregates by name, with the number of providers in each; those without a name last.

    Example: berth aggregates
    """
    items = sorted(session.ledger.names(NameKind.AGGREGATE), key=lambda each: (not each.label, each.label))
    session.output.show(items, tables.aggregates(items))
    session.output.note("" if items else "there are no aggregates")


@ledger_command(csv=True)
def consumers(
    session: Session,
    project: OfProject = "",
    user: Annotated[str, typer.Option(help="Only consumers of this user.")] = "",
    kind: Annotated[
        str, typer.Option("--type", help="Only consumers of this type; unknown: consumers without a type.")
    ] = "",
    provider: HoldingOf = "",
    resource_class: HoldingClass = "",
    order: Annotated[
        ConsumerOrder, typer.Option(help="Order: by uuid, oldest first, or largest first (of --class).")
    ] = ConsumerOrder.UUID,
    state: InState = None,
    due: DueWithin = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="Only consumers whose name starts with this.")] = "",
    text: Annotated[str, typer.Option(metavar="TEXT", help="Only consumers with this text in name or note.")] = "",
    uuids: ShowUuids = False,
    limit: RowLimit = None,
) -> None:
    """List consumers: what they hold, and until when.

    Example: berth consumers --class VCPU --order largest --limit 10
    """
    query = ConsumerQuery(
        project=project,
        user=user,
        type=kind,
        provider=provider_names.resolve(session, provider) if provider else "",
        resource_class=resource_class,
        order=order,
        state=None if state is None else ClaimState(state.value),
        due=parse_span(due) // SECOND if due else None,
        name=name,
        text=text,
    )
    found = _collect(session, limit, lambda most, after: session.ledger.consumers(query, limit=most, after=after))
    items = found.items
    session.output.show(items, tables.consumers(items, uuids=uuids or session.output.form is not OutputFormat.PEOPLE))
    _note_more(session, found, "consumers")
    if not items:
        session.output.note("there are no consumers" if query == ConsumerQuery() else "no consumer matches")


def _names(session: Session, kind: NameKind, *, every: bool) -> None:
    items = [item for item in session.ledger.names(kind) if every or item.providers]
    session.output.show(items, tables.names(kind.upper(), items))
    if not items:
        session.output.note(f"no provider has a {kind}")


class Collected(NamedTuple):
    """The items of as many pages as needed. more: whether there are others; total: how many there are, if known."""

    items: list[Any]
    more: bool
    total: str


def _collect(session: Session, limit: int | None, page: Callable[[int, str | None], Any]) -> Collected:
    most = limit or (SHOWN if session.output.form is OutputFormat.PEOPLE else None)
    items: list[Any] = []
    after: str | None = None
    total = ""
    while most is None or len(items) < most:
        found = page(min(PAGE, PAGE if most is None else most - len(items)), after)
        total = total or total_text(found.total, bounded=getattr(found, "bounded", False))
        items += found.items
        after = found.next
        if after is None:
            break
    return Collected(items, after is not None, total)


def _note_more(session: Session, found: Collected, name: str) -> None:
    if found.more:
        of = f"of {found.total}" if found.total else ""
        session.output.note(f"{len(found.items):,} {of}{name} shown (--limit for more, --json or --csv for all)")


def _show_provider(session: Session, uuid: str, *, uuids: bool) -> None:
    ledger = session.ledger
    provider = ledger.details(uuid)
    holders = ledger.holders(provider.uuid, limit=SHOWN)
    history = ledger.history(provider.uuid, most=10)
    data = {"provider": provider, "holders": holders.items, "history": history}
    table = tables.history(history, provider.uuid, session.name_of) if history else None
    sections = _sections(provider, tables.holders(holders.items, uuids=uuids), table)
    session.output.print_result(data, *_header(provider), *sections)


def _header(provider: ProviderDetails) -> Iterator[Any]:
    yield f"{provider.name}  {provider.uuid}"
    created, updated = format_moment(provider.created_at), format_moment(provider.updated_at)
    yield f"generation {provider.generation}, created {created}, updated {updated}"
    if provider.drain is not None:
        yield _drain(provider.drain, provider.uuid)
    if provider.traits:
        yield f"traits: {', '.join(provider.traits)}"
    if provider.aggregates:
        yield f"aggregates: {', '.join(_aggregates(provider))}"
    if len(provider.tree) > 1:
        yield ""
        yield tree(provider.tree, provider.uuid)


def _drain(drain: DrainState, uuid: str) -> str:
    above = "" if drain.provider == uuid else f" with {drain.name} above it"
    return f"drained{above} since {format_moment(drain.since)} by {drain.by}{drain.why and f': {drain.why}'}"


def _aggregates(provider: ProviderDetails) -> list[str]:
    """Return the names of a provider's aggregates, then the uuids of those without a name."""
    named = [name for uuid in provider.aggregates if (name := provider.aggregate_names.get(uuid))]
    return sorted(named) + [uuid for uuid in provider.aggregates if uuid not in provider.aggregate_names]


def _sections(provider: ProviderDetails, holders: Table, history: Table | None) -> Iterator[Any]:
    yield ""
    yield tables.inventories(provider).rich() if provider.inventories else "no inventories"
    yield ""
    yield holders.rich() if holders.rows else "no consumer holds any of it"
    if history is not None:
        yield ""
        yield history.rich()


def _show_consumer(session: Session, consumer: ConsumerDetails) -> None:
    history = session.ledger.history(consumer.uuid, most=10)
    session.output.print_result(
        {"consumer": consumer, "history": history},
        f"consumer {called(consumer.uuid, consumer.name)}",
        consumer.note and f"note: {consumer.note}",
        f"of project {consumer.project}, user {consumer.user}, type {consumer.type or 'unknown'}, "
        f"generation {consumer.generation}, updated {format_moment(consumer.updated_at)}",
        *term_lines(consumer),
        "",
        tables.held(consumer.allocations, session.name_of).rich(),
        "",
        tables.history(history, consumer.uuid, session.name_of).rich() if history else None,
    )


def _show_ended(session: Session, uuid: str, end: ClaimEnd | None) -> None:
    """Show what the audit log says of a deleted provider, or of a consumer that holds nothing now."""
    try:
        history = session.ledger.history(uuid, most=10)
    except Forbidden:
        history = []
    if not history:
        raise NotFound(f"{uuid} is neither a provider nor a consumer that holds anything")
    owner, newest, by = last_owner(history, uuid), history[0], {} if end is None else {"claim": end}
    is_consumer = newest.after is not None and uuid in newest.after.claims
    ended = "consumer {}, released {} by {}" if is_consumer else "provider {}, deleted {} by {}"
    session.output.print_result(
        {"ended": {"uuid": uuid} | by | (msgspec.structs.asdict(owner) if owner else {}), "history": history},
        ended.format(uuid, format_moment(newest.at), newest.actor or newest.user),
        end and str(end),
        f"of project {owner.project}, user {owner.user}, type {owner.type or UNKNOWN_TYPE}" if owner else None,
        "",
        tables.history(history, uuid, session.name_of).rich(),
    )
