"""A PostgreSQL with a standby, which is cut off, and promoted when the primary is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.suites.torture.instances import Postgresql, Standby
from tests.support.deadline import until

SETTINGS: Final = {"max_connections": 400, "fsync": "off"}
"""Nothing here loses its power: what a killed server has written is there."""


class Pair:
    """A primary and its standby. synchronous: whether a commit waits until the standby has it."""

    def __init__(self, folder: Path, synchronous: bool) -> None:
        for name in ("primary", "standby"):
            (folder / name).mkdir()
        self.synchronous = synchronous
        self.primary = Postgresql(folder / "primary")
        self.standby = Standby(folder / "standby", self.primary)
        self.primary.settings |= SETTINGS
        self.standby.settings |= SETTINGS

    def url(self, database: str) -> str:
        """Return the URL with both hosts, of which the one that can be written to is the right one."""
        hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in (self.primary, self.standby))
        return f"postgresql://postgres@/{database}?{hosts}"

    def replicate(self) -> None:
        """Start the standby, and let it follow; commits wait for it if the pair is synchronous."""
        self.standby.prepare()
        self.standby.start()
        until(lambda: self.primary.execute("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1)
        if self.synchronous:
            self.primary.settings["synchronous_standby_names"] = "*"  # of its next start, and now:
            self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.execute("SELECT pg_reload_conf()")
            until(lambda: self.primary.execute("SELECT sync_state FROM pg_stat_replication") == "sync")

    def cut_off(self) -> None:
        """Let the standby get all that was committed so far, and nothing from now on."""
        last = self.primary.execute("SELECT pg_current_wal_lsn()")
        until(lambda: bool(self.standby.execute(f"SELECT pg_last_wal_replay_lsn() >= '{last}'")))
        self.standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.execute("SELECT pg_reload_conf()")
        until(lambda: self.standby.execute("SELECT count(*) FROM pg_stat_wal_receiver") == 0)

    def fail_over(self) -> None:
        """Lose the primary for good, and promote the standby."""
        self.primary.kill()
        self.standby.execute("SELECT pg_promote()")


@contextmanager
def pair(synchronous: bool) -> Iterator[Pair]:
    """Run a primary, whose standby does not follow yet, until the block ends."""
    folder = Path(mkdtemp(prefix="berth-pair-"))
    folder.chmod(0o755)
    made = Pair(folder, synchronous)
    for inner in (folder / "primary", folder / "standby"):
        inner.chmod(0o755)
    try:
        made.primary.prepare()
        made.primary.start()
        yield made
    finally:
        made.primary.kill()
        made.standby.kill()
        shutil.rmtree(folder, ignore_errors=True)
