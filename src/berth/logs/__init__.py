"""Log lines: which requests they are about, what they may not tell, and how they are written."""
