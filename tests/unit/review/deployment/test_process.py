"""A process as the kernel shows it: each thing that is weak is a finding, and a confined process has none."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from berth.review.deployment.listeners import ListeningSocket, listening_sockets
from berth.review.deployment.process import (
    ProcessStatus,
    read_process,
    review_process,
    review_sockets,
    variables_with_secrets,
)
from berth.settings import Settings

CONFINED = ProcessStatus(7, user=990, no_new_privileges=True, seccomp=True, umask=0o077)
CASES = [
    ({}, []),
    ({"user": 0, "capabilities": 0xFF}, ["process-root"]),
    ({"capabilities": 0x400}, ["process-capabilities"]),
    ({"no_new_privileges": False}, ["process-privileges"]),
    ({"seccomp": False}, ["process-calls"]),
    ({"umask": 0o022}, ["process-umask"]),
    ({"umask": 0o027}, []),
    ({"umask": None}, []),
    ({"secrets": ("PGPASSWORD",)}, ["secret-in-environment"]),
    ({"words": True}, ["secret-in-command-line"]),
]


@pytest.mark.parametrize(("fields", "rules"), CASES, ids=str)
def test_what_is_weak(fields: dict[str, object], rules: list[str]) -> None:
    status = replace(CONFINED, **fields)  # type: ignore[arg-type]
    assert [each.rule for each in review_process(status, Settings())] == rules


VARIABLES = [
    ("PGPASSWORD=x", True),
    ("BERTH_TOKEN=x", True),
    ("BERTH_DATABASE=postgresql://u:p4ssword@h/d", True),
    ("MY_API_KEY=x", True),
    ("BERTH_TOKEN=", False),
    ("BERTH_TOKEN_FILE=/run/token", False),
    ("BERTH_SECRET=/run/secret", False),
    ("BERTH_DATABASE=postgresql://u@h/d", False),
    ("CREDENTIALS_DIRECTORY=/run/credentials", False),
    ("LANG=C", False),
]


@pytest.mark.parametrize(("variable", "found"), VARIABLES)
def test_variables_with_secrets(variable: str, found: bool) -> None:
    assert list(variables_with_secrets([variable, ""])) == ([variable.partition("=")[0]] if found else [])


SOCKETS = [
    ("127.0.0.1", 8778, "127.0.0.1", []),
    ("::1", 1234, "127.0.0.1", []),
    ("0.0.0.0", 8778, "127.0.0.1", ["0.0.0.0:8778"]),
    ("10.0.0.5", 8778, "10.0.0.5", []),
    ("0.0.0.0", 8778, "10.0.0.5", ["0.0.0.0:8778"]),
    ("::", 8778, "::", []),
    ("::", 9000, "::", ["[::]:9000"]),
]


@pytest.mark.parametrize(("address", "port", "host", "named"), SOCKETS)
def test_sockets(address: str, port: int, host: str, named: list[str]) -> None:
    sockets = (ListeningSocket(address, port, 1), ListeningSocket(address, port, 2))
    found = [each.sentence for each in review_sockets(sockets, Settings(host=host))]
    assert [each in sentence for each, sentence in zip(named, found, strict=True)] == [True] * len(named)


STATUS = """Name:\tberth
Umask:\t0077
Uid:\t990\t991\t990\t990
CapEff:\t0000000000000400
NoNewPrivs:\t1
Seccomp:\t2
"""
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:224A 00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 501 1
   1: 0100007F:224A 0100007F:9999 01 00000000:00000000 00:00000000 00000000   990        0 502 1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 503 1
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:224A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 990 0 504 1
   1: 0000000000000000FFFF00000100000A:224A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 990 0 505 1
"""


def test_what_the_kernel_prints_is_read(tmp_path: Path) -> None:
    process = tmp_path / "42"
    (process / "net").mkdir(parents=True)
    (process / "fd").mkdir()
    (process / "status").write_text(STATUS)
    (process / "environ").write_bytes(b"LANG=C\0API_TOKEN=t\0")
    (process / "cmdline").write_bytes(b"berth\0serve\0--database\0postgresql://u:p4ssword@h/d\0")
    (process / "net" / "tcp").write_text(TCP)
    (process / "net" / "tcp6").write_text(TCP6)
    for number, inode in enumerate((501, 504, 505)):
        (process / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    assert read_process(42, tmp_path) == ProcessStatus(
        42,
        user=991,
        no_new_privileges=True,
        seccomp=True,
        capabilities=0x400,
        umask=0o077,
        secrets=("API_TOKEN",),
        words=True,
        sockets=(
            ListeningSocket("10.0.0.1", 8778, 505),
            ListeningSocket("127.0.0.1", 8778, 501),
            ListeningSocket("::1", 8778, 504),
        ),
    )
    assert len(listening_sockets(process)) == 4


def test_this_process_is_read() -> None:
    status = read_process(os.getpid())
    assert (status.pid, status.user, status.umask is None) == (os.getpid(), os.geteuid(), False)


def test_a_process_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        read_process(42, tmp_path)
