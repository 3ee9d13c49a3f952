"""`berth trait`: traits of one provider, added and removed."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.options import ProviderName
from berth.cli.session import Session
from berth.model.names import CUSTOM_PREFIX
from berth.model.provider import ProviderTraits

app: Final = typer.Typer(no_args_is_help=True, help="Add traits to a provider, or remove them.")

TraitNames = Annotated[
    list[str],
    typer.Argument(
        metavar="TRAIT...", help="Traits; `berth traits --all` lists them.", autocompletion=completion_of("trait")
    ),
]


@app.command()
@ledger_command()
def add(
    session: Session,
    name: ProviderName,
    traits: TraitNames,
    create: Annotated[
        bool, typer.Option("--create", help="Create custom traits (CUSTOM_...) that do not exist yet.")
    ] = False,
) -> None:
    """Add traits to a provider. Its other traits stay, even if others change them at the same time.

    A trait that it already has is not an error: you can run the command again.

    Example: berth trait add node-1 CUSTOM_A100
    """
    uuid = provider_names.resolve(session, name)
    if create:
        for trait in traits:
            if trait.startswith(CUSTOM_PREFIX):
                session.ledger.create_trait(trait)
    _print(session, uuid, session.ledger.edit_traits(uuid, add=traits))


@app.command()
@ledger_command()
def remove(session: Session, name: ProviderName, traits: TraitNames) -> None:
    """Remove traits from a provider. Its other traits stay, even if others change them at the same time.

    A trait that it does not have is not an error: you can run the command again.

    Example: berth trait remove node-1 CUSTOM_A100
    """
    uuid = provider_names.resolve(session, name)
    _print(session, uuid, session.ledger.edit_traits(uuid, remove=traits))


def _print(session: Session, uuid: str, left: ProviderTraits) -> None:
    listed = ", ".join(left.traits) or "no traits"
    session.output.print_result({"provider": uuid, "traits": left.traits}, f"{session.name_of(uuid)} has {listed}")
