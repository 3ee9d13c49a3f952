"""`berth aggregate`: aggregates that one provider is in, added and removed."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.options import ProviderName
from berth.cli.session import Session
from berth.model.provider import ProviderAggregates

app: Final = typer.Typer(no_args_is_help=True, help="Add a provider to aggregates, or take it out of them.")

AggregateUuids = Annotated[
    list[str], typer.Argument(metavar="UUID...", help="Uuids of aggregates, as `berth aggregates` lists them.")
]


@app.command()
@ledger_command()
def add(session: Session, name: ProviderName, aggregates: AggregateUuids) -> None:
    """Add a provider to aggregates. It stays in all others, also if others change them at the same time.

    An aggregate that it is in already is no error, so the command can be run again. New ones are created.

    Example: berth aggregate add node-1 aaaaaaaa-0000-4000-8000-000000000000
    """
    uuid = provider_names.resolve(session, name)
    _print(session, uuid, session.ledger.edit_aggregates(uuid, add=aggregates))


@app.command()
@ledger_command()
def remove(session: Session, name: ProviderName, aggregates: AggregateUuids) -> None:
    """Take a provider out of aggregates. It stays in all others, also if others change them at the same time.

    An aggregate that it is not in is no error, so the command can be run again.

    Example: berth aggregate remove node-1 aaaaaaaa-0000-4000-8000-000000000000
    """
    uuid = provider_names.resolve(session, name)
    _print(session, uuid, session.ledger.edit_aggregates(uuid, remove=aggregates))


def _print(session: Session, uuid: str, left: ProviderAggregates) -> None:
    listed = ", ".join(left.aggregates) or "no aggregate"
    data = {"provider": uuid, "aggregates": left.aggregates}
    session.output.print_result(data, f"{session.name_of(uuid)} is in {listed}")
