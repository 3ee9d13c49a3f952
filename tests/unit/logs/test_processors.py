"""A line is one line, whatever stands in it, and says for which requests it is."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from typing import Any
from uuid import uuid4

import pytest

from berth.logs.processors import LONGEST, LONGEST_TRACE, MARGIN, event_of, rendering
from berth.logs.request_ids import REQUEST_IDS

FORGED = "2026-01-01T00:00:00.000000Z [error] all is lost"

HOSTILE = [
    f"\n{FORGED}",
    f"\r\n{FORGED}",
    f"\r{FORGED}",
    f"\x0b{FORGED}",
    f"\x0c{FORGED}",
    f"\x1c{FORGED}",
    f"\x85{FORGED}",
    f"\u2028{FORGED}",
    f"\u2029{FORGED}",
    "\x1b[2J\x1b[31mred",
    "\x9b31mred",
    "\x1b]0;title\x07",
    "\x08\x08\x08ok",
    "\x00",
    "\x7f",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "\u200bnothing",
    "\ufeff",
    "\ud800",
    "\U000e0041",
    '","level":"error","x":"',
    '"}\n{"level":"error"}',
    "key=value other=thing",
]

HARMFUL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def record(message: str, *args: object, error: Exception | None = None, **extra: object) -> logging.LogRecord:
    info = None
    if error is not None:
        try:
            raise error
        except Exception:  # noqa: BLE001 - whatever it is that the test gives
            info = sys.exc_info()
    return logging.getLogger("berth").makeRecord("berth", 30, __file__, 1, message, args, info, extra=extra)


def line(form: str, made: logging.LogRecord, *secrets: str) -> str:
    return rendering(form=form, secrets=secrets)(event_of(made))


def splits(text: str) -> list[str]:
    """Lines as anything that reads lines may see them: str.splitlines knows more line ends than a file does."""
    return text.splitlines()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("place", ["message", "argument", "extra", "name", "list", "object"])
def test_it_stays_one_line(form: str, text: str, place: str) -> None:
    class Odd:
        def __str__(self) -> str:
            return text

    made = {
        "message": lambda: record(text.replace("%", "%%")),
        "argument": lambda: record("said %s", text),
        "extra": lambda: record("said", value=text),
        "name": lambda: record("said", **{text: 1}),
        "list": lambda: record("said", value=[text, [text]]),
        "object": lambda: record("said", value=Odd()),
    }[place]()
    told = line(form, made)
    assert len(splits(told)) == 1
    assert HARMFUL.search(told) is None
    if form == "json":
        assert json.loads(told)["level"] == "warning"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_traceback_cannot_forge_lines_for_programs(text: str) -> None:
    told = line("json", record("failed", error=ValueError(text)))
    assert len(splits(told)) == 1
    assert HARMFUL.search(told) is None
    assert "ValueError" in json.loads(told)["exception"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_traceback_cannot_forge_lines_for_people(text: str) -> None:
    first, *rest = splits(line("console", record("failed", error=ValueError(text))))
    assert first.endswith("[warning] failed [berth]")
    assert rest
    assert all(each.startswith(MARGIN) for each in rest)
    assert HARMFUL.search("".join(rest)) is None


def test_exceptions_behind_exceptions_are_there() -> None:
    error = ValueError("second")
    error.__cause__ = KeyError("first")
    error.add_note("a note")
    trace = json.loads(line("json", record("failed", error=error)))["exception"]
    assert [text in trace for text in ("first", "second", "a note")] == [True, True, True]


def test_a_traceback_tells_no_values_of_variables() -> None:
    def fail(local: str) -> None:
        raise ValueError(len(local))

    value = uuid4().hex
    try:
        fail(value)
    except ValueError:
        made = logging.getLogger("berth").makeRecord("berth", 40, __file__, 1, "failed", (), sys.exc_info())
    for form in ("json", "console"):
        assert "ValueError: 32" in line(form, made)
        assert value not in line(form, made)


def test_when_where_and_how_bad() -> None:
    told = json.loads(line("json", record("as %s as that", "simple", number=3, nothing=None, yes=True)))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told.pop("timestamp"))
    assert told == {
        "level": "warning",
        "event": "as simple as that",
        "logger": "berth",
        "number": 3,
        "nothing": None,
        "yes": True,
    }


def test_for_whom() -> None:
    render = rendering(form="json")
    entered = REQUEST_IDS.set(("req-1",))
    one = event_of(record("one"))
    REQUEST_IDS.set(("req-2", "req-3"))
    two = event_of(record("two"))
    REQUEST_IDS.reset(entered)
    none = event_of(record("none"))
    told = [json.loads(render(each)) for each in (one, two, none)]
    assert [(each.get("request"), each.get("requests")) for each in told] == [
        ("req-1", None),
        (None, ["req-2", "req-3"]),
        (None, None),
    ]


def test_nothing_is_without_end() -> None:
    told = json.loads(line("json", record("said", value="a" * 1_000_000, error=ValueError("b" * 1_000_000))))
    assert len(told["value"]) == LONGEST + len("...")
    assert len(told["exception"]) == LONGEST_TRACE


def test_colours_only_where_they_are_wanted() -> None:
    event: dict[str, Any] = event_of(record("said", value="x"))
    assert "\x1b[" in rendering(form="console", colors=True)(dict(event))
    assert "\x1b[" not in rendering(form="console")(dict(event))
    assert "\x1b[" not in rendering(form="json")(dict(event))


def test_what_people_see() -> None:
    told = rendering(form="console")({"at": 0, "level": "info", "event": "request", "path": "/a b", "status": 200})
    assert told == "1970-01-01T00:00:00.000000Z [info] request path='/a b' status=200"


def test_the_harmful_are_found_by_this_test() -> None:
    raw = io.StringIO()
    handler = logging.StreamHandler(raw)
    for text in HOSTILE[:-3]:
        raw.truncate(raw.seek(0))
        handler.emit(record("said %s", text))
        assert HARMFUL.search(raw.getvalue().rstrip("\n")) or len(splits(raw.getvalue())) > 1 or text[0] == "\U000e0041"
