"""Databases that live as long as a run. Their names carry the run's process id: stale ones are found."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg
import pymysql
from psycopg import sql

PREFIX = "berth_bench_"


class Swept:
    """A server on which a run makes databases of its own."""

    def ours(self) -> list[str]:
        """Databases that a run made, this one or another, and maybe more: their names begin as such names do."""
        raise NotImplementedError

    def drop(self, name: str) -> None:
        """Drop a database of this benchmark's."""
        raise NotImplementedError

    def sweep(self) -> None:
        """Drop the databases of this run and of runs whose process is gone."""
        for name in filter(_is_stale, self.ours()):
            self.drop(name)

    @contextmanager
    def swept(self) -> Iterator[Self]:
        """This server, without databases of ended runs before, nor of this one after."""
        self.sweep()
        try:
            yield self
        finally:
            self.sweep()


@dataclass(frozen=True, slots=True)
class Postgres(Swept):
    """A PostgreSQL server on this machine, and the right to make databases there."""

    host: str = "127.0.0.1"
    port: int = 5432
    user: str = "postgres"

    def conninfo(self, database: str) -> str:
        """For psycopg."""
        return f"host={self.host} port={self.port} user={self.user} dbname={database}"

    def url(self, driver: str, database: str) -> str:
        """For SQLAlchemy with one of its PostgreSQL drivers."""
        return f"postgresql+{driver}://{self.user}@{self.host}:{self.port}/{database}"

    def run(self, statement: sql.Composed) -> None:
        """Run one statement outside any transaction in the maintenance database."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True, connect_timeout=10) as db:
            db.execute(statement)

    def setting(self, name: str) -> str:
        """The value of a server setting, e.g. fsync."""
        with psycopg.connect(self.conninfo("postgres"), connect_timeout=10) as db:
            row = db.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return str(row[0]) if row else ""

    def create(self, purpose: str, template: str = "template0") -> str:
        """Make a database of this run, as a copy of `template`; its name."""
        name = name_of(purpose)
        self.drop(name)
        self.run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Drop a database of this benchmark's, whoever is connected."""
        assert name.startswith(PREFIX)
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def ours(self) -> list[str]:
        """See Swept."""
        with psycopg.connect(self.conninfo("postgres"), connect_timeout=10) as db:
            rows = db.execute("SELECT datname FROM pg_database WHERE datname ~ %s", (f"^{PREFIX}[0-9]+_",)).fetchall()
        return [str(row[0]) for row in rows]


@dataclass(frozen=True, slots=True)
class MariaDb(Swept):
    """A MariaDB server on this machine, and the right to make databases there."""

    host: str = "127.0.0.1"
    port: int = 3306
    user: str = "root"

    def url(self, database: str) -> str:
        """For Berth."""
        return f"mariadb://{self.user}@{self.host}:{self.port}/{database}"

    def run(self, statement: str, values: tuple[str, ...] = ()) -> list[str]:
        """Run one statement; the first column of its answer."""
        with (
            pymysql.connect(host=self.host, port=self.port, user=self.user, connect_timeout=10) as db,
            db.cursor() as at,
        ):
            at.execute(statement, values)
            return [str(row[0]) for row in at.fetchall()]

    def create(self, purpose: str) -> str:
        """Make an empty database of this run; its name."""
        name = name_of(purpose)
        self.drop(name)
        self.run(f"CREATE DATABASE `{name}`")
        return name

    def drop(self, name: str) -> None:
        """Drop a database of this benchmark's."""
        assert name.startswith(PREFIX)
        self.run(f"DROP DATABASE IF EXISTS `{name}`")

    def ours(self) -> list[str]:
        """See Swept."""
        return self.run("SHOW DATABASES LIKE %s", (f"{PREFIX}%",))


def name_of(purpose: str) -> str:
    """What a database of this run is called."""
    return f"{PREFIX}{os.getpid()}_{purpose}"


def _is_stale(name: str) -> bool:
    """Whether a database is this run's, or that of a run whose process is gone."""
    owner = re.fullmatch(rf"{PREFIX}(\d+)_\w+", name)
    return owner is not None and (int(owner[1]) == os.getpid() or not Path(f"/proc/{owner[1]}").exists())
