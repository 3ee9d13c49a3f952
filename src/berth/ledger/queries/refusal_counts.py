"""Counts of refused claims: how often who asked for what and was refused why, in spans of ten minutes, within bounds.

A caller who is refused a thousand times a second, for another reason each time, must not fill a table, and must not
hide what others were refused. So each project has a few reasons in a span, and all together have some more; of what is
beyond that only the number is counted, by project as long as there are not very many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from berth.model.consumer import Resources
from berth.model.term import SECOND
from berth.model.text import log_text

SPAN_US: Final = 600 * SECOND
"""How long a span is, in microseconds."""

MOST: Final = 50
"""The most counts of a span that have a reason."""

MOST_OF_PROJECT: Final = 10
"""The most counts of a project in a span that have a reason."""

MOST_RESTS: Final = 200
"""The most projects of a span that have a count of the rest; there is one more for all others."""

MOST_CLASSES: Final = 16
"""The most classes of what was asked for that are kept."""

MOST_TEXT: Final = 1_000
"""The most characters of a reason that are kept."""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Resources).decode


class Refused(NamedTuple):
    """What is counted. begin: of the span; asked: amounts by class, as JSON; why: "" for all other reasons."""

    begin: int
    project: str
    user: str
    asked: str
    why: str

    @property
    def key(self) -> str:
        """Its hash: what tells it from the others of its span."""
        return sha256(_encode(self[1:])).hexdigest()

    @property
    def resources(self) -> Resources:
        """What was asked for; nothing if that was altered so that it cannot be read."""
        try:
            return _decode(self.asked)
        except msgspec.MsgspecError:
            return {}


def refused_of(at: int, project: str, user: str, asked: Resources, why: str) -> Refused:
    """Return what a refusal counts for. at: microseconds since 1970 UTC."""
    some = _encode(dict(sorted(asked.items())[:MOST_CLASSES])).decode()
    return Refused(at - at % SPAN_US, project, user, some, log_text(why, MOST_TEXT))


class RefusalCounts:
    """The counts: by what is counted, the number, and when it was last, in microseconds since 1970 UTC."""

    def __init__(self) -> None:
        self.counts: dict[Refused, tuple[int, int]] = {}
        self._of_span = Counter[int]()
        self._of_project = Counter[tuple[int, str]]()
        self._rests = Counter[int]()

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, refused: Refused, number: int, at: int) -> Refused:
        """Count refusals. Return what they were counted for: the rest, if there are too many others already."""
        if refused not in self.counts:
            refused = self._with_room(refused)
        self.put(refused, number, at)
        return refused

    def put(self, refused: Refused, number: int, at: int) -> None:
        """Count refusals that were counted for exactly this before, whether or not there is room."""
        if refused not in self.counts:
            if refused.why:
                self._of_span[refused.begin] += 1
                self._of_project[refused.begin, refused.project] += 1
            else:
                self._rests[refused.begin] += 1
        before, last = self.counts.get(refused, (0, 0))
        self.counts[refused] = before + number, max(last, at)

    def since(self, first: int) -> RefusalCounts:
        """Return a copy of those whose span begins at `first` or later."""
        copy = RefusalCounts()
        for refused, (number, at) in self.counts.items():
            if refused.begin >= first:
                copy.put(refused, number, at)
        return copy

    def _with_room(self, refused: Refused) -> Refused:
        of_span, of_project = self._of_span[refused.begin], self._of_project[refused.begin, refused.project]
        if refused.why and of_span < MOST and of_project < MOST_OF_PROJECT:
            return refused
        rest = Refused(refused.begin, refused.project, "", "{}", "")
        return rest if rest in self.counts or self._rests[refused.begin] < MOST_RESTS else rest._replace(project="")

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the counts as rows."""
        for refused, (number, at) in self.counts.items():
            yield {**refused._asdict(), "key": refused.key, "number": number, "at": at}
