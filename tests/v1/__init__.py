"""Berth's own face."""
