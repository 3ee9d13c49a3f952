"""The scenario of `scenario`, with the real command-line client against a live server."""

from __future__ import annotations

import json

import pytest

from tests.suites.conformance.openstack_client import CommandLine
from tests.suites.conformance.scenario import Refused, Shows, Silent, Step, names, steps
from tests.suites.conformance.servers import new_server, server_kind, server_options
from tests.support.databases import KINDS, require_database, runs_whole


def run_step(step: Step, run: CommandLine) -> None:
    match step:
        case Shows(command, view, expected):
            said = run(f"{command} -f json")
            assert (said.status, said.errors) == (0, ""), f"openstack {command}"
            assert expected == view(said.data), f"openstack {command}\n{json.dumps(said.data, indent=1)}"
        case Silent(command):
            said = run(command)
            assert (said.status, said.output, said.errors) == (0, "", ""), f"openstack {command}"
        case Refused(command, why):
            said = run(command)
            assert said.status != 0, f"openstack {command} was not refused: {said.output}"
            assert why in said.errors, f"openstack {command}"


@pytest.mark.parametrize("database", list(filter(runs_whole, KINDS)) if server_kind() == "berth" else ["sqlite"])
@pytest.mark.timeout(1200)  # 63 commands, each of which loads all that the client has
def test_an_operators_day(database: str) -> None:
    require_database(database)
    day = list(steps(names()))
    assert len(day) == 63
    with new_server("default", server_kind(), *server_options(), database=database) as server:
        run = CommandLine(server.url, "1.39")
        for step in day:
            run_step(step, run)
