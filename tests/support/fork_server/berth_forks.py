"""The program that forks: it prepares what every start of Berth needs, and becomes what is asked for.

Run in Berth's interpreter, where nothing of the tests can be imported.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

DRIVEN: Final = ("berth.store.postgresql", "berth.store.mariadb")
DIALECTS: Final = ("sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.mysql")
MIGRATING: Final = ("berth.store.migrate", "alembic.command", "alembic.context")
CONVERTING: Final = ("pydantic.fields", "pydantic.functional_validators", "pydantic.type_adapter", "pydantic.types")
PRINTING: Final = ("rich.console", "rich.table")
# Not `prometheus_client`: as it is imported it reads whether there are several processes.
COUNTING: Final = ("http.server", "wsgiref.simple_server")
IMPORTED: Final = (
    *("berth.cli.main", "berth.serve", "berth.client"),
    *(*DRIVEN, *DIALECTS, *MIGRATING, *CONVERTING, *PRINTING, *COUNTING),
)
"""What commands and servers import in the end: late imports were half of what a server with a new ledger cost."""

LENGTH_BYTES: Final = 4


def serve(number: int) -> None:
    """Fork for every request that comes over the socket with this number, until its other end is closed.

    A request is its length, with the three standard files, and JSON: the words of the command line, folder,
    environment, and whether it gets a session of its own. The reply is the id of the process. Its parent is who asks,
    if that process adopts orphans.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is for who asks, who may ask once more
    gc.disable()
    for module in IMPORTED:
        import_module(module)
    dict(sys.modules["berth.cli.main"].command().commands)  # a command is imported when it is looked up
    gc.freeze()
    gc.enable()
    asked = socket.socket(fileno=number)
    while True:
        header, files, _, _ = socket.recv_fds(asked, LENGTH_BYTES, 3)
        if not header:
            return
        request = json.loads(_read(asked, int.from_bytes(header)))
        process = _fork()
        if process == 0:
            asked.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            _run(request, files)
            return
        asked.sendall(process.to_bytes(LENGTH_BYTES))
        for file in files:
            os.close(file)


def _read(asked: socket.socket, length: int) -> bytes:
    return asked.recv(length, socket.MSG_WAITALL)


def _fork() -> int:
    """Return 0 in a new process, whose parent has ended, and its id in this one."""
    ours, theirs = os.pipe()
    between = os.fork()
    if between:
        os.close(theirs)
        process = int.from_bytes(os.read(ours, LENGTH_BYTES))
        os.close(ours)
        os.waitpid(between, 0)
        return process
    process = os.fork()
    if process:
        os.write(theirs, process.to_bytes(LENGTH_BYTES))
        os._exit(0)
    os.close(ours)
    os.close(theirs)
    return 0


def _run(request: dict[str, Any], files: list[int]) -> None:
    """Run a command in this process, as Python does with the same words."""
    if request["session"]:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    program, *words = request["words"]
    if program == "-m":
        module, *sys.argv[1:] = words
        sys.path[0] = request["folder"]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = [program, *words]
        sys.path[0] = str(Path(program).parent)
        runpy.run_path(program, run_name="__main__")
