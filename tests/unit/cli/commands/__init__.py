"""Commands in this process."""
