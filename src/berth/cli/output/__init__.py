"""How commands print their results."""
