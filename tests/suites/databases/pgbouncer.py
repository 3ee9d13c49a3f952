"""PgBouncer in front of the tests' PostgreSQL, if it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.deadline import until
from tests.support.ports import free_port

_SETTINGS: Final = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 20
ignore_startup_parameters = {ignored}
"""
_SERVER: Final = "postgres"
"""The user that it runs as where the tests are root's: it refuses to be that itself."""


@contextmanager
def pgbouncer(mode: str, url: str, ignored: str = "extra_float_digits") -> Iterator[str]:
    """Run PgBouncer before a database until the block ends, and yield the URL of the same database through it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed here")
    at, listen, folder = make_url(url), free_port(), Path(mkdtemp(prefix="berth-pgbouncer-"))
    file = folder / "pgbouncer.ini"
    text = _SETTINGS.format(host=at.host, port=at.port or 5432, listen=listen, mode=mode, ignored=ignored)
    file.write_text(text.replace("* = ", f"{at.database} = user={at.username} "))
    folder.chmod(0o755)
    user = pwd.getpwnam(_SERVER).pw_uid if os.geteuid() == 0 else None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(program), str(file)], stdout=log, stderr=log, user=user)
    through = at.set(port=listen)
    try:
        until(lambda: _answers(listen, str(at.database)), (folder / "log").read_text())
        yield through.render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def _answers(port: int, database: str) -> bool:
    try:
        psycopg.connect(host="127.0.0.1", port=port, dbname=database, user="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
