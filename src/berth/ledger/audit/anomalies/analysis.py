"""The analysis of an audit log, record by record: defects of its chain and unusual activity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import msgspec

from berth.ledger.audit.anomalies.baseline import Baseline, BaselineState, Level, LevelTable
from berth.ledger.audit.anomalies.detectors import DETECTORS, Signal
from berth.ledger.audit.anomalies.findings import Findings, FindingsState
from berth.ledger.audit.anomalies.log_entry import entry_of
from berth.ledger.audit.chain import ChainVerifier, Finding
from berth.model.anomaly import Anomalies, AnomalyKind
from berth.store.audit import Stored
from berth.store.head import Head


class AnalysisState(msgspec.Struct, array_like=True):
    """What is kept of an analysis, so that another process can continue it."""

    whole: bool
    last_at: int
    verifier: ChainVerifier
    reported: list[Finding]
    levels: list[Level]
    baseline: BaselineState
    findings: FindingsState


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
    def state(self) -> AnalysisState:
        """What to keep of it. It shares parts with the analysis: encode it before more records are added."""
        levels = LevelTable()
        baseline, findings = self.baseline.state(levels), self._findings.state(levels)
        reported = sorted(self._reported, key=lambda each: (each.number, each.why))
        return AnalysisState(self._whole, self.last_at, self._verifier, reported, levels.levels, baseline, findings)

    @classmethod
    def restored(cls, state: AnalysisState) -> Self:
        """Return the analysis that was kept."""
        analysis, levels = cls(whole=state.whole), LevelTable(state.levels)
        analysis.baseline, analysis.last_at = Baseline.restored(state.baseline, levels), state.last_at
        analysis._verifier, analysis._reported = state.verifier, set(state.reported)
        analysis._findings = Findings.restored(state.findings, levels)
        return analysis

    @property
    def last(self) -> int:
        """The number of the last record so far."""
        return self._verifier.number

    @property
    def last_hash(self) -> str:
        """The hash of the last record so far."""
        return self._verifier.previous or ""

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
