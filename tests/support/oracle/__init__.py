"""A slow and obvious model of the whole ledger, with which the fast one is compared.

It uses only the value types of ``berth.model``. `tests/suites/properties/test_oracle.py` compares it with the real
Placement.
"""
