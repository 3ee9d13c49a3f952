"""`python -m bench`: measure Berth and Placement side by side and tell what was found."""

import argparse
import importlib.metadata
import shlex
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import headroom, million
from bench.berth import Berth
from bench.databases import Postgres
from bench.machine import machine
from bench.measure import Budget
from bench.placement import Placement
from bench.report import Report, terminal, write
from bench.rows import Scenario, scenarios
from bench.run import Run
from bench.stands import BerthSide, PlacementSide, Side
from bench.verdict import BERTHS, met

ROOT = Path(__file__).parent.parent
QUICK = Budget(seconds=2.0, patience_s=5.0)
FULL = Budget(seconds=6.0, patience_s=90.0)
KINDS = ("sqlite", "postgresql")


def parser() -> argparse.ArgumentParser:
    """The flags."""
    made = argparse.ArgumentParser("python -m bench", description=__doc__)
    add = made.add_argument
    add("--quick", action="store_true", help="a few minutes: 2 s a row and 5 s of patience instead of 6 and 90")
    add("--million", action="store_true", help="also one million hosts on SQLite, through `berth import`")
    add(
        "--only",
        nargs="+",
        metavar="FLEET",
        help=f"only these fleets: {', '.join(s.key for s in scenarios(1, quick=True))}",
    )
    add("--database", choices=KINDS, help="the same database for both servers")
    add("--berth-database", choices=KINDS, nargs="+", default=["sqlite"], help="Berth's, one or both (default: sqlite)")
    add("--placement-database", choices=KINDS, default="postgresql", help="Placement's (default: postgresql)")
    add("--postgres", default="postgres@127.0.0.1:5432", metavar="USER@HOST:PORT", help="a PostgreSQL on this machine")
    add("--no-placement", action="store_true", help="measure Berth alone")
    add("--no-berth", action="store_true", help="measure Placement alone")
    add(
        "--placement-python",
        type=Path,
        default=ROOT / ".venv-bench/bin/python",
        metavar="PATH",
        help="with requirements.txt",
    )
    add("--placement-workers", type=int, default=2, metavar="N")
    add("--placement-threads", type=int, default=4, metavar="N")
    add("--berth-python", type=Path, default=Path(sys.executable), metavar="PATH", help="default: this interpreter")
    add("--berth-workers", type=int, default=1, metavar="N")
    add("--seconds", type=float, metavar="S", help="time for each row on each server")
    add("--patience", type=float, metavar="S", help="time for one answer")
    add("--seed", type=int, default=1, help="of the first fleet (default: 1)")
    add(
        "--scratch",
        type=Path,
        metavar="FOLDER",
        help="where databases and logs are; must be on a disk (default: build/)",
    )
    add("--out", type=Path, default=ROOT / "build/bench", metavar="FOLDER", help="where benchmarks.{md,json,svg} go")
    add("--strict", action="store_true", help="exit with 1 if a target is not met")
    return made


def postgres(text: str) -> Postgres:
    """USER@HOST:PORT. The host must be this machine's loopback."""
    user, _, place = text.partition("@")
    host, _, port = place.partition(":")
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise SystemExit("--postgres: both servers and their database are measured on one machine")
    return Postgres(host, int(port or 5432), user)


def sides(flags: argparse.Namespace, server: Postgres, folder: Path) -> list[Side]:
    """Who takes part."""
    found: list[Side] = []
    kinds = [flags.database] if flags.database else flags.berth_database
    if not flags.no_placement:
        placement = Placement(flags.placement_python, folder, flags.placement_workers, flags.placement_threads)
        shared = (flags.database or flags.placement_database) == "postgresql"
        found.append(PlacementSide(placement, server if shared else None, folder))
    if not flags.no_berth:
        berth = Berth(flags.berth_python, folder, flags.berth_workers)
        found += [BerthSide(berth, server if kind == "postgresql" else None, folder) for kind in kinds]
    return found


def budget(flags: argparse.Namespace) -> Budget:
    """How long the parts may take."""
    usual = QUICK if flags.quick else FULL
    return Budget(flags.seconds or usual.seconds, flags.patience or usual.patience_s)


def chosen(flags: argparse.Namespace) -> list[Scenario]:
    """The scenarios asked for."""
    return [s for s in scenarios(flags.seed, flags.quick) if not flags.only or s.key in flags.only]


def versions(flags: argparse.Namespace, server: Postgres) -> dict[str, str]:
    """What ran."""
    found = {"SQLite": sqlite3.sqlite_version}
    packages = "'openstack-placement', 'gunicorn', 'SQLAlchemy'"
    ask = f"import importlib.metadata as m; print(*map(m.version, ({packages})))"
    if not flags.no_placement:
        answer = subprocess.run(
            [flags.placement_python, "-c", ask], capture_output=True, text=True, check=True, timeout=30
        )
        names = ("Placement", "gunicorn", "Placement's SQLAlchemy")
        found |= dict(zip(names, answer.stdout.split(), strict=True))
    found["PostgreSQL"] = server.setting("server_version").split()[0]
    for name in ("granian", "numpy", "SQLAlchemy"):
        found[name] = importlib.metadata.version(name)
    found["Berth"] = commit()
    return found


def commit() -> str:
    """The commit that is measured, with a plus where the work tree differs from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--abbrev=12"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.strip()


def durability(server: Postgres) -> dict[str, str]:
    """What an acknowledged write has gone through, on either side."""
    settings = ", ".join(
        f"{name} = {server.setting(name)}" for name in ("fsync", "synchronous_commit", "full_page_writes")
    )
    return {
        "Durability": f"PostgreSQL has {settings}; Berth's SQLite is in WAL mode with synchronous = FULL. On "
        "both sides an acknowledged write has been flushed to the disk; the JSON has the flushes of each row."
    }


def main() -> int:
    """Run, tell, write. The exit status is 1 with --strict if a target is not met."""
    flags = parser().parse_args()
    begun = time.perf_counter()
    base = flags.scratch or ROOT / "build"
    base.mkdir(parents=True, exist_ok=True)
    server = postgres(flags.postgres)
    with server.swept(), tempfile.TemporaryDirectory(prefix="bench-", dir=base) as name:
        report = measured(flags, server, Path(name))
    print(terminal(report))
    write(report, flags.out)
    print(f"{time.perf_counter() - begun:.0f} s; see {flags.out}/benchmarks.md, .json and .svg")
    failed = [r.title for r in report.results for key in BERTHS if met(r, key) is False]
    return 1 if flags.strict and failed else 0


def measured(flags: argparse.Namespace, server: Postgres, folder: Path) -> Report:
    """Everything that was asked for."""
    begun = time.perf_counter()
    room = headroom.measured(folder)
    run = Run(chosen(flags), sides(flags, server, folder), budget(flags), tell)
    run.go()
    many = None
    if flags.million:
        berth = Berth(flags.berth_python, folder, flags.berth_workers, million.READY_LIMIT_S)
        many = million.measured(berth, folder, run.budget.seconds, tell)
    return Report(
        command=shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        versions=versions(flags, server),
        durability=durability(server),
        headroom=room,
        results=run.results,
        unlike=run.unlike,
        million=many,
        seconds=time.perf_counter() - begun,
    )


def tell(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
