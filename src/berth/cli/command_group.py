"""The group of all commands: it knows what each is for, and imports a command when that is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any, Final, cast

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from berth.cli.command_table import COMMANDS, CommandEntry
from berth.cli.plain_types import show_plain_type
from berth.cli.plain_values import keep_plain_values

STATUSES: Final = "Exit status: 0 success; 1 refused; 2 usage or configuration error."


class ListedCommand(TyperCommand):
    """A command as lists and completion show it. The command itself is imported when it is called."""

    def __init__(self, entry: CommandEntry) -> None:
        super().__init__(entry.name, help=entry.summary, rich_help_panel=entry.panel)
        self._entry = entry

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Return a context of the command itself."""
        return imported(self._entry).make_context(*args, **extra)


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._listed = {each.name: ListedCommand(each) for each in COMMANDS}
        self.commands = cast("MutableMapping[str, Any]", ImportedCommands())

    def get_command(self, ctx: Any, cmd_name: str) -> ListedCommand | None:  # noqa: ARG002 - as the method overridden
        """Return a command as it is listed, None if there is none of this name."""
        return self._listed.get(cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as the method overridden
        """Return the names of all commands, in the order of the help."""
        return [*self._listed]


class ImportedCommands(Mapping[str, Any]):
    """The commands themselves, by name: a command that is looked up is imported."""

    def __init__(self) -> None:
        self._entries = {each.name: each for each in COMMANDS}

    def __getitem__(self, name: str) -> Any:
        return imported(self._entries[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@cache
def imported(entry: CommandEntry) -> Any:
    """Return a command itself, imported and put together once."""
    module, _, attribute = entry.place.partition(":")
    found = getattr(import_module(f"berth.cli.commands.{module}"), attribute)
    holder = typer.Typer(rich_markup_mode="rich", add_completion=False)
    if isinstance(found, typer.Typer):
        for each in found.registered_commands:
            each.epilog = STATUSES
        holder.add_typer(found, name=entry.name, epilog=STATUSES, rich_help_panel=entry.panel)
    else:
        holder.command(entry.name, epilog=STATUSES, rich_help_panel=entry.panel)(found)
    command = typer.main.get_group(holder).commands[entry.name]
    for each in (command, *getattr(command, "commands", {}).values()):
        adapt_options(each)
    return command


def adapt_options(command: Any) -> None:
    """Make the options of a command, --help too, show their types in plain words, and convert only what needs it."""
    for parameter in command.get_params(typer.Context(command)):
        show_plain_type(parameter)
        keep_plain_values(parameter)
