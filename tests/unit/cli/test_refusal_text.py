"""Refusals in words for people: the names of providers where the Placement API has uuids."""

from __future__ import annotations

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
