"""The unit: systemd finds nothing wrong with it, and Berth works under its restrictions."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.support.commands import berth_command
from tests.support.deadline import until
from tests.support.document_blocks import ROOT
from tests.support.http_client import ADMIN
from tests.support.servers import observed_server

UNIT = ROOT / "deploy/systemd/berth.service"
SYSUSERS = ROOT / "deploy/systemd/berth.sysusers.conf"
PROGRAM = "/opt/berth/bin/berth"
EXPOSURE = 15
"""How exposed a service may be, in tenths, of 100; systemd calls everything below 20 "OK"."""

PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Write the unit, with a program that exists here."""
    path = tmp_path / "berth.service"
    path.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true"))
    return path


def settings() -> dict[str, str]:
    """Return the settings of the unit, the last of each name."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return {name: value for section in parser.sections() for name, value in parser[section].items()}


def test_systemd_finds_nothing_wrong(unit: Path) -> None:
    done = subprocess.run([tool("systemd-analyze"), "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_unit_is_noticed(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("Type=exec", "Type=sometimes"))
    done = subprocess.run([tool("systemd-analyze"), "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "sometimes" in done.stderr


def test_how_exposed_it_is(unit: Path) -> None:
    command = [
        tool("systemd-analyze"),
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE}",
        "--no-pager",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:]


def test_its_user_can_be_made(tmp_path: Path) -> None:
    """The file is read by systemd-sysusers itself, into an empty root."""
    (tmp_path / "etc").mkdir()
    command = [tool("systemd-sysusers"), f"--root={tmp_path}", str(SYSUSERS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^berth:.*:/var/lib/berth:", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)
    assert settings()["User"] == settings()["Group"] == "berth"


@pytest.mark.parametrize("name", ["ExecStartPre", "ExecStart"])
def test_its_commands_are_commands(name: str) -> None:
    program, *words = settings()[name].split()
    assert program == PROGRAM
    done = subprocess.run([*berth_command(), *words, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_waits_longer_than_requests_may_take() -> None:
    assert int(settings()["TimeoutStopSec"]) > 30


def _deny_writable_code() -> None:
    """Apply MemoryDenyWriteExecute to this process and all that it starts."""
    if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        os._exit(99)


DENIED = "import tests.suites.deploy.test_systemd as it; it._deny_writable_code()"


def test_it_serves_without_memory_that_is_both_written_and_executed(tmp_path: Path) -> None:
    denied = (sys.executable, "-c", f"{DENIED}; it._serve()")
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    probe = [sys.executable, "-c", f"{DENIED}; it._grab()"]
    if subprocess.run(probe, env={**os.environ, **environment}, check=False).returncode != 0:
        pytest.skip("this kernel cannot deny it")
    with observed_server(
        tmp_path, "--database", "sqlite:///ledger.db", command=denied, environment=environment
    ) as server:
        assert server.ask("POST", "/resource_providers", headers=ADMIN, json={"name": "x"}).status_code == 200
        assert server.ask("GET", "/allocation_candidates?resources=VCPU:1", headers=ADMIN).status_code == 200
        assert server.ask("GET", "/metrics", headers=ADMIN).status_code == 200


def _serve() -> None:
    from berth.cli import main

    main()


def _grab() -> None:
    """Exit with 0 only if memory that is both writable and executable is denied."""
    import mmap

    try:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except PermissionError:
        return
    sys.exit(1)


def test_every_call_that_it_makes_is_let_through(tmp_path: Path) -> None:
    allowed = _calls("@system-service") - _calls("@privileged")
    trace = tmp_path / "trace"
    words = (tool("strace"), "-D", "-f", "-qq", "-o", str(trace), *berth_command())
    with observed_server(tmp_path, "--database", "sqlite:///ledger.db", command=words) as server:
        assert server.ask("POST", "/resource_providers", headers=ADMIN, json={"name": "x"}).status_code == 200
        assert server.ask("GET", "/metrics", headers=ADMIN).status_code == 200
        until(lambda: "listen(" in trace.read_text(errors="replace"), "nothing was traced")
    made = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    # As root, SQLite gives its files to whom the first belongs, and does without where it may not.
    assert made - allowed - ({"fchown"} if os.geteuid() == 0 else set()) == set()
    assert len(made) > 30


def _calls(name: str) -> set[str]:
    """Return the system calls of one of systemd's sets."""
    command = [tool("systemd-analyze"), "syscall-filter", "--no-pager", name]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in report.splitlines()[1:]]
    names = {word for word in words if word and word[0] not in "#@"}
    return names.union(*(_calls(word) for word in words if word.startswith("@")))
