"""The types of options in the help, as people write them: a flag has none, a number is N."""

from __future__ import annotations

from typing import Any, Final

_TYPES: Final[dict[Any, str]] = {bool: "", int: "N", float: "N", str: "TEXT", list[str]: "TEXT"}
"""What stands for a value of a type, unless the option says so itself."""


def show_plain_type(parameter: Any) -> None:
    """Make the help of a command show the type of an option or an argument in plain words."""
    if parameter.param_type_name == "argument":  # its name says what it is
        parameter.display_type_rich = _no_type
    elif parameter.metavar is None:
        parameter.metavar = _TYPES.get(parameter.type_descriptor.annotation)


def _no_type(ctx: object) -> None:  # noqa: ARG001 - as the method that it replaces
    return None
