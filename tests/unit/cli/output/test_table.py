"""Tables on a narrow terminal: names and amounts stay whole, and nothing of a uuid is lost."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from berth.cli.output import tables
from berth.cli.output.table import Table
from berth.model.claim_life import ClaimState
from berth.model.consumer import ConsumerItem
from berth.model.pages import HolderItem

UUID = "c0ffee00-1234-4abc-8def-0123456789ab"
DUE = {"state": ClaimState.PENDING, "deadline": 2, "expires_in": 843}


def printed(table: Table, width: int) -> list[str]:
    """Return the lines of a table on a terminal of this width."""
    console = Console(file=io.StringIO(), width=width, emoji=False)
    console.print(table.rich())
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


CONSUMERS = tables.consumers(
    [
        ConsumerItem(UUID, "quantum-physics", "ada.lovelace", "INSTANCE", 1, 0, {"VCPU": 16, "MEMORY_MB": 64}, **DUE),
        ConsumerItem(UUID, "art", "bob", None, 1, 0, {"PGPU": 2}),
    ]
)
HOLDERS = tables.holders([HolderItem(UUID, "quantum-physics", "ada.lovelace", "INSTANCE", 1, {"VCPU": 16}, 0, **DUE)])
HELD = tables.held({UUID: {"VCPU": 16, "MEMORY_MB": 65536}}, lambda _: "a-host-with-a-long-name.example.com")


@pytest.mark.parametrize(
    ("table", "whole"),
    [
        (CONSUMERS, ["quantum-physics", "ada.lovelace", "INSTANCE", "PGPU"]),
        (HOLDERS, ["quantum-physics", "ada.lovelace", "INSTANCE", "VCPU"]),
        (HELD, ["a-host-with-a-long-name.example.com", "VCPU"]),
    ],
    ids=["consumers", "holders", "held"],
)
def test_at_80_columns_names_are_whole_and_no_uuid_is_cut(table: Table, whole: list[str]) -> None:
    lines = printed(table, 80)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert [name for name in whole if name not in text] == []
    assert "…" not in text
    number = next(at for at, cell in enumerate(table.rows[0]) if cell == UUID)
    assert len(lines) > 1 + len(table.rows), "it is broken over lines"
    assert number is not None


def test_where_there_is_room_a_row_is_a_line() -> None:
    header, pending, ever = printed(CONSUMERS, 200)
    assert header.split()[-3:] == ["ENDS", "IN", "CONSUMER"]
    assert "14m 3s (pending)" in pending
    assert UUID in pending
    assert ever.rstrip().endswith(UUID)


def test_without_ends_there_is_no_column_for_them_but_in_csv() -> None:
    table = Table(CONSUMERS.columns, CONSUMERS.rows[1:], CONSUMERS.sparse)
    assert "ENDS IN" not in printed(table, 200)[0]
    assert table.csv().splitlines()[0].endswith(",ends in,consumer")
