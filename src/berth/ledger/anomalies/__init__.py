"""Unusual activity, out of the audit log."""

from berth.ledger.anomalies.examination import Examination
from berth.ledger.anomalies.vigil import Vigil

__all__ = ["Examination", "Vigil"]
