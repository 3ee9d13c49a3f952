"""`berth providers`, `show`, `usage`, `classes`, `traits`, `aggregates`, `consumers`: what there is, and who has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, TypeVar

import typer

from berth.cli import provider_names
from berth.cli.amounts import amounts
from berth.cli.command import ledger_command
from berth.cli.output import tables
from berth.cli.output.output import OutputFormat
from berth.cli.output.tree import tree
from berth.cli.session import Session
from berth.cli.times import shown as moment
from berth.model.change import NameKind
from berth.model.consumer import ConsumerDetails, ConsumerOrder, ConsumerQuery
from berth.model.errors import AllocationsNotFound, NotFound, ProviderNotFound
from berth.model.names import parse_uuid
from berth.model.overview import ProviderDetails, ProviderFilter
from berth.model.validation import canonical_uuid

SHOWN: Final = 100
"""How many people are shown of a list, unless they say."""

PAGE: Final = 1000
EMPTY: Final = "the ledger is empty: `berth discover --apply` or `berth import FILE` fills it"

RowLimit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help=f"At most so many. Otherwise a table shows {SHOWN}, JSON and CSV have all."),
]
Item = TypeVar("Item")


@ledger_command(csv=True)
def providers(
    session: Session,
    name: Annotated[str, typer.Option(help="With this in their name.")] = "",
    trait: Annotated[str, typer.Option(help="With this trait.")] = "",
    aggregate: Annotated[str, typer.Option(metavar="UUID", help="In this aggregate.")] = "",
    resource_class: Annotated[str, typer.Option("--class", help="With an inventory of this class.")] = "",
    room: Annotated[str, typer.Option(metavar="AMOUNTS", help="With room for this, such as VCPU=4,MEMORY_MB=8G.")] = "",
    tree: Annotated[str, typer.Option(metavar="NAME", help="In this provider's tree.")] = "",
    limit: RowLimit = None,
) -> None:
    """List providers with how full they are.

    Example: berth providers --trait HW_CPU_X86_AVX2 --room VCPU=4,MEMORY_MB=8G
    """
    asked = ProviderFilter(
        name=name,
        trait=trait,
        aggregate=canonical_uuid(aggregate) if aggregate else "",
        resource_class=resource_class,
        room=amounts(room) if room else {},
        root=session.ledger.provider(provider_names.resolve(session, tree)).root if tree else "",
    )
    items, more = _some(session, limit, lambda most, after: session.ledger.search(asked, limit=most, after=after))
    session.output.show(items, tables.providers(items))
    _say_more(session, len(items), "providers", more=more)
    if not items and asked == ProviderFilter():
        session.output.note(EMPTY)
    elif not items:
        session.output.note("no provider is like that")


@ledger_command()
def show(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="NAME", help="A provider's name or uuid, or a consumer's uuid.")],
) -> None:
    """Show a provider (its tree, what it has, who holds it, its history), or what a consumer holds.

    A part of a name or the beginning of a uuid will do if no other provider has it.

    Example: berth show host-1
    """
    if parse_uuid(what) is None:
        _show_provider(session, provider_names.resolve_prefix(session, what))
        return
    try:
        _show_provider(session, what)
    except ProviderNotFound:
        try:
            _show_consumer(session, session.ledger.consumer(what))
        except AllocationsNotFound:
            raise NotFound(f"{what} is no provider, and no consumer that holds anything") from None


@ledger_command(csv=True)
def usage(
    session: Session,
    project: Annotated[str, typer.Option(help="What this project holds, by type of consumer.")] = "",
    user: Annotated[str, typer.Option(help="What this user of the project holds.")] = "",
    projects: Annotated[bool, typer.Option("--projects", help="What each project holds.")] = False,
) -> None:
    """Say how full the fleet is, or what projects hold of it.

    Example: berth usage --project physics
    """
    if user and not project:
        raise typer.BadParameter("--user is a user of a project: give --project as well")
    if project:
        types = session.ledger.project_usages(project, user or None)
        session.output.show(types, tables.types(types))
        session.output.note("" if types else "it holds nothing")
    elif projects:
        items, _ = _some(session, None, lambda most, after: session.ledger.projects(limit=most, after=after))
        session.output.show(items, tables.projects(items))
        session.output.note("" if items else "nobody holds anything")
    else:
        fleet = session.ledger.overview()
        session.output.show(fleet, tables.totals(fleet.classes))
        session.output.note("" if fleet.classes else EMPTY)


All = Annotated[bool, typer.Option("--all", help="Those as well that nobody has.")]


@ledger_command(csv=True)
def classes(session: Session, every: All = False) -> None:
    """List the resource classes that some provider has an inventory of, with how many.

    Example: berth classes --json
    """
    _names(session, NameKind.CLASS, every=every)


@ledger_command(csv=True)
def traits(session: Session, every: All = False) -> None:
    """List the traits that some provider has, with how many.

    Example: berth traits --all
    """
    _names(session, NameKind.TRAIT, every=every)


@ledger_command(csv=True)
def aggregates(session: Session) -> None:
    """List the aggregates, with how many providers are in each.

    Example: berth aggregates
    """
    _names(session, NameKind.AGGREGATE)


@ledger_command(csv=True)
def consumers(
    session: Session,
    project: Annotated[str, typer.Option(help="Of this project.")] = "",
    user: Annotated[str, typer.Option(help="Of this user.")] = "",
    kind: Annotated[str, typer.Option("--type", help="Of this type; unknown: of those that never told theirs.")] = "",
    provider: Annotated[str, typer.Option(metavar="NAME", help="That hold a part of this provider.")] = "",
    resource_class: Annotated[str, typer.Option("--class", help="That hold some of this class.")] = "",
    order: Annotated[
        ConsumerOrder, typer.Option(help="By uuid, the oldest first, or the largest first (of --class).")
    ] = ConsumerOrder.UUID,
    limit: RowLimit = None,
) -> None:
    """List who holds what.

    Example: berth consumers --class VCPU --order largest --limit 10
    """
    asked = ConsumerQuery(
        project=project,
        user=user,
        type=kind,
        provider=provider_names.resolve(session, provider) if provider else "",
        resource_class=resource_class,
        order=order,
    )
    items, more = _some(session, limit, lambda most, after: session.ledger.consumers(asked, limit=most, after=after))
    session.output.show(items, tables.consumers(items))
    _say_more(session, len(items), "consumers", more=more)
    if not items:
        session.output.note("nobody holds anything" if asked == ConsumerQuery() else "no consumer is like that")


def _names(session: Session, kind: NameKind, *, every: bool = True) -> None:
    items = [item for item in session.ledger.names(kind) if every or item.providers]
    session.output.show(items, tables.names(kind.upper(), items))
    if not items:
        session.output.note(f"there is no {kind}" if kind is NameKind.AGGREGATE else f"no provider has any {kind}")


def _some(session: Session, limit: int | None, page: Callable[[int, str | None], Any]) -> tuple[list[Any], bool]:
    """The items of as many pages as are wanted, and whether there are more."""
    wanted = limit or (SHOWN if session.output.form is OutputFormat.PEOPLE else None)
    items: list[Any] = []
    after: str | None = None
    while wanted is None or len(items) < wanted:
        found = page(min(PAGE, PAGE if wanted is None else wanted - len(items)), after)
        items += found.items
        after = found.next
        if after is None:
            break
    return items, after is not None


def _say_more(session: Session, shown: int, what: str, *, more: bool) -> None:
    if more:
        session.output.note(f"the first {shown:,} {what}; there are more (--limit, or --json and --csv for all)")


def _show_provider(session: Session, uuid: str) -> None:
    verbs = session.ledger
    provider = verbs.details(uuid)
    holders = verbs.holders(provider.uuid, limit=SHOWN)
    history = verbs.history(provider.uuid, most=10)
    data = {"provider": provider, "holders": holders.items, "history": history}
    session.output.tell(data, *_about(provider), *_sections(provider, holders.items, history))


def _about(provider: ProviderDetails) -> Iterator[Any]:
    yield f"{provider.name}  {provider.uuid}"
    yield f"generation {provider.generation}, made {moment(provider.created_at)}, changed {moment(provider.updated_at)}"
    if provider.traits:
        yield f"traits: {', '.join(provider.traits)}"
    if provider.aggregates:
        yield f"aggregates: {', '.join(provider.aggregates)}"
    if len(provider.tree) > 1:
        yield ""
        yield tree(provider.tree, provider.uuid)


def _sections(provider: ProviderDetails, holders: list[Any], history: list[Any]) -> Iterator[Any]:
    yield ""
    yield tables.inventories(provider).rich() if provider.inventories else "it has no inventory"
    yield ""
    yield tables.holders(holders).rich() if holders else "nobody holds any of it"
    if history:
        yield ""
        yield tables.history(history).rich()


def _show_consumer(session: Session, consumer: ConsumerDetails) -> None:
    history = session.ledger.history(consumer.uuid, most=10)
    session.output.tell(
        {"consumer": consumer, "history": history},
        f"consumer {consumer.uuid}",
        f"of project {consumer.project}, user {consumer.user}, type {consumer.type or 'unknown'}, "
        f"generation {consumer.generation}, written {moment(consumer.updated_at)}",
        "",
        tables.held(consumer.allocations, session.name_of).rich(),
        "",
        tables.history(history).rich() if history else None,
    )
