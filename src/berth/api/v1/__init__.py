"""Berth's own API: everything that it can do, in JSON, one row per route."""
