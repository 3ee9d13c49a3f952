"""The row with the state of the anomaly detectors, and with the lease of the process that scans the audit log."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from berth.store.tables import anomaly_scan

_ONE = anomaly_scan.c.id == 1
_MINE = (_ONE, anomaly_scan.c.scanner == bindparam("me"))
_STATE = select(anomaly_scan.c.version, anomaly_scan.c.audit_number, anomaly_scan.c.audit_hash, anomaly_scan.c.state)
_FINDINGS = select(anomaly_scan.c.findings)
_LEASE = (
    update(anomaly_scan)
    .where(_ONE, or_(anomaly_scan.c.scanner == bindparam("me"), anomaly_scan.c.leased_until < bindparam("now")))
    .values(scanner=bindparam("me"), leased_until=bindparam("until"))
)
_SAVE = (
    update(anomaly_scan)
    .where(*_MINE)
    .values(
        version=bindparam("new_version"),
        audit_number=bindparam("new_number"),
        audit_hash=bindparam("new_hash"),
        state=bindparam("new_state"),
        findings=bindparam("new_findings"),
    )
)
_RELEASE = update(anomaly_scan).where(*_MINE).values(leased_until=0)


class SavedScan(NamedTuple):
    """A state as stored. version: of its form; number, hash: of the last audit record that is in it."""

    version: int
    number: int
    hash: str
    state: bytes


def lease(connection: Connection, scanner: str, now: int, until: int) -> bool:
    """Take or renew the lease, if no other scanner has one. now, until: microseconds since 1970 UTC.

    Raises as a transaction does; also where two make the row at once, which then exists.
    """
    if connection.execute(_LEASE, {"me": scanner, "now": now, "until": until}).rowcount == 1:
        return True
    if connection.execute(select(anomaly_scan.c.id).where(_ONE)).scalar() is not None:
        return False
    empty = {"version": 0, "audit_number": 0, "audit_hash": "", "state": b"", "findings": b""}
    connection.execute(insert(anomaly_scan), {"id": 1, **empty, "scanner": scanner, "leased_until": until})
    return True


def release(connection: Connection, scanner: str) -> None:
    """End the lease of a scanner, if it has one."""
    connection.execute(_RELEASE, {"me": scanner})


def save(connection: Connection, scanner: str, saved: SavedScan, findings: bytes) -> bool:
    """Store a state and the findings of it. Return False, and store nothing, if another scanner has taken over."""
    values = {
        "me": scanner,
        "new_version": saved.version,
        "new_number": saved.number,
        "new_hash": saved.hash,
        "new_state": saved.state,
        "new_findings": findings,
    }
    return connection.execute(_SAVE, values).rowcount == 1


def state(connection: Connection) -> SavedScan | None:
    """Return the stored state, or None if there is none."""
    row = connection.execute(_STATE.where(_ONE)).one_or_none()
    return None if row is None or not row.state else SavedScan(*row)


def findings(connection: Connection) -> bytes:
    """Return the findings of the stored state; b"" if there is none."""
    return connection.execute(_FINDINGS.where(_ONE)).scalar() or b""
