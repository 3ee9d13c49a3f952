"""The values of options that need no conversion: text as it was typed, and defaults.

To convert a value Typer imports Pydantic, which takes longer than the rest of Typer. So only the values that need it
are converted: numbers, paths and choices that are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import typer

_TEXT: Final = (str, list[str])


def keep_plain_values(parameter: Any) -> None:
    """Make a command convert only those values of an option or an argument that need it."""
    conversion = getattr(parameter, "get_runtime_param", None)  # older versions of Typer do without Pydantic
    if conversion is not None:
        parameter.get_runtime_param = _PlainValue(conversion).itself


class _PlainValue(NamedTuple):
    """What stands for the conversion of one parameter, and makes it when it is needed."""

    conversion: Callable[[], Any]

    def itself(self) -> _PlainValue:
        return self

    def coerce(self, value: Any, param: Any, ctx: object) -> Any:
        """Return a value as the command gets it: converted, unless it is plain."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        kind, declared = param.type_descriptor, param.type_descriptor.annotation
        if kind.parameter_info.parser is None:
            if declared in _TEXT and _is_text(value):
                _check_encoding(value)
                return value
            if value is param.default and (type(value) is declared or (declared is float and type(value) is int)):
                return float(value) if declared is float else value
        return self.conversion().coerce(value, param=param, ctx=ctx)


def _check_encoding(value: Any) -> None:
    """Raise typer.BadParameter for text that no database can keep: bytes of a shell that are no UTF-8."""
    try:
        "".join(value).encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("it is not valid UTF-8") from None


def _is_text(value: Any) -> bool:
    """Whether a value is text, or consists of texts."""
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(each, str) for each in value))
