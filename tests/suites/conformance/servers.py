"""A new server for each file of the suite, in the profile that its fixture needs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.commands import berth_command
from tests.support.databases import ledger_database
from tests.support.servers import Server, running

PLACEMENT = Path(__file__).with_name("placement_server.py")
CORS_ORIGIN = "http://valid.example.com"
"""The origin that ``cors.yaml`` comes from."""


def server_kind() -> str:
    """Return ``berth`` or ``peer``, from the environment."""
    return os.environ.get("CONFORMANCE_SERVER", "berth")


def server_options() -> list[str]:
    """Return further options of the server, from the environment."""
    return shlex.split(os.environ.get("CONFORMANCE_OPTIONS", ""))


@contextmanager
def new_server(profile: str, kind: str, *options: str, database: str = "sqlite") -> Iterator[Server]:
    """Run a server in ``profile``, on an empty database, until the block ends.

    Args:
        profile: one of the profiles in `fixtures.FIXTURES`.
        kind: ``berth`` or ``peer``.
        options: further options of its command line.
        database: the kind of database that Berth runs on.

    Raises:
        NotStarted: with the output of the server.
    """
    with TemporaryDirectory(prefix="conformance-") as folder:
        if kind == "peer":
            command = [sys.executable, str(PLACEMENT), "--profile", profile, "--folder", folder]
            with running([*command, *options], Path(folder)) as server:
                yield server
        else:
            with ledger_database(database, Path(folder)) as url:
                command = [*berth_command(), "serve", "--host", "127.0.0.1", "--database", url, "--auth", "dev"]
                with running([*command, *_profile_options(profile), *options], Path(folder)) as server:
                    yield server


def _profile_options(profile: str) -> list[str]:
    """Return Berth's options for a profile: CORS is an option, not a policy."""
    if profile == "cors":
        return ["--policy", "default", "--cors-origin", CORS_ORIGIN]
    return ["--policy", profile]
