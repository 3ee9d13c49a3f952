"""The fleet as columns: built from rows, updated by changes."""
