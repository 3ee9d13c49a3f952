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
from typing import Any

from sqlalchemy import make_url, text

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
    any_server = ""
    """What a URL says to be content with a standby."""

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
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait(60)
            self._process = None

    def signal(self, number: int) -> None:
        """Send a signal to all its processes."""
        if self._process is not None:
            for process in [self._process.pid, *children(self._process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(process, number)

    @property
    def process(self) -> int:
        """The id of its main process."""
        assert self._process is not None, "it has not been started"
        return self._process.pid

    def stop(self) -> None:
        """End it as its administrator does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S)
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
        database = Database(self.url(self.user) + self.any_server)
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
    any_server = "?target_session_attrs=any"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings: dict[str, object] = {}

    def prepare(self) -> None:
        self.run(
            binary("initdb", "/usr/lib/postgresql/*/bin"), "-D", f"{self.folder}/data", "-A", "trust", "-U", "postgres"
        )

    def command(self) -> list[str]:
        """See Instance. What is set while it is down counts from its next start."""
        own = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        options = {**own, **self.settings}
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [binary("postgres", "/usr/lib/postgresql/*/bin"), "-D", f"{self.folder}/data", *given]

    def execute(self, statement: str) -> Any:
        """Execute a statement as its administrator, and return the first value of the result."""
        at = make_url(self.url("postgres") + self.any_server).set(drivername="postgresql+psycopg")
        with admin_connection(at) as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None


class Standby(Postgresql):
    """A copy of another PostgreSQL that follows it."""

    def __init__(self, folder: Path, primary: Postgresql) -> None:
        super().__init__(folder)
        self._primary = primary

    def prepare(self) -> None:
        self.run(
            *(binary("pg_basebackup", "/usr/lib/postgresql/*/bin"), "-D", f"{self.folder}/data"),
            *("-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "postgres"),
            *("--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync"),
        )


class Mariadb(Instance):
    """MariaDB, as its package installs it."""

    user = "mysql"
    administrator = "mariadb://root"

    def prepare(self) -> None:
        self.run(
            binary("mariadb-install-db", "/usr/bin"),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def command(self) -> list[str]:
        return [
            binary("mariadbd", "/usr/sbin"),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--innodb-buffer-pool-size=64M",
        ]


def binary(name: str, folder: str) -> str:
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
