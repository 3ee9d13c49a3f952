"""Processes of a server: they are started, supervised and ended here. Knows nothing of what they do."""
