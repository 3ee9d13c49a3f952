"""Recorders that every process of a test run loads at its start: the text of each statement that Berth executes, and
what its event loop waits for.

`tests/conftest.py` puts this folder on the path of every process that tests start, and Python loads `sitecustomize`
from there. Its modules import each other by that path, in the process of the tests too.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
