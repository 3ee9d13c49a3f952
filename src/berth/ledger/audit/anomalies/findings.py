"""Signs that belong together, as one finding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from berth.ledger.audit.anomalies.detectors import Loss, Signal
from berth.model.anomaly import MOST_NAMED, Anomaly, AnomalyKind

APART_US: Final = 3_600_000_000
"""Signs of one kind, of one actor, that are an hour apart are two findings."""

MOST_FINDINGS: Final = 10_000
"""How many findings are kept, the newest: a log that is full of them has been understood by then."""

FindingKey = tuple[AnomalyKind, tuple[str, str], str]


@dataclass(slots=True)
class OpenFinding:
    """A finding that may go on. address: None once there were several; shares: the largest loss of each thing."""

    kind: AnomalyKind
    who: tuple[str, str]
    first_at: int
    last_at: int
    why: str
    address: str | None
    shares: dict[str, Loss] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    last: int = 0
    count: int = 0

    def add(self, sign: Signal, at: int, address: str) -> None:
        """One more sign."""
        for number in sign.numbers:
            if number > self.last:
                self.count, self.last = self.count + 1, number
                if len(self.numbers) < MOST_NAMED:
                    self.numbers.append(number)
        self.last_at = max(self.last_at, at)
        if address != self.address:
            self.address = None
        if self.kind is AnomalyKind.REFUSALS:  # the number in it has grown
            self.why = sign.why
        for share in sign.shares:
            known = self.shares.get(share.what)
            if known is None or share.lost >= known.lost:
                self.shares[share.what] = share

    @property
    def stands(self) -> bool | None:
        """Whether it is a finding; None if that is not known yet."""
        if any(share.part is None for share in self.shares.values()):
            return None
        return not self.shares or self._worst is not None

    @property
    def _worst(self) -> Loss | None:
        """The largest part of something that was lost, if it is one that is unusual."""
        large = [share for share in self.shares.values() if share.part is not None and share.part >= share.least]
        return max(large, key=lambda share: share.part or 0, default=None)

    @property
    def anomaly(self) -> Anomaly:
        """As it is told."""
        via, actor = self.who
        worst = self._worst
        return Anomaly(
            kind=self.kind,
            actor=actor if via else "",
            via=via,
            address=self.address or "",
            first_at=self.first_at,
            last_at=self.last_at,
            records=tuple(self.numbers),
            count=self.count,
            why=self.why if worst is None else f"{worst.why}: {worst.part:.0%} of all that there was",
        )


class Findings:
    """All findings so far."""

    def __init__(self) -> None:
        self._going_on: dict[FindingKey, OpenFinding] = {}
        self._tallies: deque[OpenFinding] = deque(maxlen=MOST_FINDINGS)

    def add(self, sign: Signal, at: int, address: str) -> None:
        """To the finding that it belongs to, or as a new one. at: when; address: from where."""
        key = sign.kind, sign.who, sign.about
        tally = self._going_on.get(key)
        if tally is None or at - tally.last_at > APART_US:
            tally = OpenFinding(sign.kind, sign.who, at if sign.since is None else sign.since, at, sign.why, address)
            self._forget(at)
            self._going_on[key] = tally
            self._tallies.append(tally)
        tally.add(sign, at, address)

    def _forget(self, at: int) -> None:
        """Those that will not go on, and those that are no findings."""
        for key in [key for key, each in self._going_on.items() if at - each.last_at > APART_US]:
            del self._going_on[key]
        if self._tallies and len(self._tallies) == MOST_FINDINGS:
            kept = [each for each in self._tallies if each.stands is not False]
            self._tallies = deque(kept, maxlen=MOST_FINDINGS)

    def __iter__(self) -> Iterator[Anomaly]:
        return (each.anomaly for each in self._tallies if each.stands)
