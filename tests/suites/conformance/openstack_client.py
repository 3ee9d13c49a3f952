"""Placement's real command-line client, ``openstack`` with osc-placement, started once for many commands.

Most of a command's time goes to importing the client.  A fork server imports it once; each command then runs in a fork
of it, so that no command finds the state of an earlier one.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shlex
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

CLIENT = ("openstackclient.shell", "osc_placement.plugin", "openstack", "keystoneauth1.session")
LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command."""

    status: int
    output: str
    errors: str

    @property
    def data(self) -> Any:
        """The JSON it printed; None if it printed nothing."""
        return json.loads(self.output) if self.output.strip() else None


class CommandLine:
    """A runner of ``openstack`` commands as an administrator of the server at ``url``."""

    def __init__(self, url: str, version: str) -> None:
        self._settings = {
            "OS_AUTH_TYPE": "admin_token",
            "OS_ENDPOINT": url,
            "OS_TOKEN": "admin",
            "OS_PLACEMENT_API_VERSION": version,
            "NO_PROXY": "*",
        }
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(list(CLIENT))

    def __call__(self, command: str) -> CommandResult:
        """Run one command, without its ``openstack``.

        Raises:
            TimeoutError: it did not end.
        """
        ours, theirs = self._processes.Pipe(duplex=False)
        process = self._processes.Process(target=_run, args=(shlex.split(command), self._settings, theirs))
        process.start()
        theirs.close()
        try:
            if not ours.poll(LIMIT_S):
                raise TimeoutError(f"openstack {command}: nothing in {LIMIT_S} s")
            said: CommandResult = ours.recv()
            return said
        finally:
            ours.close()
            process.kill()
            process.join()


def _run(words: list[str], settings: Mapping[str, str], report: Connection) -> None:
    """Run the client's own main function, in the fork, and report."""
    from openstackclient import shell

    os.environ.update(settings)
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        status = shell.main(words)
    report.send(CommandResult(status, output.getvalue(), errors.getvalue()))
    report.close()
