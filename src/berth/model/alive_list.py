"""The consumers that are alive, as a list of any length: each takes a few bytes, not some hundreds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from berth.model.consumer import Resources
from berth.model.errors import Invalid
from berth.model.names import parse_uuid

Held = dict[str, Resources]
"""Amounts by provider uuid and class."""

_RECORDS: Final = 64
"""How many records a bucket has on average, before there are eight times as many buckets."""

_UUID: Final = 16
_RECORD: Final = _UUID + 4
"""A uuid and the number of its entry, in bytes."""

_HELD_BYTES: Final = 200
"""What the amounts of one consumer take, besides their text."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(Held).decode


class AliveList:
    """Consumers that are alive, in the order in which they were added, each with what it really has if that is known.

    size: its memory, in bytes. What many consumers have alike is kept once.
    """

    __slots__ = ("_amounts", "_buckets", "_numbers", "_sum", "_texts", "size")

    def __init__(self) -> None:
        # Records by a hash of this process alone, so that no list makes one bucket long.
        self._buckets = [bytearray() for _ in range(8)]
        self._amounts = array("I")
        self._texts: list[bytes] = [b""]
        self._numbers: dict[bytes, int] = {b"": 0}
        self._sum = self.size = 0

    @classmethod
    def of_consumers(cls, consumers: Mapping[str, Held | None] | Iterable[tuple[str, Held | None]]) -> AliveList:
        """Return a list of these consumers. Raises Invalid as `add` does."""
        made = cls()
        for consumer, held in consumers.items() if isinstance(consumers, Mapping) else consumers:
            made.add(consumer, held)
        return made

    def add(self, consumer: str, held: Held | None = None) -> None:
        """Add a consumer. Raises Invalid if it is no uuid or is there already, or if the amounts are malformed."""
        key, text = _bytes_of(consumer), b"" if held is None else _encode(_canonical(held))
        bucket = self._bucket(key)
        if _entry(bucket, key) is not None:
            raise Invalid(f"a consumer is given twice: {_text_of(key)}", "/alive")
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._texts)
            self._texts.append(text)
            self.size += len(text) + _HELD_BYTES
        bucket += key + len(self._amounts).to_bytes(_RECORD - _UUID)
        self._amounts.append(number)
        self._sum += int.from_bytes(sha256(key + text).digest())
        self.size += _RECORD + self._amounts.itemsize
        if len(self) > _RECORDS * len(self._buckets):
            self._split()

    def __len__(self) -> int:
        return len(self._amounts)

    def __iter__(self) -> Iterator[str]:
        """Yield the uuids of the consumers, in no order."""
        return (consumer for consumer, _ in self.entries())

    def entries(self) -> Iterator[tuple[str, int]]:
        """Yield each uuid with the number of its entry, in no order."""
        for bucket in self._buckets:
            for at in range(0, len(bucket), _RECORD):
                yield _text_of(bucket[at : at + _UUID]), _number_at(bucket, at)

    def entry(self, consumer: str) -> int | None:
        """Return the number of a consumer's entry, from 0; None if it is not alive. consumer: a canonical uuid."""
        key = bytes.fromhex(consumer.replace("-", ""))
        return _entry(self._bucket(key), key)

    def held(self, entry: int) -> Held | None:
        """Return what the consumer of an entry really has, None if that is not known."""
        text = self._texts[self._amounts[entry]]
        return _decode(text) if text else None

    def _bucket(self, key: bytes) -> bytearray:
        return self._buckets[hash(key) % len(self._buckets)]

    def _split(self) -> None:
        before, self._buckets = self._buckets, [bytearray() for _ in range(8 * len(self._buckets))]
        for bucket in before:
            for at in range(0, len(bucket), _RECORD):
                record = bytes(bucket[at : at + _RECORD])
                self._bucket(record[:_UUID]).extend(record)

    @property
    def digest(self) -> str:
        """A digest of who is alive and what they have, in any order of adding them."""
        return f"{self._sum % 2**256:064x}"


def _entry(bucket: bytearray, key: bytes) -> int | None:
    at = bucket.find(key)
    while at > 0 and at % _RECORD:  # a part of two others
        at = bucket.find(key, at + 1)
    return None if at < 0 else _number_at(bucket, at)


def _number_at(bucket: bytearray, at: int) -> int:
    return int.from_bytes(bucket[at + _UUID : at + _RECORD])


def _bytes_of(consumer: str) -> bytes:
    return bytes.fromhex(_canonical_uuid(consumer, "consumer").replace("-", ""))


def _text_of(key: bytes | bytearray) -> str:
    digits = key.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _canonical_uuid(text: object, what: str) -> str:
    found = parse_uuid(text) if isinstance(text, str) else None
    if found is None:
        raise Invalid(f"{str(text)[:80]!r} is not the uuid of a {what}", "/alive")
    return found


def _canonical(held: Held) -> Held:
    try:
        given = msgspec.convert(held, Held)
    except (msgspec.ValidationError, TypeError) as error:
        raise Invalid(f"the amounts of a consumer are malformed: {error}", "/alive") from None
    found = {_canonical_uuid(uuid, "provider"): resources for uuid, resources in given.items()}
    if len(found) != len(given):
        raise Invalid("a consumer has amounts of one provider twice, in two spellings", "/alive")
    return found
