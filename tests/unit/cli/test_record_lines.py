"""Lines of an import: what is a record, and why another line is none."""

from __future__ import annotations

import pytest

from berth.cli.record_lines import NoRecord, record_of
from berth.model.record import InventoryRecord, ProviderRecord

HOST = ProviderRecord(name="host", inventories={"VCPU": InventoryRecord(total=8)})


@pytest.mark.parametrize(
    "line",
    [
        b'{"name": "host", "inventories": {"VCPU": {"total": 8}}}',
        b'\xef\xbb\xbf{"name": "host", "inventories": {"VCPU": {"total": 8}}}\r\n',
        b'{"name": "host", "inventories": {"VCPU": {"total": 8.0, "allocation_ratio": 1}}}',
    ],
)
def test_a_record(line: bytes) -> None:
    assert record_of(line) == HOST


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"name": "\\ud800"}', "half of a surrogate pair"),
        (b'{"name": "host", "inventories": {"VCPU": {"total": 8.5}}}', "Expected `int`, got `float`"),
        (b'{"name": "host", "inventories": {"VCPU": {"total": true}}}', "Expected `int`, got `bool`"),
        (b'{"name": 8.0}', "Expected `str`"),
        (b'{"name": "host"', "truncated"),
        (b'{"name": "\xff"}', "Invalid UTF-8"),
        (b"name,total", "malformed"),
        (b'{"name": "h", "name": "g"}', "'name' appears twice in one object"),
        (
            b'{"name": "h", "inventories": {"VCPU": {"total": 1}, "VCPU": {"total": 8.0}}}',
            "'VCPU' appears twice in one object",
        ),
    ],
)
def test_no_record(line: bytes, why: str) -> None:
    with pytest.raises(NoRecord, match=why):
        record_of(line)
