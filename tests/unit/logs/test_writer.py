"""Whoever logs waits for nobody and fails for nothing: not if nobody reads, not if a line cannot be made."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from berth.logs import writer as writing
from berth.logs.processors import rendering
from berth.logs.setup import Logging, RateLimit
from berth.logs.writer import Writer
from berth.settings import Log
from tests.support.deadline import LIMIT_S

RENDER = rendering(form="json")


def event(number: int = 0) -> dict[str, Any]:
    return {"at": 0, "level": "info", "event": "said", "number": number}


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The ends of a pipe: to read, to write."""
    ends = os.pipe()
    yield ends
    for each in ends:
        with suppress(OSError):
            os.close(each)


def read(end: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in os.read(end, 10_000_000).decode().splitlines()]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the time that is tried."""
    monkeypatch.setattr(writing, "END_S", 60)


@pytest.mark.usefixtures("patient")
def test_lines_come_in_order(pipe: tuple[int, int]) -> None:
    writer = Writer(RENDER, pipe[1])
    for number in range(100):
        writer.put(event(number))
    writer.end()
    assert [each["number"] for each in read(pipe[0])] == list(range(100))


@pytest.mark.usefixtures("patient")
def test_of_threads_none_loses_any(pipe: tuple[int, int]) -> None:
    writer, told = Writer(RENDER, pipe[1]), []

    def listen() -> None:
        with os.fdopen(os.dup(pipe[0])) as file:
            told.extend(file.readlines())

    reader = threading.Thread(target=listen)
    reader.start()

    def say(first: int) -> None:
        for number in range(first, first + 500):
            writer.put(event(number))

    threads = [threading.Thread(target=say, args=(first,)) for first in (0, 500, 1000, 1500)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    writer.end()
    os.close(pipe[1])
    reader.join()
    assert sorted(json.loads(each)["number"] for each in told) == list(range(2000))


def _put_interrupted(writer: Writer, at: int) -> int:
    """Put an event; at one of the lines that are executed for it, put another one. Return how many lines there are."""
    lines = count()

    def interrupt(_frame: Any, kind: str, _value: Any) -> Any:
        if kind == "line" and next(lines) == at:
            writer.put(event(2))
        return interrupt

    sys.settrace(interrupt)
    try:
        writer.put(event(1))
    finally:
        sys.settrace(None)
    return next(lines)


@pytest.mark.usefixtures("patient")
def test_a_thread_that_logs_while_it_logs_does_not_wait_for_itself(pipe: tuple[int, int]) -> None:
    """As a destructor does that the garbage collector runs in the midst of it."""
    lines, at = 0, -1
    while at < lines:
        writer, measured = Writer(RENDER, pipe[1]), list[int]()
        thread = threading.Thread(target=lambda: measured.append(_put_interrupted(writer, at)), daemon=True)  # noqa: B023 - it ends here
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), f"it waits for itself from line {at} on"
        writer.end()
        assert sorted(each["number"] for each in read(pipe[0])) == ([1, 2] if 0 <= at < measured[0] else [1])
        lines, at = max(lines, *measured), at + 1
    assert lines > 20


def test_nobody_waits_for_a_reader_who_does_not_read(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "END_S", 0.2)
    writer = Writer(RENDER, pipe[1], most=2000)
    began = time.monotonic()
    for _ in range(50_000):
        writer.put(event())
    writer.end()
    assert time.monotonic() - began < LIMIT_S
    told = []
    os.set_blocking(pipe[0], False)
    deadline = time.monotonic() + 60
    while not any("were dropped" in each["event"] for each in told):
        assert time.monotonic() < deadline, told[-1:]
        try:
            told += [json.loads(line) for line in _whole_lines(pipe[0])]
        except BlockingIOError:
            time.sleep(0.01)
    (warning,) = (each for each in told if "were dropped" in each["event"])
    assert warning["level"] == "warning"
    assert int(warning["event"].split()[0]) >= 10_000
    os.close(pipe[0])  # or the rest would be written into the next test's pipe, which has the same number
    assert writer._thread is not None
    writer._thread.join(60)


def _whole_lines(end: int) -> list[str]:
    text = b""
    while not text.endswith(b"\n"):
        text += os.read(end, 65_536)
    return text.decode().splitlines()


def test_nobody_minds_that_there_is_no_reader(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    writer = Writer(RENDER, pipe[1])
    for _ in range(10):
        writer.put(event())
    writer.end()


def test_a_line_that_cannot_be_made(pipe: tuple[int, int]) -> None:
    class Worse:
        def __str__(self) -> str:
            raise RuntimeError("a\nsecret")

    writer = Writer(RENDER, pipe[1])
    writer.put({**event(), "value": Worse()})
    writer.put(event(1))
    writer.end()
    failed, after = read(pipe[0])
    assert failed["event"] == "a log line could not be formatted: RuntimeError"
    assert after["number"] == 1


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """The logging of the tests themselves, as it was."""
    root, own = logging.getLogger(), logging.getLogger("berth")
    before = root.handlers[:], root.level, own.level, logging.raiseExceptions, threading.excepthook
    yield
    root.handlers[:], root.level, own.level, logging.raiseExceptions, threading.excepthook = before
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", ["own debug", "own info", "own warning", "own error", "other warning", "other error"]),
        ("info", ["own info", "own warning", "own error", "other warning", "other error"]),
        ("warning", ["own warning", "own error", "other warning", "other error"]),
        ("error", ["own error", "other error"]),
    ],
)
def test_levels_and_that_libraries_only_warn(pipe: tuple[int, int], level: Any, said: list[str]) -> None:
    log = Logging(Log(format="json", level=level), file=pipe[1])
    log.take_over()
    for name, of in (("own", "berth"), ("other", "sqlalchemy.engine")):
        for each in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger(of), each)("%s %s", name, each)
    log.info({"event": "quick"})
    log.end()
    told = [each["event"] for each in read(pipe[0])]
    assert told == [*said, *(["quick"] if level in ("debug", "info") else [])]


@pytest.mark.usefixtures("undisturbed")
def test_what_nobody_catches_and_what_cannot_be_formatted(pipe: tuple[int, int]) -> None:
    log = Logging(Log(format="json"), file=pipe[1])
    log.take_over()

    def fail() -> None:
        raise ValueError("in a thread\nof its own")

    thread = threading.Thread(target=fail, name="doomed")
    thread.start()
    thread.join()
    logging.getLogger("berth").warning("%d", "no number")
    log.end()
    uncaught, unmade = read(pipe[0])
    assert uncaught["event"] == "the thread doomed failed"
    assert "ValueError: in a thread\nof its own" in uncaught["exception"]
    assert unmade["event"].startswith("a log line could not be formatted: TypeError, ")


def test_the_same_complaint_comes_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    seldom = RateLimit(("opentelemetry",), seconds=30)

    def passes(name: str, line: int) -> bool:
        return bool(seldom.filter(logging.LogRecord(name, 30, "file.py", line, "x", (), None)))

    assert [passes("opentelemetry.exporter", 1) for _ in range(3)] == [True, False, False]
    assert passes("opentelemetry.exporter", 2)
    assert [passes("berth", 1) for _ in range(3)] == [True, True, True]
    now += 31
    assert passes("opentelemetry.exporter", 1)
