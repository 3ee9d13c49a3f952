"""The command line, as whoever types it finds it."""
