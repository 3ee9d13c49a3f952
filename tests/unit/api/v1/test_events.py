"""Events: encoded once, cut into pieces, and kept within bounds."""

from __future__ import annotations

import pytest

from berth.api.v1 import events
from berth.api.v1.events import Chunk, EventText, Window, chunk_of, reset_event
from berth.model.change import Change, Facts
from berth.model.cursor import Cursor, PlacedChange, parse_cursor
from berth.model.errors import Invalid

TAG = "0123456789abcdef"


def placed(number: int, operation: str = "CreateTrait", size: int = 0) -> PlacedChange:
    facts = Facts(gone=["x" * size]) if size else Facts()
    return PlacedChange(Cursor(number, TAG), Change(number, 1, operation, "ada", "req-1", facts))


def chunk(first: int, last: int, size: int) -> Chunk:
    return Chunk(first, Cursor(last), EventText((), ()), EventText((), ()), of_tokens=False, size=size)


def test_a_page_is_encoded_in_both_forms_with_the_place_of_each_change() -> None:
    made = chunk_of([placed(4), placed(5, "CreateToken")])
    assert (made.first, made.end, made.of_tokens) == (4, Cursor(5, TAG), True)
    (text,) = made.full.pieces
    assert text.startswith(b"id: 4-0123456789abcdef\nevent: change\ndata: {")
    assert text.count(b"\n\n") == 2
    assert made.full.after(1) == (text[text.index(b"id: 5-") :],)
    assert b'"consumers":{"count":0' in made.brief.pieces[0]
    assert made.size == len(text) + len(made.brief.pieces[0])
    assert not chunk_of([placed(6)]).of_tokens


def test_a_large_event_is_cut_into_pieces_that_all_streams_share() -> None:
    made = chunk_of([placed(1), placed(2, size=3 * events.PIECE_BYTES)])
    assert max(map(len, made.full.pieces)) == events.PIECE_BYTES
    assert made.full.after(0) is made.full.pieces
    rest = made.full.after(1)
    assert b"".join(rest) == b"".join(made.full.pieces)[made.full.starts[1] :]
    assert max(map(len, rest)) == events.PIECE_BYTES


def test_the_window_is_bounded_in_bytes_and_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT_BYTES", 100)
    monkeypatch.setattr(events, "KEPT_CHUNKS", 3)
    window = Window()
    assert window.chunk_with(1) is None
    for number, size in enumerate((40, 40, 40), 1):
        window.append(chunk(number * 10, number * 10 + 9, size))
    assert (window.size, window.chunk_with(19), window.chunk_with(40)) == (80, None, None)
    assert [window.chunk_with(number) for number in (20, 29)] == [window.chunk_with(25)] * 2
    window.append(chunk(40, 49, 200))
    assert (window.size, window.chunk_with(39)) == (200, None), "the newest is kept, whatever it weighs"
    for number in range(5, 9):
        window.append(chunk(number * 10, number * 10 + 9, 1))
    assert (window.size, window.chunk_with(59)) == (3, None)
    assert window.chunk_with(60) is not None
    window.clear()
    assert (window.size, window.chunk_with(85)) == (0, None)


def test_a_reset_has_the_place_to_continue_from() -> None:
    assert reset_event(Cursor(7, TAG)) == b'id: 7-0123456789abcdef\nevent: reset\ndata: {"head":7}\n\n'
    assert reset_event(Cursor(0)) == b'id: 0\nevent: reset\ndata: {"head":0}\n\n'


@pytest.mark.parametrize("text", ["0", "4711", f"{2**63 - 1}", "7-0123456789abcdef"])
def test_a_place_as_text_is_read_back(text: str) -> None:
    assert str(parse_cursor(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1 ", "x", "7-", "7-0123", "7-0123456789ABCDEF", f"{2**63}", "\u0661", "7-0123456789abcdef0"],
)
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(Invalid):
        parse_cursor(text)
