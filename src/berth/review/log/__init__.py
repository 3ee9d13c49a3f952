"""The audit log of a ledger: whether it is whole, whether it is silent, and which rights are never used."""
