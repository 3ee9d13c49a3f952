"""HTTP: what comes in becomes values for the ledger, what comes out becomes bytes."""
