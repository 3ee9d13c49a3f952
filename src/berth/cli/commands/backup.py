"""`berth backup`: a copy of the ledger and of the key that its tokens need, while it serves."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from berth.cli.command import SecretFile
from berth.cli.options import DEFAULTS, DatabaseUrl
from berth.cli.output.output import Output
from berth.model.errors import BerthError

if TYPE_CHECKING:
    from berth.store.engine import Database

KEY: Final = ".key"
"""What the name of the copy of the key ends with: as beside a ledger, so that the copy can be opened where it is."""


class NotAFile(BerthError):
    """This ledger is no file: its database server has a program for backups."""


def backup(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="File for the copy. The token key is copied to FILE.key.")
    ],
    database: DatabaseUrl = DEFAULTS.database,
    secret_file: SecretFile = "",
) -> None:
    """Back up an SQLite ledger and its token key. Servers can keep running.

    For PostgreSQL and MariaDB, print the command to use instead, and exit with status 2.
    """
    from berth.ledger.credentials import key_file
    from berth.store.engine import Database

    ledger = Database(database)
    try:
        target, key = Path(file), key_file(ledger, secret_file)
        if not ledger.capabilities.embedded:
            raise NotAFile(_command_instead(ledger, target, key))
        _copy(ledger, target, key)
    finally:
        ledger.close()


def _copy(ledger: Database, target: Path, key: Path | None) -> None:
    """Copy both files, or none. Raises BerthError."""
    from berth.store import backup as store
    from berth.store import migrate

    target_key = target.with_name(target.name + KEY)
    for path in (target, target_key):
        if path.exists():
            raise store.BackupFailed(f"{path} exists already: choose another file")
    if not ledger.path.is_file():
        raise store.BackupFailed(f"there is no ledger at {ledger.path}")
    migrate.check(ledger)
    has_key = key is not None and key.exists()
    if key is not None and has_key:
        store.copy_key(key, target_key)
    try:
        with Output().spinner("copying the ledger"):
            number = store.copy_ledger(ledger.path, target)
    except BerthError:
        target_key.unlink(missing_ok=True)
        raise
    typer.echo(f"{target} is the ledger up to change {number:,}, {target.stat().st_size:,} bytes")
    typer.echo(f"{target_key} is the key of its tokens" if has_key else "it has no key: no token was ever created")


def _command_instead(ledger: Database, target: Path, key: Path | None) -> str:
    """Return which command copies the database of a server."""
    url = ledger.url
    if url.get_backend_name() == "postgresql":
        words = ["pg_dump", "--format=custom", f"--file={target}"]
        named = {"host": url.host, "port": url.port, "username": url.username}
    else:
        words = ["mariadb-dump", "--single-transaction", f"--result-file={target}"]
        named = {"host": url.host, "port": url.port, "user": url.username}
    words += [f"--{name}={value}" for name, value in named.items() if value]
    copy = shlex.join([*words, str(url.database)])
    kept = f" and keep a copy of {key}" if key else ""
    return f"{ledger.shown} is not a file. Its server has its own program for this: {copy}{kept}"
