"""Unusual activity, out of the audit log."""

from berth.ledger.audit.anomalies.analysis import Analysis
from berth.ledger.audit.anomalies.scanner import LogScanner
from berth.ledger.audit.anomalies.shared_scan import SharedScan

__all__ = ["Analysis", "LogScanner", "SharedScan"]
