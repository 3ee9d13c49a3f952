"""Lists of the living, and their lines, against plain dictionaries. See `berth.model.alive_list` and `alive_lines`."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.model.alive_lines import AliveLineReader, AliveLines
from berth.model.alive_list import AliveList, Held
from berth.model.errors import Invalid
from berth.model.reconciliation import ReconcileRequest

# Few different bytes, so that a uuid often stands across two others.
UUIDS = st.lists(st.sampled_from((0, 1, 255)), min_size=16, max_size=16).map(lambda each: str(UUID(bytes=bytes(each))))
HELD = st.none() | st.dictionaries(UUIDS, st.dictionaries(st.sampled_from(("VCPU", "CUSTOM_Ö")), st.integers(0, 3)))
REQUEST = ReconcileRequest(as_of=7, project="physics", type="VM", limit=3)


@settings(max_examples=20)
@given(st.dictionaries(UUIDS, HELD, max_size=600), st.lists(UUIDS, max_size=20), st.integers(1, 5000))
def test_it_is_what_a_dictionary_is(consumers: dict[str, Held | None], others: list[str], piece: int) -> None:
    made = AliveList.of_consumers(consumers)
    assert (len(made), set(made)) == (len(consumers), set(consumers))
    entries = {uuid: made.entry(uuid) for uuid in {*consumers, *others}}
    assert {uuid for uuid, entry in entries.items() if entry is None} == set(others) - set(consumers)
    assert {uuid: made.held(entry) for uuid, entry in entries.items() if entry is not None} == consumers
    assert made.digest == AliveList.of_consumers(dict(reversed(consumers.items()))).digest
    lines = b"".join(AliveLines(REQUEST, made))
    reader = AliveLineReader()
    for at in range(0, len(lines), piece):
        reader.feed(lines[at : at + piece])
    assert (reader.finish(), reader.alive.digest, reader.error) == (REQUEST, made.digest, None)
    cut = AliveLineReader()
    cut.feed(lines[: lines.rindex(b"{")])
    with pytest.raises(Invalid, match="no end"):
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
