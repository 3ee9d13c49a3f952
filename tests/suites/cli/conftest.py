"""A small fleet, its ledger here and the same ledger behind a server; and what a command says of it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from berth.cli.main import run
from berth.ledger import open_ledger
from berth.model.commands import Claim
from tests.support.commands import berth_command
from tests.support.servers import running

RACK = "aaaaaaaa-0000-4000-8000-000000000000"
NUMA = "10000000-0000-4000-8000-000000000001"
GPU = "10000000-0000-4000-8000-0000000000a0"
JOB = "c0000000-0000-4000-8000-000000000001"
OTHER = "c0000000-0000-4000-8000-000000000002"
NOBODY = "c0000000-0000-4000-8000-0000000000ff"
RECORDS = f"""
{{"name": "node-1", "uuid": "10000000-0000-4000-8000-000000000000", "aggregates": ["{RACK}"], "traits": ["HW_CPU_X86_AVX512F"]}}
{{"name": "node-1-numa-0", "uuid": "{NUMA}", "parent": "node-1", "inventories": {{"VCPU": {{"total": 16}}, "MEMORY_MB": {{"total": 65536, "reserved": 512}}}}}}
{{"name": "node-1-gpu-0", "uuid": "{GPU}", "parent": "node-1-numa-0", "inventories": {{"VGPU": {{"total": 4, "max_unit": 2}}}}, "traits": ["CUSTOM_A100"]}}
{{"name": "node-2", "uuid": "20000000-0000-4000-8000-000000000000", "aggregates": ["{RACK}"], "inventories": {{"VCPU": {{"total": 32, "allocation_ratio": 2.0}}, "MEMORY_MB": {{"total": 131072}}}}}}
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


def berth(*words: str, stdin: str = "", env: Mapping[str, str] = {}) -> Said:
    """Run a command in this process, with these settings in the environment and no others of Berth."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_") and name != "COLUMNS"}
    out, err, status = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, {**kept, **env}, clear=True),
        mock.patch.object(sys, "argv", ["berth", *words]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as end:
            status = int(end.code or 0)
    return Said(status, out.getvalue(), err.getvalue())


@dataclass(frozen=True, slots=True)
class Fleet:
    """A ledger in a file, and the port of a server on it."""

    path: Path
    port: int

    @property
    def here(self) -> list[str]:
        """The options that lead to it without the server."""
        return ["--database", f"sqlite:///{self.path}"]

    @property
    def there(self) -> list[str]:
        """The options that lead to it through the server."""
        return ["--url", f"http://127.0.0.1:{self.port}"]


TOKEN = {"BERTH_TOKEN": "admin"}


def fill(path: Path) -> None:
    """The small fleet, and two consumers."""
    records = path.with_suffix(".jsonl")
    records.write_text(RECORDS.lstrip())
    assert berth("import", str(records), "--database", f"sqlite:///{path}").status == 0
    with open_ledger(f"sqlite:///{path}", actor="ada") as ledger:
        ledger.claim(
            Claim(
                consumer=JOB,
                allocations={NUMA: {"VCPU": 4, "MEMORY_MB": 8192}},
                project="physics",
                user="ada",
                type="JOB",
            ),
            Claim(consumer=OTHER, allocations={GPU: {"VGPU": 1}}, project="chemistry", user="bob"),
        )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("cli")
    path = folder / "berth.db"
    fill(path)
    with running([*berth_command(), "serve", "--database", f"sqlite:///{path}"], folder) as server:
        yield Fleet(path, server.port)


@pytest.fixture(params=["here", "there"])
def where(request: pytest.FixtureRequest, fleet: Fleet) -> list[str]:
    """The options that lead to the small fleet: without the server, and through it."""
    words: list[str] = getattr(fleet, request.param)
    return words
