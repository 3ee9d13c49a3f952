"""Sessions: one command's access to a ledger, in a local database or behind a server."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import msgspec
import typer

from berth.cli.output.output import Output, OutputFormat
from berth.model.errors import BerthError, ChangesGone, Forbidden, NotFound

if TYPE_CHECKING:
    from types import TracebackType

    from berth.client import Client
    from berth.model.change import Change
    from berth.model.interface import LedgerInterface

SQLITE: Final = "sqlite:///"
STANDARD_INPUT: Final = "-"


class NoLedger(BerthError):
    """There is no ledger at this address."""


class LedgerLocation(msgspec.Struct, frozen=True, kw_only=True):
    """The address of a ledger, and how to open it.

    url: of a server, "" for a local database; token: "-" for standard input; secret_file: key file for hashing
    API tokens, with a database; create: whether a missing ledger is created; wait_s: how long to wait for a server
    until it is ready.
    """

    database: str
    url: str = ""
    token_file: Path | None = None
    token: str = ""
    secret_file: str = ""
    create: bool = False
    wait_s: float = 0


class Session:
    """A ledger, opened at first use, and the output of a command."""

    def __init__(self, location: LedgerLocation, form: OutputFormat = OutputFormat.PEOPLE) -> None:
        self.location, self.output = location, Output(form)
        self._names: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.output.start_spinner(f"asking {self.location.url}" if self.remote else "reading the ledger")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.output.stop_spinner()
        self._stack.close()

    @property
    def remote(self) -> bool:
        """Whether the ledger is behind a server."""
        return bool(self.location.url)

    @cached_property
    def token(self) -> str:
        """The token for the server, "" if none was given."""
        return _token(self.location)

    @cached_property
    def ledger(self) -> LedgerInterface:
        """The ledger, opened. Raises NoLedger, DatabaseUnusable, Unavailable."""
        if self.remote:
            return self.client
        from berth.ledger import open_ledger

        location = self.location
        if not location.create:
            _require_file(location.database)
        ledger = open_ledger(location.database, actor=getpass.getuser(), via="local", secret_file=location.secret_file)
        return self._stack.enter_context(ledger)

    @property
    def has_ledger(self) -> bool:
        """Whether there is a ledger, as far as can be said without opening it: an SQLite file may not exist."""
        try:
            _require_file("" if self.remote else self.location.database)
        except NoLedger:
            return False
        return True

    @cached_property
    def client(self) -> Client:
        """The client of the server. Raises Invalid, typer.BadParameter."""
        from berth.client import connect, wait_until_ready

        address = _address(self.location.url)
        wait_until_ready(address, self.location.wait_s)
        return self._stack.enter_context(connect(address, self.token))

    def latest_changes(self, most: int) -> list[Change]:
        """Return the latest entries of the change log, oldest first."""
        try:
            return self.ledger.changes(max(self.ledger.head() - most, 0), most)
        except ChangesGone as gone:  # fewer are left
            return self.ledger.changes(gone.first - 1, most)

    @cached_property
    def aggregate_names(self) -> dict[str, str]:
        """The names of aggregates ("": none), by uuid; empty if the caller may not see them."""
        from berth.model.change import NameKind

        try:
            return {each.name: each.label for each in self.ledger.names(NameKind.AGGREGATE)}
        except Forbidden:
            return {}

    def name_of(self, uuid: str) -> str:
        """Return the name of a provider or an aggregate, or its uuid if it has none or is gone."""
        if uuid not in self._names:
            try:
                self._names[uuid] = self.ledger.provider(uuid).name
            except NotFound:
                self._names[uuid] = self.aggregate_names.get(uuid) or uuid
        return self._names[uuid]


def _token(location: LedgerLocation) -> str:
    """Return the token for a server: from standard input, a file or BERTH_TOKEN; never from the command line."""
    if location.token not in ("", STANDARD_INPUT):
        raise typer.BadParameter(
            "a token on the command line is visible to other users (ps, the shell's history): set BERTH_TOKEN, "
            "or give --token-file FILE, or --token - and the token on standard input"
        )
    if location.token:
        return sys.stdin.readline().strip()
    if location.token_file is not None:
        try:
            return location.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not text"
            raise typer.BadParameter(f"the token file {location.token_file}: {why}") from None
    return os.environ.get("BERTH_TOKEN", "").strip()


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"--url {url}: expected an address like http://127.0.0.1:8778")
    if parts.username is not None or parts.password is not None:
        raise typer.BadParameter("--url contains a password: use a token instead (BERTH_TOKEN or --token-file)")
    return url.rstrip("/")


def _require_file(database: str) -> None:
    """Raise NoLedger if an SQLite file does not exist: reading must not create a ledger."""
    path = database.removeprefix(SQLITE)
    if path != database and path and not Path(path.partition("?")[0]).exists():
        raise NoLedger(f"there is no ledger at {path}")
