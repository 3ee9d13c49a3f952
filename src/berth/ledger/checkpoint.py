"""Checkpoints: the books as of a change, as text in pieces, and back.

The text of the same books is always the same, so that its hash, which the audit log seals, stands for them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import Connection

from berth.ledger.replay import Account, Books
from berth.model.aggregate import AggregateName
from berth.model.consumer import Owner, Resources
from berth.model.consumer_name import ConsumerName
from berth.model.drain_state import DrainFact
from berth.model.inventory import Inventory
from berth.model.lease import LeaseFact
from berth.model.term import Span
from berth.store import audit, checkpoints
from berth.store.checkpoints import Checkpoint

SEALED: Final = "SealCheckpoint"
"""The operation of a record that seals a checkpoint: its target is the number of the change, `why` the hash."""

PIECE_BYTES: Final = 1 << 20
"""How long a piece is before it is compressed, at least, but for the last one."""


class _Name(msgspec.Struct, array_like=True, tag="name"):
    id: int
    kind: str
    name: str


class _Provider(msgspec.Struct, array_like=True, tag="provider"):
    uuid: str
    id: int
    name: str
    generation: int
    parent: str | None
    root: str
    inventories: dict[str, Inventory]
    traits: list[str]
    aggregates: list[str]
    used: Resources


class _Consumer(msgspec.Struct, array_like=True, tag="consumer"):
    uuid: str
    generation: int
    held: dict[str, Resources]


class _OwnedConsumer(msgspec.Struct, array_like=True, tag="owned"):
    """A consumer whose owner is in the log. Others keep their form, so that older checkpoints keep their hash."""

    uuid: str
    generation: int
    held: dict[str, Resources]
    owner: Owner


class _TimedConsumer(msgspec.Struct, array_like=True, tag="timed"):
    """A consumer whose claim ends, or is pending."""

    uuid: str
    generation: int
    held: dict[str, Resources]
    owner: Owner
    span: Span


class _Lease(msgspec.Struct, array_like=True, tag="lease"):
    uuid: str
    fact: LeaseFact


class _AggregateName(msgspec.Struct, array_like=True, tag="label"):
    """The name of an aggregate. A line of its own, so that older checkpoints keep their hash."""

    uuid: str
    named: AggregateName


class _Drain(msgspec.Struct, array_like=True, tag="drain"):
    uuid: str
    drain: DrainFact


class _ConsumerName(msgspec.Struct, array_like=True, tag="called"):
    """The name of a consumer and the note on it, in a line of its own as well."""

    uuid: str
    named: ConsumerName


_Entry = (
    _Name | _Provider | _Consumer | _OwnedConsumer | _TimedConsumer | _Lease | _AggregateName | _Drain | _ConsumerName
)

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(_Entry).decode


def pieces(books: Books) -> Iterator[bytes]:
    """Yield the text of books in pieces: a JSON array a line, sorted."""
    lines, size = list[bytes](), 0
    for entry in _entries(books):
        lines.append(_encode(entry) + b"\n")
        size += len(lines[-1])
        if size >= PIECE_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)


def hash_of(texts: Iterable[bytes]) -> str:
    """Return the hash of books from their pieces."""
    digest = sha256()
    for text in texts:
        digest.update(text)
    return digest.hexdigest()


def load(connection: Connection) -> tuple[Books, list[str]]:
    """Return the books as of the last checkpoint (without one: empty), and what is wrong with it."""
    checkpoint = checkpoints.last(connection)
    books, findings, digest = Books(number=checkpoint.number), list[str](), sha256()
    try:
        for content in checkpoints.contents(connection, checkpoint):
            text = zlib.decompress(content)
            digest.update(text)
            for line in text.splitlines():
                _enter(books, _decode(line))
    except (zlib.error, msgspec.MsgspecError):
        findings.append(f"a piece of the checkpoint of change {checkpoint.number} is missing or damaged")
    if checkpoint != checkpoints.NONE and (findings or not _is_sealed(connection, checkpoint, digest.hexdigest())):
        findings.append(f"the checkpoint of change {checkpoint.number} is not as the audit log seals it")
    return books, findings


def _is_sealed(connection: Connection, checkpoint: Checkpoint, by_pieces: str) -> bool:
    """Whether the audit log has the record of a checkpoint, with the hash of its pieces."""
    record = audit.operation_at(connection, checkpoint.audit_number)
    return checkpoint.hash == by_pieces and record == (SEALED, str(checkpoint.number), by_pieces)


def _entries(books: Books) -> Iterator[_Entry]:
    for number, (kind, name) in sorted(books.names.items()):
        yield _Name(number, kind, name)
    for uuid, account in sorted(books.providers.items()):
        yield _Provider(
            uuid,
            account.id,
            account.name,
            account.generation,
            account.parent,
            account.root,
            account.inventories,
            sorted(account.traits),
            sorted(account.aggregates),
            {name: amount for name, amount in account.used.items() if amount},
        )
    for uuid, held in sorted(books.held.items()):
        owner, generation = books.owners.get(uuid), books.generations[uuid]
        span = books.terms.get(uuid)
        if span is not None and owner is not None:  # a Berth that logs terms logs owners
            yield _TimedConsumer(uuid, generation, held, owner, span)
            continue
        yield _Consumer(uuid, generation, held) if owner is None else _OwnedConsumer(uuid, generation, held, owner)
    yield from (_Lease(uuid, fact) for uuid, fact in sorted(books.leases.items()))
    for uuid, named in sorted(books.aggregate_names.items()):
        yield _AggregateName(uuid, named)
    yield from (_Drain(uuid, drain) for uuid, drain in sorted(books.drains.items()))
    yield from (_ConsumerName(uuid, called) for uuid, called in sorted(books.consumer_names.items()))


def _enter(books: Books, entry: _Entry) -> None:
    match entry:
        case _Name():
            books.names[entry.id] = entry.kind, entry.name
        case _Provider():
            books.providers[entry.uuid] = Account(
                entry.id,
                entry.name,
                entry.generation,
                entry.parent,
                entry.root,
                entry.inventories,
                frozenset(entry.traits),
                frozenset(entry.aggregates),
                entry.used,
            )
        case _Consumer():
            books.held[entry.uuid], books.generations[entry.uuid] = entry.held, entry.generation
        case _OwnedConsumer() | _TimedConsumer():
            books.held[entry.uuid], books.generations[entry.uuid] = entry.held, entry.generation
            books.owners[entry.uuid] = entry.owner
            if isinstance(entry, _TimedConsumer):
                books.terms[entry.uuid] = entry.span
        case _Lease():
            books.leases[entry.uuid] = entry.fact
        case _AggregateName():
            books.aggregate_names[entry.uuid] = entry.named
        case _Drain():
            books.drains[entry.uuid] = entry.drain
        case _ConsumerName():
            books.consumer_names[entry.uuid] = entry.named
