"""A server that answers, but cannot do what it is asked for now: what is said, and that pages get over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import make_url, text

import berth
from tests.suites.dashboard.conftest import NewTab, serving
from tests.suites.dashboard.fleets import fill
from tests.suites.dashboard.test_sign_in import sign_in
from tests.support.commands import berth_command
from tests.support.databases import admin_connection, chosen_kinds, ledger_database, require_database, server_url
from tests.support.servers import running

LIMIT_MS = 40_000


def test_too_many_requests(tmp_path: Path, new_tab: NewTab) -> None:
    """It is said, and the page is filled as soon as the server has forgiven."""
    limits = ("--set", "limits.rate_per_token=1", "--set", "limits.burst=6")
    with serving(tmp_path, *limits) as (there, url), berth.open(url) as ledger:
        fill(ledger)
        tab = new_tab(there)
        tab.expect("status of 429")
        tab.open("fleet")
        expect(tab.page.get_by_role("alert")).to_contain_text("Too many requests")
        expect(tab.page.get_by_role("alert")).to_contain_text("tries again automatically")
        expect(tab.page.locator("canvas")).to_be_visible(timeout=LIMIT_MS)
        expect(tab.page.get_by_role("alert")).to_have_count(0, timeout=LIMIT_MS)
        tab.page.context.close()


def test_too_many_attempts_to_sign_in(tmp_path: Path, new_tab: NewTab) -> None:
    """Nothing is tried again there, and the page does not say so."""
    limits = ("--auth", "token", "--set", "limits.refusals_per_address=0.1", "--set", "limits.burst=1")
    with serving(tmp_path, *limits) as (there, _):
        tab = new_tab(there)
        tab.expect("status of 4(01|29)")
        tab.open(token=None)
        for _ in range(2):
            sign_in(tab, "berth_wrong_token")
            expect(tab.page.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
        alert = tab.page.get_by_role("alert")
        expect(alert).to_contain_text("Too many requests")
        expect(alert).to_contain_text("Try again in")
        assert "by itself" not in alert.inner_text()


@contextmanager
def away(url: str) -> Iterator[None]:
    """Nobody is let into this database of PostgreSQL, and whoever is in there is put out."""
    name = make_url(url).database
    with admin_connection(server_url("postgresql")) as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        gone = f"SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = '{name}'"
        connection.execute(text(gone))
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))


@pytest.mark.parametrize("kind", chosen_kinds(["postgresql"]))
def test_a_database_that_is_away(kind: str, tmp_path: Path, new_tab: NewTab) -> None:
    require_database(kind)
    with ledger_database(kind, tmp_path) as url:
        command = [*berth_command(), "serve", "--database", url]
        with running(command, tmp_path) as there, berth.open(url) as ledger:
            fill(ledger)
            tab = new_tab(there)
            tab.expect("status of 503")
            tab.open("fleet")
            with away(url):
                tab.go("providers")
                expect(tab.page.get_by_role("alert")).to_contain_text("The ledger cannot answer now")
                expect(tab.page.get_by_role("alert")).to_contain_text("tries again automatically")
            expect(tab.page.get_by_role("link", name="node-1", exact=True)).to_be_visible(timeout=LIMIT_MS)
            expect(tab.page.get_by_role("alert")).to_have_count(0)
            tab.page.context.close()
