"""What every process of a test run loads at its start: it writes down the text of each statement that Berth executes.

`tests/conftest.py` puts this folder on the path of all that tests start, and Python loads `sitecustomize` from there.
"""
