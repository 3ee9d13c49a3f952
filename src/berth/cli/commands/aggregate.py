"""`berth aggregate`: names of aggregates, and the aggregates that one provider is in."""

from __future__ import annotations

import uuid as uuids
from typing import Annotated, Final

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.options import ProviderName
from berth.cli.session import Session
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.change import NameKind
from berth.model.commands import KEEP
from berth.model.names import parse_uuid
from berth.model.provider import ProviderAggregates

app: Final = typer.Typer(no_args_is_help=True, help="Name aggregates, such as racks, and put providers into them.")

AggregateWords = Annotated[
    list[str],
    typer.Argument(
        metavar="AGGREGATE...",
        help="Names or uuids of aggregates, as `berth aggregates` lists them.",
        autocompletion=completion_of("aggregate"),
    ),
]
AggregateWord = Annotated[
    str,
    typer.Argument(
        metavar="AGGREGATE", help="The aggregate's name or uuid.", autocompletion=completion_of("aggregate")
    ),
]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="The new name, such as rack-7.")]
AggregateKind = Annotated[
    str | None, typer.Option(metavar="WORD", help="What kind of aggregate it is: rack, zone, network or another word.")
]


@app.command()
@ledger_command()
def create(
    session: Session,
    name: NewName,
    kind: AggregateKind = None,
    uuid: Annotated[str, typer.Option(metavar="UUID", help="Its uuid; default: a new one.")] = "",
) -> None:
    """Create an aggregate with a name, or give a name to one that has none (--uuid).

    Example: berth aggregate create rack-7 --kind rack
    """
    if uuid and parse_uuid(uuid) is None:
        raise typer.BadParameter(f"--uuid {uuid}: that is not a uuid")
    if uuid and (old := session.aggregate_names.get(parse_uuid(uuid) or "")):
        raise typer.BadParameter(f"--uuid {uuid}: its name is {old} already: use `berth aggregate rename`")
    _name(session, uuid or str(uuids.uuid4()), name, kind)


@app.command()
@ledger_command()
def rename(session: Session, aggregate: AggregateWord, name: NewName, kind: AggregateKind = None) -> None:
    """Rename an aggregate. The providers in it stay. Its kind stays, unless --kind is given.

    Example: berth aggregate rename rack-7 rack-7b
    """
    _name(session, aggregate, name, kind)


@app.command()
@ledger_command()
def unname(session: Session, aggregate: AggregateWord) -> None:
    """Remove the name of an aggregate, and its kind. The aggregate stays, with the providers in it.

    Example: berth aggregate unname rack-7
    """
    uuid = session.ledger.name_aggregate(aggregate, None)
    session.output.print_result({"uuid": uuid, "name": "", "kind": ""}, f"aggregate {uuid} has no name")


@app.command()
@ledger_command()
def add(session: Session, name: ProviderName, aggregates: AggregateWords) -> None:
    """Add a provider to aggregates. It stays in its other aggregates, even if others change them at the same time.

    An aggregate that it is already in is not an error: you can run the command again. A new uuid creates an aggregate.

    Example: berth aggregate add node-1 rack-7
    """
    uuid = provider_names.resolve(session, name)
    _print(session, uuid, session.ledger.edit_aggregates(uuid, add=aggregates))


@app.command()
@ledger_command()
def remove(session: Session, name: ProviderName, aggregates: AggregateWords) -> None:
    """Remove a provider from aggregates. It stays in its other aggregates, even if others change them at the same time.

    An aggregate that it is not in is not an error: you can run the command again.

    Example: berth aggregate remove node-1 rack-7
    """
    uuid = provider_names.resolve(session, name)
    _print(session, uuid, session.ledger.edit_aggregates(uuid, remove=aggregates))


def _name(session: Session, aggregate: str, name: str, kind: str | None) -> None:
    uuid = session.ledger.name_aggregate(aggregate, name, kind=KEEP if kind is None else kind)
    every = session.ledger.names(NameKind.AGGREGATE)
    named = next((AggregateName(each.label, each.kind) for each in every if each.name == uuid), NO_NAME)
    text = f"aggregate {uuid} is named {named.name}{named.kind and f', a {named.kind}'}"
    session.output.print_result({"uuid": uuid, "name": named.name, "kind": named.kind}, text)


def _print(session: Session, uuid: str, left: ProviderAggregates) -> None:
    names = session.ledger.details(uuid).aggregate_names
    listed = ", ".join(names.get(each, each) for each in left.aggregates) or "no aggregate"
    data = {"provider": uuid, "aggregates": left.aggregates, "names": names}
    session.output.print_result(data, f"{session.name_of(uuid)} is in {listed}")
