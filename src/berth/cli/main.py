"""`berth`: all commands. Exit status 0: success; 1: refused; 2: wrong usage or an unusable environment."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import typer

from berth.cli.commands import (
    aggregate,
    audit,
    backup,
    changes,
    claim,
    config,
    db,
    delete,
    demo,
    discover,
    doctor,
    drain,
    edit,
    find,
    hold,
    import_export,
    lease,
    policy,
    reconcile,
    release,
    rename,
    report,
    review,
    serve,
    token,
    top,
    trait,
)
from berth.cli.commands import list as list_commands
from berth.cli.commands import set as set_commands
from berth.cli.options import configure
from berth.cli.output.escape import escape, tolerate_narrow_encodings
from berth.cli.plain_types import show_plain_types
from berth.model.errors import BerthError, Refusal
from berth.settings import SettingsWrong

LOOK, CLAIM, CHANGE, FILL, SERVE, ADMINISTER = "Look", "Claim", "Change", "Fill", "Serve", "Administer"
COLLECTED_AT: Final = 50_000
"""After how many new objects the garbage collector looks for cycles: modules that are imported leave none."""
STATUSES: Final = "Exit status: 0 success; 1 refused; 2 usage or configuration error."

app = typer.Typer(
    name="berth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="An allocation ledger for computers: what every machine has, who holds it, where the next request fits.",
    epilog=STATUSES,
)

app.callback()(configure)

_COMMANDS: Final = (
    (LOOK, "providers", list_commands.providers),
    (LOOK, "show", list_commands.show),
    (LOOK, "find", find.find),
    (LOOK, "usage", list_commands.usage),
    (LOOK, "consumers", list_commands.consumers),
    (LOOK, "agenda", hold.agenda),
    (LOOK, "classes", list_commands.classes),
    (LOOK, "traits", list_commands.traits),
    (LOOK, "aggregates", list_commands.aggregates),
    (LOOK, "changes", changes.changes),
    (LOOK, "history", changes.history),
    (LOOK, "watch", changes.watch),
    (LOOK, "top", top.top),
    (LOOK, "report", report.report),
    (CLAIM, "claim", claim.claim),
    (CLAIM, "hold", hold.hold),
    (CLAIM, "confirm", hold.confirm),
    (CLAIM, "extend", hold.extend),
    (CLAIM, "release", release.release),
    (CLAIM, "edit", edit.edit),
    (CLAIM, "reconcile", reconcile.reconcile),
    (CLAIM, "undo", reconcile.undo),
    (CHANGE, "set", set_commands.set_),
    (CHANGE, "drain", drain.drain),
    (CHANGE, "undrain", drain.undrain),
    (CHANGE, "rename", rename.rename),
    (CHANGE, "delete", delete.delete),
    (CHANGE, "rm", delete.rm),
    (FILL, "discover", discover.discover),
    (FILL, "import", import_export.import_),
    (FILL, "export", import_export.export),
    (SERVE, "serve", serve.serve),
    (SERVE, "demo", demo.demo),
    (ADMINISTER, "review", review.review),
    (ADMINISTER, "backup", backup.backup),
    (ADMINISTER, "doctor", doctor.doctor),
)
"""The top-level commands, in the order of the help: panel, name, function."""

_GROUPS: Final = (
    (CLAIM, "lease", lease.app),
    (CHANGE, "trait", trait.app),
    (CHANGE, "aggregate", aggregate.app),
    (ADMINISTER, "db", db.app),
    (ADMINISTER, "token", token.app),
    (ADMINISTER, "policy", policy.app),
    (ADMINISTER, "audit", audit.app),
    (ADMINISTER, "config", config.app),
)
"""The groups of commands: panel of the help, name, group."""

for _panel, _name, _function in _COMMANDS:
    app.command(_name, epilog=STATUSES, rich_help_panel=_panel)(_function)
for _panel, _name, _group in _GROUPS:
    for _command in _group.registered_commands:
        _command.epilog = STATUSES
    app.add_typer(_group, name=_name, epilog=STATUSES, rich_help_panel=_panel)


@cache
def command() -> Callable[..., Any]:
    """Return all commands as one function, put together once: that takes a tenth of a second."""
    made = typer.main.get_command(app)
    show_plain_types(made)
    return made


def main() -> None:
    """Run a command as all that this process does. See `run`."""
    gc.set_threshold(COLLECTED_AT)
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
