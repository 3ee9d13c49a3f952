"""Findings: signals that belong together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from berth.ledger.audit.anomalies.baseline import LevelTable
from berth.ledger.audit.anomalies.detectors import Loss, Signal
from berth.model.anomaly import MOST_NAMED, Anomaly, AnomalyKind

APART_US: Final = 3_600_000_000
"""Signals of one kind and actor that are more than an hour apart make two findings."""

MOST_FINDINGS: Final = 10_000
"""How many findings are kept: the newest."""

FindingKey = tuple[AnomalyKind, tuple[str, str], str]


class LossState(msgspec.Struct, array_like=True):
    """What is kept of a loss. level: its number in a table."""

    what: str
    lost: int
    level: int
    position: int
    least: float
    why: str


class FindingState(msgspec.Struct, array_like=True):
    """What is kept of a finding."""

    kind: AnomalyKind
    who: tuple[str, str]
    first_at: int
    last_at: int
    why: str
    address: str | None
    losses: list[LossState]
    numbers: list[int]
    last: int
    count: int


class FindingsState(msgspec.Struct, array_like=True):
    """What is kept of all findings.

    kept: how many of `each` count; open: what may continue: what distinguishes it, and its number in `each`.
    """

    each: list[FindingState]
    kept: int
    open: list[tuple[str, int]]


@dataclass(slots=True)
class OpenFinding:
    """A finding that may continue. address: None once there were several; losses: the largest one of each thing."""

    kind: AnomalyKind
    who: tuple[str, str]
    first_at: int
    last_at: int
    why: str
    address: str | None
    losses: dict[str, Loss] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    last: int = 0
    count: int = 0

    def state(self, levels: LevelTable) -> FindingState:
        """Return what to keep of it."""
        losses = [
            LossState(loss.what, loss.lost, levels.number(loss.level), loss.position, loss.least, loss.why)
            for loss in self.losses.values()
        ]
        return FindingState(
            self.kind,
            self.who,
            self.first_at,
            self.last_at,
            self.why,
            self.address,
            losses,
            self.numbers,
            self.last,
            self.count,
        )

    @classmethod
    def restored(cls, state: FindingState, levels: LevelTable) -> Self:
        """Return the finding that was kept."""
        losses = {
            each.what: Loss(each.what, each.lost, levels.levels[each.level], each.position, each.least, each.why)
            for each in state.losses
        }
        return cls(
            state.kind,
            state.who,
            state.first_at,
            state.last_at,
            state.why,
            state.address,
            losses,
            state.numbers,
            state.last,
            state.count,
        )

    def add(self, signal: Signal, at: int, address: str) -> None:
        """Add a signal."""
        for number in signal.numbers:
            if number > self.last:
                self.count, self.last = self.count + 1, number
                if len(self.numbers) < MOST_NAMED:
                    self.numbers.append(number)
        self.last_at = max(self.last_at, at)
        if address != self.address:
            self.address = None
        if self.kind is AnomalyKind.REFUSALS:  # the number in the sentence has grown
            self.why = signal.why
        for loss in signal.losses:
            earlier = self.losses.get(loss.what)
            if earlier is None or loss.lost >= earlier.lost:
                self.losses[loss.what] = loss

    @property
    def is_confirmed(self) -> bool | None:
        """Whether it is a finding; None if not known yet."""
        if any(loss.share is None for loss in self.losses.values()):
            return None
        return not self.losses or self._largest_loss is not None

    @property
    def _largest_loss(self) -> Loss | None:
        """The largest unusual loss, if there is one."""
        large = [loss for loss in self.losses.values() if loss.share is not None and loss.share >= loss.least]
        return max(large, key=lambda loss: loss.share or 0, default=None)

    @property
    def anomaly(self) -> Anomaly:
        """The finding in the form of a report."""
        via, actor = self.who
        largest = self._largest_loss
        return Anomaly(
            kind=self.kind,
            actor=actor if via else "",
            via=via,
            address=self.address or "",
            first_at=self.first_at,
            last_at=self.last_at,
            records=tuple(self.numbers),
            count=self.count,
            why=self.why if largest is None else f"{largest.why}: {largest.share:.0%} of the total",
        )


class Findings:
    """All findings so far, open and closed ones."""

    def __init__(self) -> None:
        self._open: dict[FindingKey, OpenFinding] = {}
        self._all: deque[OpenFinding] = deque(maxlen=MOST_FINDINGS)

    def state(self, levels: LevelTable) -> FindingsState:
        """Return what to keep of them."""
        every = list(self._all)
        numbers = {id(each): number for number, each in enumerate(every)}
        for each in self._open.values():
            if id(each) not in numbers:
                numbers[id(each)] = len(every)
                every.append(each)
        still_open = [(about, numbers[id(each)]) for (_, _, about), each in self._open.items()]
        return FindingsState([each.state(levels) for each in every], len(self._all), still_open)

    @classmethod
    def restored(cls, state: FindingsState, levels: LevelTable) -> Self:
        """Return the findings that were kept."""
        findings, every = cls(), [OpenFinding.restored(each, levels) for each in state.each]
        findings._all.extend(every[: state.kept])
        for about, number in state.open:
            findings._open[every[number].kind, every[number].who, about] = every[number]
        return findings

    def add(self, signal: Signal, at: int, address: str) -> None:
        """Add a signal to the finding that it belongs to, or as a new one. at: its time; address: its origin."""
        key = signal.kind, signal.who, signal.about
        finding = self._open.get(key)
        if finding is None or at - finding.last_at > APART_US:
            finding = OpenFinding(
                signal.kind, signal.who, at if signal.since is None else signal.since, at, signal.why, address
            )
            self._drop_closed(at)
            self._open[key] = finding
            self._all.append(finding)
        finding.add(signal, at, address)

    def _drop_closed(self, at: int) -> None:
        """Drop what will not continue, and what is no finding."""
        for key in [key for key, each in self._open.items() if at - each.last_at > APART_US]:
            del self._open[key]
        if self._all and len(self._all) == MOST_FINDINGS:
            kept = [each for each in self._all if each.is_confirmed is not False]
            self._all = deque(kept, maxlen=MOST_FINDINGS)

    def __iter__(self) -> Iterator[Anomaly]:
        return (each.anomaly for each in self._all if each.is_confirmed)
