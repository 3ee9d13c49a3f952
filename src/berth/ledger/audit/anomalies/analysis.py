"""The analysis of an audit log, record by record: defects of its chain and unusual activity."""

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
    """The analysis of a log so far. It needs the records in order, and a bounded amount of memory.

    whole: whether it begins with the log's first record, so that missing records before it count as a defect.
    """

    def __init__(self, *, whole: bool) -> None:
        self.baseline, self.last_at = Baseline(), 0
        self._whole = whole
        self._verifier, self._findings = ChainVerifier(), Findings()
        self._reported: set[Finding] = set()

    @property
    def last(self) -> int:
        """The number of the last record so far."""
        return self._verifier.number

    def add(self, stored: Stored) -> None:
        """Analyse the next record."""
        entry = entry_of(stored)
        self.last_at = entry.at
        if self._verifier.first is None and entry.number > 1:
            self.baseline.start_at(entry.minute)
        for finding in self._verifier.check(stored):
            self._add_defect(finding)
        self.baseline.add(entry)
        for detector in DETECTORS:
            signal = detector(self.baseline, entry)
            if signal is not None:
                self._findings.add(signal, entry.at, entry.address)

    def check_end(self, at: Head) -> None:
        """Check, after the last record, where the log ends. at: the head at that moment."""
        findings: Iterable[Finding] = self._verifier.check_end(at)
        if self._whole:
            findings = (*self._verifier.check_start(), *findings)
        for finding in findings:
            if finding not in self._reported:
                self._reported.add(finding)
                self._add_defect(finding)

    @property
    def has_totals(self) -> bool:
        """Whether the totals are known, so that losses can be related to them."""
        return self.baseline.held.base is not None

    def set_totals(self, consumers: int, capacity: Mapping[str, int]) -> None:
        """Set the totals after the last record: consumers that hold something, and capacity by class."""
        self.baseline.set_totals(consumers, capacity)

    def anomalies(self) -> Anomalies:
        """Return all findings so far."""
        items = sorted(self._findings, key=lambda each: (each.first_at, each.kind, each.records))
        first = self._verifier.first
        return Anomalies(
            items=items, first=0 if first is None else first.row["number"], last=self.last, complete=self.has_totals
        )

    def _add_defect(self, finding: Finding) -> None:
        signal = Signal(AnomalyKind.CHAIN, ("", ""), (finding.number,), finding.why, about=str(finding.number))
        self._findings.add(signal, self.last_at, "")
