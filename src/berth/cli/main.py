"""`berth`: all commands. Exit status 0: success; 1: refused; 2: wrong usage or an unusable environment."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import typer

from berth.cli.command_group import STATUSES, CommandGroup, adapt_options
from berth.cli.options import configure
from berth.cli.output.escape import escape, tolerate_narrow_encodings
from berth.model.errors import BerthError, Refusal
from berth.settings import SettingsWrong

COLLECTED_AT: Final = 200_000
"""After how many new objects the garbage collector looks for cycles: more than a short command imports, and keeps."""

app = typer.Typer(
    name="berth",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="An allocation ledger for computers: what every machine has, who holds it, where the next request fits.",
    epilog=STATUSES,
)

app.callback()(configure)


@cache
def command() -> Callable[..., Any]:
    """Return all commands as one function, put together once."""
    made = typer.main.get_command(app)
    adapt_options(made)
    return made


def main() -> None:
    """Run a command as all that this process does. See `run`."""
    gc.set_threshold(COLLECTED_AT)
    # NumPy would start a thread for each processor, for linear algebra, of which Berth has none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        run()
    finally:
        gc.freeze()  # or the interpreter would, at its end, look through every object once more


def run() -> None:
    """Run a command. An error ends it with one sentence on standard error and an exit status."""
    tolerate_narrow_encodings()
    try:
        command()(prog_name="berth")
    except Refusal as error:
        _exit(str(error), 1)
    except (BerthError, SettingsWrong) as error:
        _exit(str(error), 2)
    except BrokenPipeError:  # the reader, for example `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _exit(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 2)


def _exit(reason: str, status: int) -> None:
    typer.echo(f"berth: {escape(reason)}", err=True)
    sys.exit(status)
