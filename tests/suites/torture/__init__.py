"""Trials in which processes are killed, cut off, stopped and interleaved: nothing is lost, nothing is oversold.

``python -m tests.suites.torture`` runs the long form; the tests in this folder are a short one of it.
"""
