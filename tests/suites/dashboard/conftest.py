"""A browser, servers with different ledgers, and tabs at them. What a tab must never do is checked after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import berth
from tests.suites.dashboard.browser import Tab, browser
from tests.suites.dashboard.fleets import fill
from tests.support.commands import berth_command
from tests.support.servers import Server, running

NewTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start a browser for one module: while it runs, no other event loop can run in this process."""
    with browser() as started:
        yield started


@pytest.fixture
def new_tab(chromium: Browser) -> Iterator[NewTab]:
    """Makes tabs: server, then what Playwright's contexts take, such as viewport and color_scheme."""
    tabs: list[Tab] = []

    def made(server: Server | str, **options: Any) -> Tab:
        url = server if isinstance(server, str) else server.url
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        tabs.append(Tab(context.new_page(), url))
        return tabs[-1]

    yield made
    for tab in tabs:
        tab.page.context.close()
    for tab in tabs:
        tab.check()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[Server, str]]:
    """A server on an empty ledger of its own, and the ledger's URL."""
    url = f"sqlite:///{folder}/ledger.db"
    with running([*berth_command(), "serve", "--database", url, *options], folder) as server:
        yield server, url
    assert server.status == 0, server.output
    assert "Traceback" not in server.output


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with nothing in its ledger. No test writes there."""
    with serving(tmp_path_factory.mktemp("empty")) as (server, _):
        yield server


@pytest.fixture(scope="module")
def small_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    with serving(tmp_path_factory.mktemp("small")) as (server, url):
        with berth.open(url, actor="beside") as ledger:
            fill(ledger)
        yield server, url


@pytest.fixture(scope="module")
def small(small_url: tuple[Server, str]) -> Server:
    """A server with the small fleet of `tests.suites.dashboard.fleets`. Tests that write use names of their own."""
    return small_url[0]


@pytest.fixture(scope="module")
def ledger(small_url: tuple[Server, str]) -> Iterator[berth.Ledger]:
    """The same ledger as the small server's, opened beside it."""
    with berth.open(small_url[1], actor="beside") as it:
        yield it
