"""The audit log: its hash chain, and what is unusual in it."""
