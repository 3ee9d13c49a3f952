"""The real OpenStack Placement under gunicorn, as shipped and tuned."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Server, free_address, start

CONFIG = """\
[DEFAULT]
default_log_levels = placement=WARNING
[api]
auth_strategy = noauth2
[placement_database]
connection = {database}
sqlite_synchronous = true
{more}
"""
"""Its own log of requests is off, to its advantage. sqlite_synchronous = true leaves SQLite's FULL as it is."""

TUNED = """\
[placement]
max_allocation_candidates = 1000
allocation_candidates_generation_strategy = breadth-first
[workarounds]
optimize_for_wide_provider_trees = true
"""
"""What Placement's own documentation advises for wide trees."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where Placement is installed and how it is served.

    gunicorn's threads keep connections alive and its default workers do not: threads are the faster way, and chosen.
    """

    python: Path
    folder: Path
    workers: int = 2
    threads: int = 4

    def configure(self, name: str, database: str, tuned: bool) -> Path:
        """Write a configuration; the folder that it is in."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "placement.conf").write_text(CONFIG.format(database=database, more=TUNED if tuned else ""))
        return folder

    def migrate(self, configuration: Path) -> None:
        """Make the tables in an empty database."""
        tool = self.python.parent / "placement-manage"
        command = [str(tool), "--config-file", str(configuration / "placement.conf"), "db", "sync"]
        subprocess.run(command, check=True, timeout=120, capture_output=True)

    def serve(self, configuration: Path) -> Server:
        """Start it. Raises NotStarted."""
        address = free_address()
        command = [str(self.python.parent / "gunicorn"), "--bind", f"127.0.0.1:{address.port}"]
        command += ["--workers", str(self.workers), "--threads", str(self.threads), "--keep-alive", "75"]
        command += ["--timeout", "600", "--log-level", "warning", "--no-control-socket"]
        command.append("placement.wsgi.api:application")
        env = {"OS_PLACEMENT_CONFIG_DIR": str(configuration), "PYTHONWARNINGS": "ignore"}
        return start(command, address, env, configuration / "log")
