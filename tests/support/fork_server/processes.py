"""Starts forks of a process that has imported Berth, as children of the process of the tests."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.support.fork_server.berth_forks import LENGTH_BYTES
from tests.support.statement_recording import berth_loop, berth_statements

FOLDER: Final = Path(__file__).parent
PROGRAM: Final = "import sys; sys.path[0] = {folder!r}; import berth_forks; berth_forks.serve({number})"
ADOPT_ORPHANS: Final = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): while it is set, this process is the new parent of what its children leave."""

OWN: Final = "BERTH_"
"""How the variables begin that only Berth reads, when a command begins, and its recorders, when they write."""

_LOCK: Final = threading.Lock()


class Fork(subprocess.Popen[Any]):
    """A child process like any other, but for how it was started.

    words: `-m`, a module and its arguments, or a program and its arguments.
    """

    def __init__(self, server: ForkServer, words: Sequence[str], **options: Any) -> None:
        self._server, self._words = server, words
        super().__init__(words, **options)

    def _execute_child(self, *given: Any) -> None:
        """Start the process: subprocess.Popen calls this, with its arguments in this order."""
        folder, environment = given[5:7]
        ends, session = given[10:16], given[21]
        request = {
            "words": [*self._words],
            "folder": str(folder or Path.cwd()),
            "environment": dict(os.environ if environment is None else environment),
            "session": session,
        }
        files = [number if end == -1 else end for number, end in enumerate((ends[0], ends[3], ends[5]))]
        try:
            self.pid = self._server.fork(request, files)
            self._child_created = True
        finally:
            self._close_pipe_fds(*ends)


class ForkServer:
    """The process that forks, with an interpreter."""

    def __init__(self, interpreter: str) -> None:
        self._owner = os.getpid()
        self._socket, theirs = socket.socketpair()
        program = PROGRAM.format(folder=str(FOLDER), number=theirs.fileno())
        self._process = subprocess.Popen(
            [interpreter, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**usual_environment(), berth_statements.FOLDER: "", berth_loop.FOLDER: ""},  # forks name the folders
        )
        theirs.close()
        atexit.register(self._end)

    def fork(self, request: Mapping[str, Any], files: Sequence[int]) -> int:
        """Return the id of a new child of this process. request: see `berth_forks`; files: its standard files."""
        data = json.dumps(request).encode()
        with _LOCK:
            _adopt_orphans(adopts=True)
            try:
                socket.send_fds(self._socket, [len(data).to_bytes(LENGTH_BYTES)], files)
                self._socket.sendall(data)
                reply = self._socket.recv(LENGTH_BYTES, socket.MSG_WAITALL)
            finally:
                _adopt_orphans(adopts=False)
        if len(reply) < LENGTH_BYTES:
            raise AssertionError(f"the fork server has ended with {self._process.wait()}: can Berth be imported?")
        return int.from_bytes(reply)

    def _end(self) -> None:
        if os.getpid() == self._owner:
            self._socket.close()
            self._process.wait()


@cache
def fork_server(interpreter: str) -> ForkServer:
    """Return the process that forks with this interpreter, which is started once."""
    return ForkServer(interpreter)


def suits(environment: Mapping[str, str]) -> bool:
    """Whether a fork would run as a new process in this environment would: it differs in settings of Berth only.

    The other variables have been read by what is imported already, and by the interpreter itself.
    """
    return sys.platform == "linux" and _outside(environment) == usual_environment()


@cache
def usual_environment() -> Mapping[str, str]:
    """Return the environment that the tests had when this was first called, without settings of Berth."""
    return _outside(os.environ)


def _outside(environment: Mapping[str, str]) -> dict[str, str]:
    unread = "PYTEST_CURRENT_TEST"
    return {name: value for name, value in environment.items() if not name.startswith(OWN) and name != unread}


def _adopt_orphans(*, adopts: bool) -> None:
    if ctypes.CDLL(None).prctl(ADOPT_ORPHANS, int(adopts), 0, 0, 0):
        raise OSError("prctl(PR_SET_CHILD_SUBREAPER) fails")
