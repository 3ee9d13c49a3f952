"""Unusual activity, on made-up histories in which it is known what is unusual. `python -m tests.anomalies --help`."""
