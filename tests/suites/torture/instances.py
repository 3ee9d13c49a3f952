"""Database servers of the tests, each in a folder of its own, which may be killed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import make_url

from berth.model.errors import BerthError
from berth.store.engine import Database
from tests.support.databases import admin_connection
from tests.support.ports import free_port
from tests.support.prerequisites import skip_or_fail
from tests.support.servers import children

START_S = 60


class Instance(ABC):
    """A database server. It refuses to run as root, so root runs it as another user."""

    user: str
    administrator: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.user
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._as = pwd.getpwnam(self.user) if os.geteuid() == 0 else None
        self.folder.mkdir()
        if self._as is not None:
            shutil.chown(self.folder, self._as.pw_uid, self._as.pw_gid)

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line."""

    def url(self, database: str) -> str:
        return f"{self.administrator}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Begin, and wait until it lets somebody in. An old process that is still ending may be in the way at first."""
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])
            if self._process is None or self._process.poll() is not None:
                self._process = self._popen(self.command())
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill all its processes (SIGKILL)."""
        if self._process is None:
            return
        for process in [self._process.pid, *children(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(60)
        self._process = None

    def run(self, *command: str) -> None:
        """Run a command to its end, as the user of the server."""
        process = self._popen(command)
        if process.wait(120):
            raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])

    def _popen(self, command: list[str] | tuple[str, ...]) -> subprocess.Popen[bytes]:
        given = {} if self._as is None else {"user": self._as.pw_uid, "group": self._as.pw_gid, "extra_groups": []}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                **given,  # type: ignore[arg-type]
            )

    def _answers(self) -> bool:
        database = Database(self.url(self.user))
        try:
            with database.looking():
                return True
        except BerthError as error:
            return "does not exist" in str(error)
        finally:
            database.close()


class Postgresql(Instance):
    """PostgreSQL, as its package installs it."""

    user = "postgres"
    administrator = "postgresql://postgres"

    def prepare(self) -> None:
        self.run(
            _binary("initdb", "/usr/lib/postgresql/*/bin"), "-D", f"{self.folder}/data", "-A", "trust", "-U", "postgres"
        )

    def command(self) -> list[str]:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [_binary("postgres", "/usr/lib/postgresql/*/bin"), "-D", f"{self.folder}/data", *given]


class Mariadb(Instance):
    """MariaDB, as its package installs it."""

    user = "mysql"
    administrator = "mariadb://root"

    def prepare(self) -> None:
        self.run(
            _binary("mariadb-install-db", "/usr/bin"),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def command(self) -> list[str]:
        return [
            _binary("mariadbd", "/usr/sbin"),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--innodb-buffer-pool-size=64M",
        ]


def _binary(name: str, folder: str) -> str:
    """Return where a program is; the newest, if there are several."""
    beside = sorted(Path("/").glob(f"{folder.lstrip('/')}/{name}"))
    found = str(beside[-1]) if beside else shutil.which(name)
    if not found:
        skip_or_fail(f"{name} is not installed here")
    return str(found)


INSTANCES: dict[str, type[Instance]] = {"postgresql": Postgresql, "mariadb": Mariadb}


@contextmanager
def instance(kind: str) -> Iterator[Instance]:
    """Run a database server with an empty database `berth` until the block ends."""
    folder = Path(mkdtemp(prefix="berth-database-"))
    folder.chmod(0o755)  # it runs as another user, whom pytest would not let into its folders
    made = INSTANCES[kind](folder)
    try:
        made.prepare()
        made.start()
        driver = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}[kind]
        at = make_url(made.url("postgres" if kind == "postgresql" else "mysql")).set(drivername=driver)
        with admin_connection(at) as connection:
            connection.exec_driver_sql("CREATE DATABASE berth")
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)  # a process that was about to begin may still write there
