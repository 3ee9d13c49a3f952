"""Berth and the real OpenStack Placement, loaded alike and measured in one run: `python -m bench --help`."""
