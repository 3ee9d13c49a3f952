"""Start a program so that it cannot outlive the run nor take the machine's memory with it.

`python -I child.py COMMAND...`: sets what is to be set for this process and becomes the command.
"""

import ctypes
import os
import resource
import signal
import sys

MEMORY_BYTES = 8 << 30
"""Address space of each process: products of candidates grow without bound in Placement."""

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent ends."""

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.execvp(sys.argv[1], sys.argv[1:])
