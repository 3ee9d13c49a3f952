"""A model of the whole ledger that is slow and obvious, for the fast one to be compared with.

Of Berth it uses the value types of ``berth.model`` only. `test_against_placement` compares it with the real Placement.
"""
