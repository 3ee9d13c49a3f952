"""A differential fuzzer: the same requests to the real Placement and to Berth.

``python -m tests.suites.peer --help`` says how to run it, README.md how it works.
"""
