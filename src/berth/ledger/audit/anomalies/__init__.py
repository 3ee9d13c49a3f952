"""Unusual activity, out of the audit log."""

from berth.ledger.audit.anomalies.analysis import Analysis
from berth.ledger.audit.anomalies.scanner import LogScanner

__all__ = ["Analysis", "LogScanner"]
