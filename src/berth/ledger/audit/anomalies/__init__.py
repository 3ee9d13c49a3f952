"""Unusual activity, out of the audit log."""

from berth.ledger.audit.anomalies.analysis import Examination
from berth.ledger.audit.anomalies.scanner import Vigil

__all__ = ["Examination", "Vigil"]
