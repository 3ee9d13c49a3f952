"""The fleet as columns: built from rows, kept current by changes."""
