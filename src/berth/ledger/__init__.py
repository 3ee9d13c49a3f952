"""The ledger: the one way to write, and the verbs of everything that Berth can do."""

from berth.ledger.ledger import Ledger, open_ledger, prepare_ledger

__all__ = ["Ledger", "open_ledger", "prepare_ledger"]
