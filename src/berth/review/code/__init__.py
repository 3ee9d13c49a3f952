"""A review of source code: what is in it, and where its data goes. Reviewed code is read, never imported or run."""
