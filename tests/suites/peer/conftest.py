"""The pair of servers that the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.suites.peer.compare import checkable
from tests.suites.peer.servers import NoPeer, Pair, pair, peer_python, tested_words
from tests.support.prerequisites import skip_or_fail


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "peer: the same requests to the real Placement and to Berth")


@pytest.fixture(scope="session")
def peer() -> str:
    """The interpreter that has Placement; without one the test is skipped, but fails where CI is set."""
    try:
        return peer_python()
    except NoPeer as missing:
        skip_or_fail(str(missing))


@pytest.fixture(scope="session")
def tested(peer: str) -> list[str]:
    """The texts that Placement's own tests look for."""
    return checkable(tested_words(peer))


@pytest.fixture(scope="module")
def servers(peer: str, database_kind: str) -> Iterator[Pair]:
    """Placement, and Berth on each kind of database in turn."""
    with pair(database=database_kind) as both:
        yield both
