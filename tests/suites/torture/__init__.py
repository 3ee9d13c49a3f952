"""Nothing is lost and nothing is oversold, whatever is killed, cut off or interleaved.

``python -m tests.suites.torture`` runs the full form; the tests in this folder are a short one of it.
"""
