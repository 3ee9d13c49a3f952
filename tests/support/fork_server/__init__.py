"""Processes of Berth that tests start are forks of one that has imported Berth: that takes most of the time of a start.

`berth_forks` runs in Berth's interpreter, `processes` in that of the tests.
"""
