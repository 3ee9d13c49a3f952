"""HAProxy before the servers of a cluster, as an operator sets it up; and other programs that a trial needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.ports import free_port

PATH: Final = f"{os.environ['PATH']}:/usr/sbin"

_CONFIGURATION: Final = """
global
  external-check
  insecure-fork-wanted
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen berth
  bind 127.0.0.1:{port}
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
"""


@contextmanager
def balanced(folder: Path, servers: Sequence[str], *options: str) -> Iterator[int]:
    """Run HAProxy until the block ends, and yield its port.

    servers: addresses, each with its options; options: further lines on how to check and to choose them.
    """
    port = free_port()
    lines = [*options, *(f"server node{number} {server}" for number, server in enumerate(servers))]
    path = folder / "haproxy.cfg"
    path.write_text(_CONFIGURATION.format(port=port) + "".join(f"  {line}\n" for line in lines))
    with program(folder, "haproxy", "-f", str(path)):
        yield port


@contextmanager
def program(folder: Path, *command: str) -> Iterator[None]:
    """Run a program until the block ends. Its output is in the folder."""
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PATH": PATH})
    try:
        yield
    finally:
        process.kill()
        process.wait(60)
