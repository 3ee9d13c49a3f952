"""An amount that several providers of a host have together: the command that is suggested does what was asked."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from berth.cli.main import command
from berth.cli.split_request import FLAGS
from berth.ledger import open_ledger
from tests.suites.cli.conftest import Said, berth

FLEET = """name,gpus,gpu_model,vcpu,rack
gpu-1,2,A100,32,rack-a
gpu-2,4,L40S,64,rack-b
"""
SUGGESTED = "Several providers of one host have it together. Try:"


@pytest.fixture
def here(tmp_path: Path) -> list[str]:
    (tmp_path / "fleet.csv").write_text(FLEET)
    words = ["--database", f"sqlite:///{tmp_path}/berth.db"]
    assert berth("import", str(tmp_path / "fleet.csv"), *words).status == 0
    return words


def suggested(said: Said) -> list[str]:
    """The words of the command at the end, as a shell reads them."""
    lines = said.out.splitlines()
    assert (said.status, lines[-2]) == (1, SUGGESTED), said
    command, *words = shlex.split(lines[-1])
    assert command == "berth"
    return words


def held(folder: Path) -> dict[str, int]:
    """What is held in all, by class."""
    with open_ledger(f"sqlite:///{folder}/berth.db") as ledger:
        return {each.name: each.used for each in ledger.overview().classes if each.used}


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        (["PGPU=2"], {"PGPU": 2}),
        (["PGPU=3,VCPU=8"], {"PGPU": 3, "VCPU": 8}),
        (["VCPU=8,PGPU=2", "--trait", "CUSTOM_GPU_A100"], {"PGPU": 2, "VCPU": 8}),
        (["VCPU=8,PGPU=2", "--trait=CUSTOM_RACK_B"], {"PGPU": 2, "VCPU": 8}),
        (["PGPU=2", "--in-tree", "gpu-2", "--forbid", "CUSTOM_GPU_A100"], {"PGPU": 2}),
        (["PGPU=2", "--group", "cpu:VCPU=4", "--trait", "cpu:CUSTOM_RACK_A", "--isolate"], {"PGPU": 2, "VCPU": 4}),
    ],
    ids=str,
)
def test_the_suggested_claim_can_be_pasted(
    words: list[str], holds: dict[str, int], here: list[str], tmp_path: Path
) -> None:
    rest = ["--project", "a b", "--for", "7d", *here]
    pasted = suggested(berth("claim", *words, *rest))
    assert held(tmp_path) == {}
    assert pasted[-len(rest) :] == rest
    assert berth(*pasted).status == 0
    assert held(tmp_path) == holds


def test_finding_and_holding_suggest_too(here: list[str]) -> None:
    found = suggested(berth("find", "PGPU=4", *here))
    assert berth(*found).status == 0
    assert berth(*suggested(berth("hold", "PGPU=4", "--project", "p", *here))).status == 0
    said = berth("find", "PGPU=2", "--json", *here)
    assert (said.status, json.loads(said.out)["command"].split()[:2]) == (1, ["berth", "find"])


@pytest.mark.parametrize(
    "words",
    [
        ["PGPU=5"],  # no host has so many
        ["PGPU=3", "--in-tree", "gpu-1"],
        ["PGPU=1", "--trait", "CUSTOM_RACK_A"],  # not for want of an amount
        ["--group", "a:PGPU=2"],  # a group is of one provider: that was asked for
        ["PGPU=1000000"],
        ["VCPU=65"],
    ],
    ids=str,
)
def test_nothing_is_suggested_that_does_not_fit(words: list[str], here: list[str]) -> None:
    said = berth("find", *words, *here)
    assert (said.status, SUGGESTED in said.out) == (1, False)
    assert "command" not in json.loads(berth("find", *words, "--json", *here).out)


def test_the_flags_of_commands_that_search() -> None:
    """All other options have a value, which stays with its option in a suggested command."""
    flags = {
        each
        for name in ("find", "claim", "hold")
        for option in command().commands[name].params
        if getattr(option, "is_flag", False)
        for each in option.opts
    }
    assert flags <= FLAGS
