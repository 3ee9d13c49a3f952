"""The types of options in the help, as people write them: a flag has none, a number is N."""

from __future__ import annotations

from typing import Any, Final

_TYPES: Final[dict[Any, str]] = {bool: "", int: "N", float: "N", str: "TEXT", list[str]: "TEXT"}
"""What stands for a value of a type, unless the option says so itself."""


def show_plain_types(command: Any) -> None:
    """Make a command, and all commands in it, show the types of their options in plain words."""
    for parameter in command.params:
        if parameter.param_type_name == "argument":  # its name says what it is
            parameter.display_type_rich = _no_type
        elif parameter.metavar is None:
            parameter.metavar = _TYPES.get(parameter.type_descriptor.annotation)
    for inner in getattr(command, "commands", {}).values():
        show_plain_types(inner)


def _no_type(ctx: object) -> None:  # noqa: ARG001 - as the method that it replaces
    return None
