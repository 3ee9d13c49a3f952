"""A recorder of the text of each statement that Berth executes, loaded by every process of a test run at its start.

`tests/conftest.py` puts this folder on the path of every process that tests start, and Python loads `sitecustomize`
from there.
"""
