"""The checkpoint: the books as of a change, in pieces. It counts once its row is there, which is written last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from berth.store.tables import checkpoint_pieces, checkpoints


class Checkpoint(NamedTuple):
    """A checkpoint as stored.

    number: of the last change that is in it; hash: of the books; pieces: how many there are; archived: the last record
    of the audit log that is in an archive; audit_number: of the record that seals this checkpoint.
    """

    number: int
    hash: str
    pieces: int
    archived: int
    audit_number: int


NONE: Final = Checkpoint(0, "", 0, 0, 0)
"""The beginning of a ledger: empty books, and nothing in an archive."""

_LAST = select(
    checkpoints.c.number,
    checkpoints.c.hash,
    checkpoints.c.pieces,
    checkpoints.c.archived,
    checkpoints.c.audit_number,
)
_KEYS = select(checkpoint_pieces.c.number, checkpoint_pieces.c.piece)
_ONE = (checkpoint_pieces.c.number == bindparam("at"), checkpoint_pieces.c.piece == bindparam("place"))
_CONTENT = select(checkpoint_pieces.c.content).where(*_ONE)
_DELETE = delete(checkpoint_pieces).where(*_ONE)
_COUNT = select(func.count()).where(checkpoint_pieces.c.number == bindparam("at"))


def last(connection: Connection) -> Checkpoint:
    """Return the last checkpoint, NONE if there is none."""
    row = connection.execute(_LAST).one_or_none()
    return NONE if row is None else Checkpoint(*row)


def seal(connection: Connection, checkpoint: Checkpoint) -> None:
    """Let a checkpoint, whose pieces are all there, replace the last one. Its pieces remain to be deleted."""
    connection.execute(delete(checkpoints))
    connection.execute(insert(checkpoints), checkpoint._asdict())


def add_piece(connection: Connection, number: int, piece: int, content: bytes) -> None:
    """Write a piece of the checkpoint with this number."""
    connection.execute(insert(checkpoint_pieces), {"number": number, "piece": piece, "content": content})


def count(connection: Connection, number: int) -> int:
    """Return how many pieces of the checkpoint with this number are there."""
    found: int = connection.execute(_COUNT, {"at": number}).scalar_one()
    return found


def contents(connection: Connection, checkpoint: Checkpoint) -> Iterator[bytes]:
    """Yield the pieces of a checkpoint in order, each when it is needed; b"" for one that is missing."""
    for piece in range(checkpoint.pieces):
        content: bytes = connection.execute(_CONTENT, {"at": checkpoint.number, "place": piece}).scalar() or b""
        yield content


def unsealed_pieces(connection: Connection, sealed: Checkpoint) -> list[tuple[int, int]]:
    """Return the keys of all pieces that are not those of the last checkpoint."""
    rows = connection.execute(_KEYS.where(checkpoint_pieces.c.number != sealed.number))
    return [(number, piece) for number, piece in rows]


def earlier_pieces(connection: Connection, sealed: Checkpoint) -> list[tuple[int, int]]:
    """Return the keys of the pieces of earlier checkpoints."""
    return [key for key in unsealed_pieces(connection, sealed) if key[0] < sealed.number]


def drop_piece(connection: Connection, key: tuple[int, int]) -> None:
    """Delete a piece."""
    connection.execute(_DELETE, {"at": key[0], "place": key[1]})
