"""The reading verbs, by what they read."""
