"""Lists of the living, and their lines, against plain dictionaries. See `berth.model.alive_list` and `alive_lines`."""

from __future__ import annotations

import random
from uuid import UUID

import pytest

from berth.model.alive_lines import AliveLineReader, AliveLines
from berth.model.alive_list import AliveList, Held
from berth.model.errors import Invalid
from berth.model.reconciliation import ReconcileRequest

REQUEST = ReconcileRequest(as_of=7, project="physics", type="VM", limit=3)


def drawn(chance: random.Random) -> str:
    """Return a uuid of few different bytes: it often stands across two others."""
    return str(UUID(bytes=bytes(chance.choices((0, 1, 255), k=16))))


def amounts(chance: random.Random) -> Held | None:
    return chance.choice((None, {}, {drawn(chance): {"VCPU": chance.randint(0, 3), "CUSTOM_Ö": 1}}))


@pytest.mark.parametrize("number", [0, 1, 20, 511, 512, 513, 5000])
def test_it_is_what_a_dictionary_is(number: int) -> None:
    chance = random.Random(number)
    consumers = {drawn(chance): amounts(chance) for _ in range(number)}
    others = [drawn(chance) for _ in range(100)]
    made = AliveList.of_consumers(consumers)
    assert (len(made), set(made)) == (len(consumers), set(consumers))
    entries = {uuid: made.entry(uuid) for uuid in {*consumers, *others}}
    assert {uuid for uuid, entry in entries.items() if entry is None} == set(others) - set(consumers)
    assert {uuid: made.held(entry) for uuid, entry in entries.items() if entry is not None} == consumers
    assert made.digest == AliveList.of_consumers(dict(reversed(consumers.items()))).digest
    lines = b"".join(AliveLines(REQUEST, made))
    for piece in (97, 5000, len(lines)):
        reader = AliveLineReader()
        for at in range(0, len(lines), piece):
            reader.feed(lines[at : at + piece])
        assert (reader.finish(), reader.alive.digest, reader.error) == (REQUEST, made.digest, None)
    cut = AliveLineReader()
    cut.feed(lines[: lines.rindex(b"{")])
    with pytest.raises(Invalid, match="not complete"):
        cut.finish()


def test_of_what_differs_the_digests_differ() -> None:
    one, two = str(UUID(int=1)), str(UUID(int=2))
    lists: list[dict[str, Held | None]] = [
        {one: None},
        {two: None},
        {one: None, two: None},
        {one: {}},
        {one: {two: {"VCPU": 1}}},
        {one: {two: {"VCPU": 2}}},
    ]
    assert len({AliveList.of_consumers(each).digest for each in lists}) == len(lists)


def test_a_provider_in_two_spellings() -> None:
    with pytest.raises(Invalid, match="two spellings"):
        AliveList().add(str(UUID(int=1)), {str(UUID(int=2)): {"VCPU": 1}, UUID(int=2).hex: {"VCPU": 2}})
