"""The one way to write."""
