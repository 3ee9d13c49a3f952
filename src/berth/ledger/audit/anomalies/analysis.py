"""Going along the audit log, record by record: is it whole, and is there anything unusual in it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from berth.ledger.audit.anomalies.baseline import Baseline
from berth.ledger.audit.anomalies.detectors import DETECTORS, Signal
from berth.ledger.audit.anomalies.findings import Findings
from berth.ledger.audit.anomalies.log_entry import entry_of
from berth.ledger.audit.chain import ChainVerifier, Finding
from berth.model.anomaly import Anomalies, AnomalyKind
from berth.store.audit import Stored
from berth.store.head import Head


class Analysis:
    """What has been seen of a log so far. It needs the records in order, and no more memory for many than for few.

    whole: whether it begins with the first record that there is, so that what is missing before that is missed.
    """

    def __init__(self, *, whole: bool) -> None:
        self.known, self.last_at = Baseline(), 0
        self._whole = whole
        self._checker, self._gathered = ChainVerifier(), Findings()
        self._told: set[Finding] = set()

    @property
    def last(self) -> int:
        """The number of the last record that was seen."""
        return self._checker.number

    def take(self, stored: Stored) -> None:
        """The next record."""
        entry = entry_of(stored)
        self.last_at = entry.at
        if self._checker.first is None and entry.number > 1:
            self.known.begin(entry.minute)
        for finding in self._checker.take(stored):
            self._broken(finding)
        self.known.take(entry)
        for detector in DETECTORS:
            sign = detector(self.known, entry)
            if sign is not None:
                self._gathered.add(sign, entry.at, entry.address)

    def reached(self, at: Head) -> None:
        """All that there was at a moment has been seen. at: the head at that moment."""
        findings: Iterable[Finding] = self._checker.ended(at)
        if self._whole:
            findings = (*self._checker.begun(), *findings)
        for finding in findings:
            if finding not in self._told:
                self._told.add(finding)
                self._broken(finding)

    @property
    def settled(self) -> bool:
        """Whether it is known how much there was of everything."""
        return self.known.held.base is not None

    def settle(self, consumers: int, capacity: Mapping[str, int]) -> None:
        """So much there is now, after the last record: consumers that hold something, and capacity by class."""
        self.known.settle(consumers, capacity)

    def found(self) -> Anomalies:
        """All findings so far."""
        items = sorted(self._gathered, key=lambda each: (each.first_at, each.kind, each.records))
        first = self._checker.first
        return Anomalies(
            items=items, first=0 if first is None else first.row["number"], last=self.last, complete=self.settled
        )

    def _broken(self, finding: Finding) -> None:
        sign = Signal(AnomalyKind.CHAIN, ("", ""), (finding.number,), finding.why, about=str(finding.number))
        self._gathered.add(sign, self.last_at, "")
