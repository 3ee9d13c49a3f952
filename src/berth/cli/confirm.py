"""Confirmation of what cannot be undone: by typing how many are concerned, or by --yes."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from berth.cli.session import Session

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")]

NOTHING_DONE: Final = "nothing was changed"


def confirm_count(session: Session, count: int, action: str, *, yes: bool) -> None:
    """Ask for a number to be typed before an action, such as "release 3 consumers".

    Raises typer.BadParameter without a terminal, typer.Exit if another number is typed.
    """
    if yes:
        return
    if not is_interactive():
        raise typer.BadParameter(f"this would {action}: add --yes to proceed, or --dry-run to see what would be done")
    session.output.stop_spinner()
    typed = typer.prompt(f"This will {action}. Type {count} to confirm", default="", show_default=False, err=True)
    if typed.strip() != str(count):
        session.output.errors.print(f"berth: {NOTHING_DONE}", highlight=False)
        raise typer.Exit(1)


def is_interactive() -> bool:
    """Whether standard input is a terminal, where a question can be answered."""
    return sys.stdin.isatty()
