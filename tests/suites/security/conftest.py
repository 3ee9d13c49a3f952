"""What tests of attacks have in common: whatever was tried, it is looked at what has become of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.suites.security.target_server import Attacked


@pytest.fixture
def target(server: Attacked) -> Iterator[Attacked]:
    """The module's `server`, for one attack: after it nothing has changed, and it still serves."""
    server.begin()
    yield server
    server.check()
