"""What one request, and one caller, may ask for: everything here is looked at before anything is done."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from berth.api.http import HttpError, Request
from berth.settings import Limits

MOST_KEYS: Final = 10_000
"""How many callers a bucket remembers: whoever comes from ever new addresses costs no more memory than that."""


class Buckets:
    """Token buckets: each caller may do `rate` a second, and `burst` more at once. rate 0: any number."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Take one out of a caller's bucket: 0 if there was one in it, else the seconds until there is."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        level, at = self._levels.pop(caller, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        missing = 1.0 - level
        self._levels[caller] = (level if missing > 0 else level - 1.0), now
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)
        return max(0.0, missing / self._rate)


class Limiter:
    """Refuses what is too large, and whoever comes too often.

    Rates are of this process: with N workers, each gets an Nth of what is allowed.
    """

    def __init__(self, limits: Limits, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits: Final = limits
        share = 1 / workers
        self._tokens = Buckets(limits.rate_per_token * share, limits.burst, clock)
        self._addresses = Buckets(limits.rate_per_address * share, limits.burst, clock)
        self._unknown = Buckets(limits.refusals_per_address * share, limits.burst, clock)
        self._free = limits.rate_per_token <= 0 and limits.rate_per_address <= 0

    def refusal(self, request: Request) -> HttpError | None:
        """What speaks against looking at a request at all; None if nothing."""
        if len(request.query) > self.limits.query_bytes:
            return HttpError(414, f"The query is longer than {self.limits.query_bytes} bytes.")
        if _size(request.headers) > self.limits.header_bytes:
            return HttpError(431, f"The headers are larger than {self.limits.header_bytes} bytes.")
        if self._free:
            return None
        wait = self._addresses.wait(request.address) or self._of_token(request.headers)
        return _too_many(wait) if wait else None

    def guessed(self, request: Request) -> HttpError | None:
        """A request turned out to be nobody's. None: tell it so; else its address has tried too often.

        Asked only then, so that nobody who is known is kept out by whoever guesses from behind the same address.
        """
        wait = self._unknown.wait(request.address)
        return _too_many(wait) if wait else None

    def _of_token(self, headers: Mapping[str, str]) -> float:
        token = headers.get("x-auth-token") or headers.get("authorization")
        return self._tokens.wait(token) if token else 0.0


def _size(headers: Mapping[str, str]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values()))


def _too_many(wait: float) -> HttpError:
    seconds = str(max(1, math.ceil(wait)))
    return HttpError(429, f"Too many requests: try again in {seconds} s.", headers=(("retry-after", seconds),))
