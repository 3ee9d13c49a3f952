"""What the log says, that nobody can make it say something else, and what it never says."""
