"""Berth's own face: everything that it can do, in JSON, one row per route."""
