"""Refusals in words for people: the names of providers where the Placement API has uuids."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.suites.cli.conftest import berth

FLEET = """name,gpus,gpu_model,vcpu
gpu-1,2,A100,32
cpu-1,,,64
"""
OWNER = ("--project", "p", "--user", "u")


@pytest.fixture
def here(tmp_path: Path) -> list[str]:
    (tmp_path / "fleet.csv").write_text(FLEET)
    words = ["--database", f"sqlite:///{tmp_path}/berth.db"]
    assert berth("import", str(tmp_path / "fleet.csv"), *words).status == 0
    assert berth("claim", "PGPU=1", "--on", "gpu-1-gpu0", "--name", "first", *OWNER, *words).status == 0
    assert berth("drain", "cpu-1", "--why", "fan", *words).status == 0
    return words


@pytest.mark.parametrize(
    ("words", "why", "next_step"),
    [
        ("claim PGPU=1 --on cpu-1", "cpu-1 has no PGPU: it has VCPU", "`berth find`"),
        (
            "claim VCPU=2,PGPU=1 --on gpu-1",
            "gpu-1 has no PGPU of its own: gpu-1-gpu0, gpu-1-gpu1 of the same host have it",
            "to claim from all of the host: berth claim VCPU=2,PGPU=1 --in-tree gpu-1 ",
        ),
        ("claim VCPU=65 --on gpu-1", "gpu-1 has 32 of 32 VCPU free, and 65 were requested", "`berth find` shows where"),
        ("claim PGPU=1 --on gpu-1-gpu0", "gpu-1-gpu0 has 0 of 1 PGPU free, and 1 was requested", "first (1 PGPU)"),
        ("claim VCPU=1 --on cpu-1", "cpu-1 was drained by ", "`berth undrain cpu-1` ends it"),
        (
            "rm gpu-1 --yes",
            "gpu-1 has providers below it: delete those first, or all of them with --tree",
            "gpu-1-gpu1",
        ),
        ("rm gpu-1 --tree --yes", "gpu-1 is in use: 1 PGPU held", "in use: gpu-1-gpu0, by first (1 PGPU)"),
        ("rm gpu-1-gpu0 --yes", "gpu-1-gpu0 is in use: 1 PGPU held", "holds it: first (1 PGPU)"),
    ],
)
def test_a_refusal_has_names(words: str, why: str, next_step: str, here: list[str]) -> None:
    command, *rest = shlex.split(words)
    said = berth(command, *rest, *(OWNER if command == "claim" else ()), *here)
    assert said.status == 1
    first, *second = said.err.splitlines()
    assert first.startswith(f"berth: {why}"), said.err
    assert next_step in second[0], said.err


def test_the_command_for_the_whole_host_can_be_pasted(here: list[str]) -> None:
    """Also if it needs the amount in parts, and `--on` stands anywhere in it."""
    assert berth("release", "first", *here).status == 0
    said = berth("claim", "--on", "gpu-1", "VCPU=2,PGPU=2", "--name", "both", *OWNER, *here)
    command, *words = shlex.split(said.err.splitlines()[1].partition("host: ")[2])
    assert command == "berth"
    assert berth(*words).status == 0
    shown = berth("show", "both", *here).out
    assert all(name in shown for name in ("gpu-1 ", "gpu-1-gpu0", "gpu-1-gpu1"))


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (
            "--config {folder}/berth.toml claim PGPU=2 --on gpu-1",
            "berth --config {folder}/berth.toml claim --group pgpu-1",
        ),
        ("claim PGPU=2 --on gpu-1 --name PGPU=2", "--name PGPU=2"),
        ("claim PGPU=2 --on gpu:2", "--in-tree pgpu-1:{uuid}"),
        ("claim PGPU=1 --on gpu-1 --replace --consumer c0000000-0000-4000-8000-000000000001", ""),
    ],
)
def test_what_the_suggested_command_keeps(words: str, suggested: str, here: list[str], tmp_path: Path) -> None:
    (tmp_path / "berth.toml").write_text("")
    (tmp_path / "colon.csv").write_text("name,gpus,gpu_model,vcpu\ngpu:2,2,L40S,8\n")
    assert berth("import", str(tmp_path / "colon.csv"), *here).status == 0
    assert berth("release", "first", *here).status == 0
    uuid = json.loads(berth("show", "gpu:2", "--json", *here).out)["provider"]["uuid"]
    said = berth(*words.format(folder=tmp_path).split(), *OWNER, *here)
    assert (said.status, said.err.splitlines()[0].startswith("berth: gpu")) == (1, True), said.err
    step = said.err.splitlines()[1]
    if suggested:
        assert suggested.format(folder=tmp_path, uuid=uuid) in step
        assert berth(*shlex.split(step.partition("host: berth ")[2])).status == 0
    else:
        assert "of the host" not in step


def test_names_in_a_next_step_are_one_word_of_a_shell(here: list[str]) -> None:
    assert berth("rename", "cpu-1", "cpu 1; echo", *here).status == 0
    said = berth("claim", "VCPU=1", "--on", "cpu 1; echo", *OWNER, *here)
    assert "`berth undrain 'cpu 1; echo'`" in said.err


def test_every_refusal_can_be_reported_to_a_program(here: list[str]) -> None:
    """Also one that has a field `why` of its own, and one to which the command has noted something."""
    said = berth("undo", "3", "--json", *here)
    problem = json.loads(said.err)
    assert (said.status, problem["error"]) == (1, "cannot-undo")
    said = berth("claim", "PGPU=1", "--on", "gpu-1", *OWNER, "--json", *here)
    assert not [name for name in json.loads(said.err) if name.startswith("__")]


def test_text_that_is_no_utf_8(here: list[str]) -> None:
    said = berth("show", "\udcff", *here)
    assert (said.status, "not valid UTF-8" in said.err) == (2, True), said.err
