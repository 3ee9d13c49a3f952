"""Files of a deployment that only the server should read: mode, owner, folders above, links."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from berth.review.deployment.result import deployment_finding
from berth.review.model import CodePlace as FilePlace
from berth.review.model import ReviewFinding, Severity, Unseen
from berth.settings import Settings


def secret_files(settings: Settings, database: Path | None) -> dict[str, Path]:
    """Return the files that hold secrets or the ledger, by the setting that names them; database: SQLite's file."""
    named = {
        "secret_file": settings.secret_file,
        "database_password_file": settings.database_password_file,
        "keystone.password_file": settings.keystone.password_file,
        "tls.key": settings.tls.key,
    }
    files = {name: Path(path) for name, path in named.items() if path}
    if database is not None:
        files["database"] = database
        for suffix in ("-wal", "-shm"):
            beside = database.with_name(database.name + suffix)
            if beside.exists():
                files[f"database{suffix}"] = beside
    return files


def review_files(files: dict[str, Path]) -> Iterator[ReviewFinding | Unseen]:
    """Yield what is weak about each file: others who read or write it, its folder, a link that others may turn."""
    for name, path in files.items():
        try:
            yield from _file(name, path)
        except OSError as error:
            yield Unseen(FilePlace(str(path)), f"cannot be examined: {error.strerror}")


def _file(name: str, path: Path) -> Iterator[ReviewFinding]:
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield _mode_finding(name, path, mode, "write", Severity.HIGH)
    elif mode & stat.S_IROTH:
        yield _mode_finding(name, path, mode, "read", Severity.HIGH)
    elif mode & stat.S_IRGRP:
        yield _mode_finding(name, path, mode, "read", Severity.LOW)
    yield from _owner(name, path, status)
    yield from _folders(name, path)


def _owner(name: str, path: Path, status: os.stat_result) -> Iterator[ReviewFinding]:
    if status.st_uid not in (0, os.geteuid()):
        yield deployment_finding(
            "file-owner",
            732,
            Severity.MEDIUM,
            str(path),
            f"{name} belongs to user {status.st_uid}, who may change it and its mode",
            f"chown it to the user that serves: {path}",
        )


def _folders(name: str, path: Path) -> Iterator[ReviewFinding]:
    for folder in path.resolve().parents:
        above = folder.stat()
        if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
            yield deployment_finding(
                "folder-writable",
                732,
                Severity.HIGH,
                str(path),
                f"Everybody may replace {name}: {folder} is writable for all",
                f"chmod o-w {folder}",
            )


def _mode_finding(name: str, path: Path, mode: int, verb: str, severity: Severity) -> ReviewFinding:
    who = "its group and others" if mode & (stat.S_IROTH | stat.S_IWOTH) else "its group"
    return deployment_finding(
        f"file-{verb}able" if verb == "read" else "file-writable",
        732,
        severity,
        str(path),
        f"{who[0].upper()}{who[1:]} may {verb} {name}: its mode is {mode:04o}",
        f"chmod 600 {path}",
    )
