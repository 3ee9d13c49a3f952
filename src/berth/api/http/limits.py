"""What one request, and one caller, may ask for: everything here is looked at before anything is done."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Final

from berth.api.http.messages import HttpError, LimitExceeded, Request
from berth.model.request import CandidateRequest, Filter
from berth.settings import Limits

MOST_KEYS: Final = 10_000
"""How many callers a bucket remembers: whoever comes from ever new addresses costs no more memory than that."""


_REST: Final = bytes(each for each in range(256) if each not in b'[]{}"')
_STEPS: Final = [1 if each in b"[{" else -1 for each in range(256)]


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
            return LimitExceeded(414, f"The query is longer than {self.limits.query_bytes} bytes.")
        if _size(request.headers) > self.limits.header_bytes:
            return LimitExceeded(431, f"The headers are larger than {self.limits.header_bytes} bytes.")
        if self._free:
            return None
        wait = self._addresses.wait(request.address) or self._of_token(request.headers)
        return _too_many(wait) if wait else None

    def too_deep(self, body: bytes) -> HttpError | None:
        """What speaks against decoding a body; None if nothing. Lists and objects within each other are counted."""
        if is_deeper(body, self.limits.nesting):
            return LimitExceeded(400, f"The body has lists or objects nested more than {self.limits.nesting} deep.")
        return None

    def guessed(self, request: Request) -> HttpError | None:
        """A request turned out to be nobody's. None: tell it so; else its address has tried too often.

        Asked only then, so that nobody who is known is kept out by whoever guesses from behind the same address.
        """
        wait = self._unknown.wait(request.address)
        return _too_many(wait) if wait else None

    def _of_token(self, headers: Mapping[str, str]) -> float:
        token = headers.get("x-auth-token") or headers.get("authorization")
        return self._tokens.wait(token) if token else 0.0


def check_request(limits: Limits, request: CandidateRequest) -> None:
    """TooMuch, if a request has more groups or conditions than may be asked for at once."""
    if len(request.groups) > limits.groups:
        raise LimitExceeded(
            400, f"The request has {len(request.groups)} groups: at most {limits.groups} can be asked for."
        )
    _check_conditions(
        limits,
        len(request.same_subtrees)
        + len(request.root_required)
        + len(request.root_forbidden)
        + sum(map(_conditions, request.groups)),
    )


def check_filter(limits: Limits, asked: Filter) -> None:
    """TooMuch, if there are more conditions in it than may be asked for at once."""
    _check_conditions(limits, _conditions(asked))


def _check_conditions(limits: Limits, count: int) -> None:
    if count > limits.conditions:
        raise LimitExceeded(400, f"The request has {count} conditions: at most {limits.conditions} can be asked for.")


def _conditions(asked: Filter) -> int:
    """Amounts, sets of traits and of aggregates; however many there are to choose from in a set, it is one."""
    forbidden = len(asked.forbidden) + bool(asked.not_member_of)
    return len(asked.resources) + len(asked.required) + len(asked.member_of) + forbidden


def is_deeper(body: bytes, most: int) -> bool:
    """Whether lists and objects in JSON are within each other more than so many times. What is no JSON may be either.

    Most bodies have too few of them, and are not looked at any closer.
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    outside_of_strings = b"".join(unescaped.translate(None, _REST).split(b'"')[::2])
    return max(accumulate(map(_STEPS.__getitem__, outside_of_strings)), default=0) > most


def _size(headers: Mapping[str, str]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values()))


def _too_many(wait: float) -> HttpError:
    seconds = str(max(1, math.ceil(wait)))
    return LimitExceeded(429, f"Too many requests: try again in {seconds} s.", headers=(("retry-after", seconds),))
