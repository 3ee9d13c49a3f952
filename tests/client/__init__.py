"""The verbs, on an open ledger and over HTTP."""
