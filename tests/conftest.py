"""What every test can rely on."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does: what has been started is stopped first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
