"""Replies as JSON. Large ones are made in pieces: one call would keep the interpreter from the event loop for long."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct, structs

SLICE: Final = 256
"""How many entries of a collection are encoded at once: that takes less than a millisecond."""

PIECE: Final = 262_144
"""The least size of a piece but the last, in bytes."""

_MARK: Final = b"\0"
"""Stands for a collection that is encoded on its own. JSON never contains this byte, not even in strings."""

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


def encoded(value: Any, check: Callable[[], None], spent: Collection[str] = ()) -> list[bytes]:
    """Return a value as JSON, in one piece or, if it has long lists, dicts or iterators as members, in several.

    check: called after each slice of them; spent: the members that belong to this value alone, which are emptied.
    """
    members = _collections_of(value)
    if not any(isinstance(each, Iterator) or len(each) > SLICE for each in members.values()):
        return [_encoded(value)]
    marked = dict.fromkeys(members, Raw(_MARK))
    rest = structs.replace(value, **marked) if isinstance(value, Struct) else {**value, **marked}
    first, *others = _encoded(rest).split(_MARK)
    parts = [first]
    for (name, member), other in zip(members.items(), others, strict=True):
        parts += _encoded_slices(member, check, spent=name in spent)
        parts.append(other)
    return list(_pieces(parts))


def taken(collection: list[T] | dict[str, Any]) -> Iterator[Any]:
    """Yield the entries of a list, or the items of a dict, and remove each: the collection belongs to the caller alone.

    To free a long one at once would keep the interpreter from other threads for tens of milliseconds.
    """
    if isinstance(collection, dict):
        for key in list(collection):
            yield key, collection.pop(key)
    else:
        collection.reverse()
        while collection:
            yield collection.pop()


def _collections_of(value: Any) -> dict[str, Any]:
    """Return the members of a struct or a dict that are collections, in order."""
    if isinstance(value, Struct):
        value = structs.asdict(value)
    elif not isinstance(value, dict):
        return {}
    return {name: member for name, member in value.items() if isinstance(member, list | dict | Iterator)}


def _encoded_slices(collection: Any, check: Callable[[], None], *, spent: bool) -> Iterator[bytes]:
    """Yield a collection as JSON, slice by slice. What an iterator yields is taken slice by slice as well."""
    is_dict = isinstance(collection, dict)
    kind: type = dict if is_dict else list
    if spent and not isinstance(collection, Iterator):
        entries = taken(collection)
    else:
        entries = iter(collection.items() if is_dict else collection)
    separator = b""
    yield b"{" if is_dict else b"["
    while part := kind(islice(entries, SLICE)):
        yield separator
        yield _encoded(part)[1:-1]
        separator = b","
        check()
    yield b"}" if is_dict else b"]"


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts joined to pieces that are large enough to be sent on their own."""
    joined, size = list[bytes](), 0
    for part in parts:
        joined.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(joined)
            joined, size = [], 0
    yield b"".join(joined)


def _encoded(value: Any) -> bytes:
    try:
        return _encode(value)
    except (OverflowError, ValueError):  # a capacity beyond 64 bits
        return json.dumps(msgspec.to_builtins(value)).encode()
