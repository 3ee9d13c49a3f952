"""Refused requests on their way to the audit log: what repeats itself becomes one record a minute, with its number.

Otherwise a client that is refused a thousand times a second would fill the log, which only its owner may shorten, and
its records would be committed in line with everybody's claims.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from berth.api.http.forwarded import site_of
from berth.model.audit import RefusedRequest, repeated
from berth.model.caller import Caller

WINDOW_S: Final = 60
"""How long refusals of one kind are counted before their number is recorded."""

MOST_SITES: Final = 1_000
"""How many addresses are counted on their own; all others are counted together."""

OTHERS: Final = ""
"""In place of an address: all those that are not counted on their own."""

_DIGITS: Final = dict.fromkeys(map(ord, "0123456789"))

Kind = tuple[str, str, str, str, str]
"""What refusals of one kind share: outcome, operation, reason (without its figures), and who was refused."""


@dataclass(slots=True)
class _Repeats:
    """Refusals since the last record of their kind: how many, and the last of them."""

    last: RefusedRequest
    number: int = 0


@dataclass(slots=True)
class _Site:
    """The refusals of one address. rest: of all kinds beyond those that are counted on their own."""

    kinds: dict[Kind, _Repeats] = field(default_factory=dict)
    rest: _Repeats | None = None


class RefusalLog:
    """Records refusals: the first of a kind at once, those that follow once a minute, as their number.

    record: writes one; most: how many records for one address within any minute; 0: each refusal is recorded. Safe to
    share between threads.
    """

    def __init__(self, record: Callable[[RefusedRequest], None], most: int) -> None:
        self._record, self._all = record, most <= 0
        # The kinds of one window have a record each before its end, and one at its end, with one for the rest; what
        # is repeated then takes up room in the next. So this holds for any minute, not only from one end to the next.
        self._most_kinds = max(1, (most - 1) // 2)
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    @property
    def counting(self) -> bool:
        """Whether `flush` will have anything to do at the end of the window."""
        return bool(self._sites)

    def add(self, refused: RefusedRequest) -> None:
        """Record a refusal, or count it."""
        if self._all:
            self._record(refused)
            return
        with self._lock:
            new = self._is_new(refused)
        if new:
            self._record(refused)

    def flush(self) -> None:
        """End the window: record the numbers of all kinds that were repeated, and forget the others."""
        with self._lock:
            summaries = [each for site in self._sites.values() for each in _summaries(site)]
            self._sites = {name: rest for name, site in self._sites.items() if (rest := _continued(site)).kinds}
        for each in summaries:
            self._record(each)

    def _is_new(self, refused: RefusedRequest) -> bool:
        """Whether a refusal is to be recorded at once; count it otherwise."""
        site, kind = self._site(refused.caller.address), _kind_of(refused)
        repeats = site.kinds.get(kind)
        if repeats is None and len(site.kinds) < self._most_kinds:
            site.kinds[kind] = _Repeats(refused)
            return True
        if repeats is None:
            repeats = site.rest = site.rest or _Repeats(refused)
        repeats.last = refused
        repeats.number += 1
        return False

    def _site(self, address: str) -> _Site:
        name = site_of(address)
        if name not in self._sites and len(self._sites) >= MOST_SITES:
            name = OTHERS
        return self._sites.setdefault(name, _Site())


def _kind_of(refused: RefusedRequest) -> Kind:
    caller = refused.caller
    return refused.outcome, refused.operation, refused.why.translate(_DIGITS), caller.via, caller.called


def _summaries(site: _Site) -> Iterator[RefusedRequest]:
    for each in site.kinds.values():
        if each.number:
            yield replace(each.last, why=repeated(each.number, each.last.why))
    if site.rest is not None:  # of several callers, perhaps
        last = site.rest.last
        why = repeated(site.rest.number, f"Various reasons, the last: {last.why}")
        yield replace(last, caller=Caller(address=last.caller.address), why=why)


def _continued(site: _Site) -> _Site:
    """Return what an address begins the next window with: the kinds that were repeated, as recorded."""
    return _Site({kind: _Repeats(each.last) for kind, each in site.kinds.items() if each.number})
