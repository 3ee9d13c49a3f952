"""What a commit writes: rows, the logs, and the head."""

from __future__ import annotations

from sqlalchemy import Connection

from berth.ledger.write.batch import DecidedBatch, record_refusals
from berth.ledger.write.notes import NotesToWrite
from berth.ledger.write.write_set import write_set_of
from berth.model.term import SECOND
from berth.store import audit, changes, endings, head, tokens, write_set
from berth.store.backend import StaleRead
from berth.store.head import Head


def write_batch(connection: Connection, done: DecidedBatch, seen: Head, keep_endings_s: int) -> Head:
    """Write the rows and the logs of a batch that was decided, and move the head. Return it.

    keep_endings_s: for how many seconds what Berth ended is kept.
    """
    beat = seen.beat + bool(done.draft.leases.changed or done.draft.leases.restarts_grace)
    rows = write_set_of(done.draft, beat)
    rows.add_endings = done.ended
    write_set.write(connection, rows)
    if done.ended:
        endings.drop_old(connection, done.draft.now - keep_endings_s * SECOND)
    if done.log:
        changes.append(connection, done.log, done.texts)
    number, chain = seen.number + len(done.log), done.chain
    to = Head(number, done.draft.next_id, chain.number, chain.hash, done.draft.now, beat=beat)
    return append_audit(connection, seen, to, done.chain)


def append_audit(connection: Connection, seen: Head, to: Head, chain: audit.Chain) -> Head:
    """Write new records of the audit log, and move the head, to the last of them. Return it."""
    audit.append(connection, chain)
    if not head.move(connection, seen, to):
        raise StaleRead("the head was moved by a writer that did not hold its lock")
    return to


def write_notes(connection: Connection, notes: NotesToWrite, seen: Head, now: int) -> Head:
    """Write refused requests and uses of tokens, and move the head. Return it. now: microseconds since 1970 UTC."""
    chain = audit.Chain(seen.audit_number, seen.audit_hash)
    record_refusals(chain, notes.refusals, notes.left_out, now)
    tokens.touch(connection, notes.uses)
    return append_audit(connection, seen, seen._replace(audit_number=chain.number, audit_hash=chain.hash), chain)
