"""One command's way to a ledger, in a database here or behind a server."""

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
from berth.model.errors import BerthError, NotFound

if TYPE_CHECKING:
    from types import TracebackType

    from berth.model.interface import LedgerInterface

SQLITE: Final = "sqlite:///"
STANDARD_INPUT: Final = "-"


class NoLedger(BerthError):
    """There is no ledger where one was looked for."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ledger is.

    url: of a server, "" for a database here; token: "-" for standard input; secret_file: what API tokens are
    hashed with here; makes: whether a ledger that is not there yet is made.
    """

    database: str
    url: str = ""
    token_file: Path | None = None
    token: str = ""
    secret_file: str = ""
    makes: bool = False


class Session:
    """The ledger's verbs, opened when they are first needed, and the paper to write on."""

    def __init__(self, where: Where, form: OutputFormat = OutputFormat.PEOPLE) -> None:
        self.where, self.output = where, Output(form)
        self._names: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.output.wait(f"asking {self.where.url}" if self.remote else "reading the ledger")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.output.end_wait()
        self._stack.close()

    @property
    def remote(self) -> bool:
        """Whether the ledger is behind a server."""
        return bool(self.where.url)

    @cached_property
    def token(self) -> str:
        """The token for the server, "" if none was given."""
        return _token(self.where)

    @cached_property
    def ledger(self) -> LedgerInterface:
        """The ledger, wherever it is; NoLedger, DatabaseUnusable, Unavailable."""
        if self.remote:
            from berth.client import connect

            return self._stack.enter_context(connect(_address(self.where.url), self.token))
        from berth.ledger import open_ledger

        where = self.where
        if not where.makes:
            _need_file(where.database)
        ledger = open_ledger(where.database, actor=getpass.getuser(), via="local", secret_file=where.secret_file)
        return self._stack.enter_context(ledger)

    def name_of(self, uuid: str) -> str:
        """A provider's name; its uuid, if it is gone."""
        if uuid not in self._names:
            try:
                self._names[uuid] = self.ledger.provider(uuid).name
            except NotFound:
                self._names[uuid] = uuid
        return self._names[uuid]


def _token(where: Where) -> str:
    """The token for a server: from a file, from standard input, or from BERTH_TOKEN. Never from the command's words."""
    if where.token not in ("", STANDARD_INPUT):
        raise typer.BadParameter(
            "a token among a command's words is there for everybody to read (ps, the shell's history): set "
            "BERTH_TOKEN, or give --token-file FILE, or --token - and the token on standard input"
        )
    if where.token:
        return sys.stdin.readline().strip()
    if where.token_file is not None:
        try:
            return where.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is no text"
            raise typer.BadParameter(f"the token file {where.token_file}: {why}") from None
    return os.environ.get("BERTH_TOKEN", "").strip()


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"--url {url}: a server's address is like http://127.0.0.1:8778")
    if parts.username is not None or parts.password is not None:
        raise typer.BadParameter("--url holds a password: use a token (BERTH_TOKEN or --token-file)")
    return url.rstrip("/")


def _need_file(database: str) -> None:
    """Looking at a ledger that is not there should not make one."""
    path = database.removeprefix(SQLITE)
    if path != database and path and not Path(path.partition("?")[0]).exists():
        raise NoLedger(f"there is no ledger at {path}")
