"""What must hold of any ledger, whatever is done to it: Hypothesis looks for something that breaks it."""
