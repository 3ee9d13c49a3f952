"""Waiting for a server that is starting."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

import httpx

ASK_AGAIN_S: Final = 0.2


def wait_until_ready(url: str, seconds: float) -> None:
    """Return when the server at this address answers that it is ready, at the latest after this time.

    It never raises: the next request to the server says what is wrong with it.
    """
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        with suppress(httpx.HTTPError, httpx.InvalidURL):
            reply = httpx.get(f"{url}/readyz", timeout=max(left, ASK_AGAIN_S), trust_env=False)
            if reply.is_success:
                return
        time.sleep(min(left, ASK_AGAIN_S))
