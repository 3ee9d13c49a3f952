"""What has ended: `berth show` and `berth history` say whose it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berth.ledger import open_ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from tests.suites.cli.conftest import GPU, JOB, NOBODY, berth


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a ledger in which a claim was released, and its provider deleted."""
    folder: Path = tmp_path_factory.mktemp("ended")
    with open_ledger(f"sqlite:///{folder}/ledger.db", actor="ben") as ledger:
        ledger.create_provider("gpu01", uuid=GPU)
        ledger.set_inventories(GPU, {"PGPU": Inventory(4)})
        ledger.claim(Claim(consumer=JOB, allocations={GPU: {"PGPU": 1}}, project="students", user="ada", type="JOB"))
        ledger.release(JOB)
        ledger.delete_provider(GPU)
    return f"sqlite:///{folder}/ledger.db"


@pytest.mark.parametrize(
    ("uuid", "said"),
    [
        (JOB, f"consumer {JOB}, released"),
        (JOB, "of project students, user ada, type JOB"),
        (GPU, f"provider {GPU}, deleted"),
    ],
)
def test_what_has_ended_is_shown(url: str, uuid: str, said: str) -> None:
    shown = berth("show", uuid, "--database", url, env={"COLUMNS": "200"})
    assert shown.status == 0
    assert said in shown.out
    assert "by ben" in shown.out


def test_its_history_says_who_held_what(url: str) -> None:
    for subject in (JOB, GPU):
        told = berth("history", subject, "--database", url, env={"COLUMNS": "200"}).out
        assert f"ada (students) claimed 1 PGPU of {GPU}" in told
        assert f"released 1 PGPU of {GPU}, held by ada (students)" in told


def test_what_has_ended_as_json(url: str) -> None:
    shown = json.loads(berth("show", JOB, "--database", url, "--json").out)
    assert shown["ended"] == {"uuid": JOB, "project": "students", "user": "ada", "type": "JOB"}
    assert len(shown["history"]) == 2


def test_what_never_was_is_still_refused(url: str) -> None:
    assert "neither a provider nor a consumer" in berth("show", NOBODY, "--database", url).err


def test_the_audit_log_has_owners(url: str) -> None:
    lines = berth("audit", "list", "--database", url, "--consumer", JOB, "--csv").out.splitlines()
    assert lines[0].endswith(",owner")
    assert [line.endswith(",ada (students)") for line in lines[1:]] == [True, True]
