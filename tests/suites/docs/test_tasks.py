"""The tasks of docs/tasks.md: each is done, in their order, by as many commands as the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.support.commands import run_berth
from tests.support.document_blocks import ROOT

PAGE: Final = ROOT / "docs/tasks.md"
_ROW: Final = re.compile(r"\| (?P<task>[^|]+) \| (?P<before>-|[1-9]\d*) \| (?P<now>[1-9]) \| (?P<commands>.+) \|")


class Task(NamedTuple):
    """What somebody wants, how many commands it took and takes, and these commands."""

    name: str
    before: str
    now: int
    commands: list[str]


def tasks() -> list[Task]:
    """Return the tasks of the page, in their order."""
    rows = _ROW.finditer(PAGE.read_text(encoding="utf-8"))
    commands = re.compile(r"`([^`]+)`").findall
    return [Task(row["task"], row["before"], int(row["now"]), commands(row["commands"])) for row in rows]


def test_there_are_forty_and_none_became_longer() -> None:
    assert len(tasks()) == 40
    for task in tasks():
        assert len(task.commands) == task.now, task.name
        assert task.before == "-" or task.now <= int(task.before), task.name


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with the machines of the example in a spreadsheet, and nothing else."""
    example = run_berth("import", "--example", folder=tmp_path)
    (tmp_path / "machines.csv").write_text(example.stdout, encoding="utf-8")
    return tmp_path


def test_every_task_can_be_done(lab: Path) -> None:
    for task in tasks():
        for command in task.commands:
            program, *words = shlex.split(command)
            assert program == "berth"
            run_berth(*words, folder=lab)
