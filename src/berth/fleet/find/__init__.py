"""Allocation candidates."""
