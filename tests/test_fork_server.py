"""Processes of Berth that are forks behave as those that are not."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.commands import berth_command, popen, run
from tests.support.fork_server.processes import Fork
from tests.support.statement_recording import berth_statements

PIPE = subprocess.PIPE


def _said(folder: Path, *words: str, forked: bool) -> tuple[int, str, str]:
    words = (*berth_command(), *words)
    with popen(words, forked=forked, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert isinstance(process, Fork) is forked
        out, err = process.communicate("no record", timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    "words",
    [
        ("config", "show", "--json"),
        ("import", "-", "--database", "sqlite:///new.db"),
        ("wrong", "--usage"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_fork_says_and_returns_the_same(words: tuple[str, ...], tmp_path: Path) -> None:
    """What it reads and where it runs, how it parses its words, and how it ends."""
    (tmp_path / "berth.toml").write_text('port = 4711\n[log]\nlevel = "error"\n')
    assert _said(tmp_path, *words, forked=True) == _said(tmp_path, *words, forked=False)


def test_a_fork_is_a_child_in_a_session_of_its_own(tmp_path: Path) -> None:
    words = [*berth_command(), "import", "-", "--database", f"sqlite:///{tmp_path}/x.db"]
    with popen(words, stdin=PIPE, stderr=PIPE, start_new_session=True) as process:
        assert isinstance(process, Fork)
        while process.poll() is None and os.getsid(process.pid) != process.pid:
            time.sleep(0.01)  # its number is known before it has made the session
        assert process.poll() is None
        assert Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid())
        process.terminate()  # SIGINT is ignored where the tests run in the background of a shell
        assert process.wait(60) in (143, -signal.SIGTERM)


def test_a_fork_records_its_statements(tmp_path: Path) -> None:
    words = [*berth_command(), "db", "upgrade", "--database", f"sqlite:///{tmp_path}/x.db"]
    with popen(words, stdout=PIPE, env={**os.environ, berth_statements.FOLDER: str(tmp_path)}) as process:
        assert isinstance(process, Fork)
        process.communicate()
    assert "alembic_version" in (tmp_path / str(process.pid)).read_text()


def test_no_fork_where_another_variable_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    with popen([*berth_command(), "--help"], stdout=PIPE, stderr=PIPE) as process:
        process.communicate()
    assert not isinstance(process, Fork)


def test_a_setting_reaches_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_PORT", "4711")
    with popen([*berth_command(), "config", "show", "--json"], stdout=PIPE) as process:
        assert isinstance(process, Fork)
        assert b"4711" in process.communicate()[0]


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    words = [*berth_command(), "changes", "--database", f"sqlite:///{tmp_path}/x.db"]
    with pytest.raises(subprocess.TimeoutExpired):
        run(words, timeout_s=0.0)
