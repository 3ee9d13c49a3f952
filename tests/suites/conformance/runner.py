"""One run of a file of the suite against a new server."""

from __future__ import annotations

import logging
import unittest
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx
from gabbi import handlers, suitemaker

from tests.suites.conformance import gabbi_http
from tests.suites.conformance.fixture_data import fill, publish
from tests.suites.conformance.servers import new_server
from tests.suites.conformance.suites import FOLDER, Suite, suite
from tests.support.servers import Server

TOO_MANY_TIMEOUTS = 3
SHOWN = 1500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test ended.  ``kind`` is where it stopped, and empty if it passed."""

    test: str
    kind: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """How a file ended: an outcome for each of its tests, and the end of its server."""

    file: str
    database: str
    profile: str
    outcomes: tuple[Outcome, ...]
    """One for each test, in the file's order."""
    status: int | None
    output: str = field(repr=False)


def run_file(file: str, kind: str, *more: str, database: str = "sqlite") -> Run:
    """Run one file against a server of ``kind``, ``more`` being further words of its command line.

    ``database`` is the kind of database that Berth is run on.

    This changes the process's environment and gabbi, so it wants a process of its own.
    """
    chosen = suite(file)
    logging.disable(logging.CRITICAL)
    gabbi_http.install()
    server: Server | None = None
    outcomes: list[Outcome] = []
    trouble = "an earlier test gave up"
    try:
        with new_server(chosen.fixture.profile, kind, *more, database=database) as server:
            publish(fill(chosen.fixture, server.url))
            outcomes = _run_tests(chosen, server)
    except Exception as failure:  # noqa: BLE001
        # Whatever it is, it is the reason why these tests have not been run.
        trouble = f"{type(failure).__name__}: {failure}"
    missed = (Outcome(name, "not run", trouble) for name in chosen.tests[len(outcomes) :])
    status, output = (None, "") if server is None else (server.status, server.output)
    return Run(file, database, chosen.fixture.profile, (*outcomes, *missed), status, output)


def _run_tests(chosen: Suite, server: Server) -> list[Outcome]:
    tests = suitemaker.test_suite_from_dict(
        unittest.TestLoader(),
        chosen.file,
        deepcopy(
            {**chosen.document, "fixtures": []}
        ),  # gabbi fills in what it learns; the next run must start without it
        str(FOLDER),
        "127.0.0.1",
        server.port,
        fixture_module=None,
        intercept=None,
        handlers=list(_staged_handlers()),
    )
    result = _Outcomes()
    tests.run(result)
    return result.outcomes


def _staged_handlers() -> Iterable[Any]:
    """Yield gabbi's checks of a reply, each of which records in the test that it has begun."""
    names = {"StringResponseHandler": "words", "JSONHandler": "json"}
    for judge in handlers.RESPONSE_HANDLERS:
        stage = names.get(judge.__name__, "headers")
        yield type(judge.__name__, (_Staged, judge), {"stage": stage})()


class _Staged:
    """A mixin of gabbi's handlers that records which check a test has reached."""

    stage = ""

    def __call__(self, test: Any) -> None:
        test.stage = self.stage
        super().__call__(test)  # type: ignore[misc]


class _Outcomes(unittest.TestResult):
    """A collection of outcomes.  A test that is skipped has not passed."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[Outcome] = []
        self._timeouts = 0

    def addSuccess(self, test: Any) -> None:
        self._add(test)

    def addFailure(self, test: Any, err: Any) -> None:
        stage = getattr(test, "stage", "status" if hasattr(test, "response") else "no answer")
        self._add(test, stage, _failure_text(test, err[1]))

    def addError(self, test: Any, err: Any) -> None:
        self._timeouts += isinstance(err[1], httpx.TimeoutException)
        if self._timeouts >= TOO_MANY_TIMEOUTS:
            self.stop()
        self._add(test, "error", _failure_text(test, err[1]))

    def addSkip(self, test: Any, reason: str) -> None:
        self._add(test, "skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._add(test, "expected failure", _failure_text(test, err[1]))

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._add(test, "unexpected success")

    def _add(self, test: Any, kind: str = "", reason: str = "") -> None:
        self.outcomes.append(Outcome(test.test_data["name"], kind, reason))


def _failure_text(test: Any, failure: BaseException) -> str:
    """Return the request, the reply and the failure."""
    data = test.test_data
    given = {name.lower(): value for name, value in data["request_headers"].items()}
    version = given.get("openstack-api-version", "no version")
    answer = getattr(test, "response", None)
    lines = [f"{data['method']} {getattr(test, 'url', data['url'])} ({version})"]
    if answer is not None:
        lines.append(f"answered {answer['status']}, expected {data['status']}: {str(test.output)[:SHOWN]}")
    lines.append(f"{type(failure).__name__}: {str(failure)[:SHOWN]}")
    return "\n".join(lines)
