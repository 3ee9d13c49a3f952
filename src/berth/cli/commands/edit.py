"""`berth edit`: what a consumer is called, and the note on it."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli import consumer_names
from berth.cli.command import ledger_command
from berth.cli.options import ConsumerWord
from berth.cli.output.consumer_text import called
from berth.cli.session import Session
from berth.model.commands import KEEP, Keep
from berth.model.consumer import ConsumerDetails


@ledger_command()
def edit(
    session: Session,
    consumer: ConsumerWord,
    name: Annotated[str, typer.Option(metavar="NAME", help="The new name.")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="The new note.")] = "",
    no_name: Annotated[bool, typer.Option("--no-name", help="Remove the name.")] = False,
    no_note: Annotated[bool, typer.Option("--no-note", help="Remove the note.")] = False,
) -> None:
    """Set or remove the name and the note of a consumer. Its claims and its uuid stay the same.

    Example: berth edit c0000000-0000-4000-8000-000000000001 --name train-7 --note "for the paper, until May"
    """
    new = _new("--name", name, remove=no_name), _new("--note", note, remove=no_note)
    if new == (KEEP, KEEP):
        raise typer.BadParameter("nothing to change: give --name NAME, --note TEXT, --no-name or --no-note")
    uuid = consumer_names.resolve(session, consumer)
    session.ledger.edit_consumer(uuid, name=new[0], note=new[1])
    _print(session, session.ledger.consumer(uuid))


def _new(option: str, text: str, *, remove: bool) -> str | Keep | None:
    """Return what an option sets. KEEP: nothing; None: it is removed. Raises typer.BadParameter."""
    if text and remove:
        raise typer.BadParameter(f"{option} and --no-{option[2:]} contradict each other: give one")
    return None if remove else text or KEEP


def _print(session: Session, consumer: ConsumerDetails) -> None:
    text = f"consumer {called(consumer.uuid, consumer.name)}{'' if consumer.name else ' has no name'}"
    data = {"consumer": consumer.uuid, "name": consumer.name, "note": consumer.note}
    session.output.print_result(data, text, consumer.note and f"note: {consumer.note}")
