"""Records of the audit log as sentences, in the words of the dashboard."""

from __future__ import annotations

import re
from typing import Any

import pytest

from berth.cli.output.audit_text import DONE, outcome, sentence
from berth.model.audit import AuditRecord
from berth.model.change import CatalogueEntry, Facts, NameKind
from berth.model.commands import Command
from berth.model.consumer import Owner
from tests.support.document_blocks import ROOT

ADA, BEN = Owner("students", "ada", "JOB"), Owner("vision", "ben", None)
GPU = {"gpu01-gpu0": {"PGPU": 1}, "gpu01": {"VCPU": 4}}


def record(operation: str = "SetAllocations", actor: str = "slurm", **given: Any) -> AuditRecord:
    fields: dict[str, Any] = {"target": "", "outcome": "done", "why": "", "change": 1, "after": None, **given}
    known = dict.fromkeys(("request", "via", "user", "project", "address", "hash"), "")
    return AuditRecord(number=1, at=0, actor=actor, operation=operation, roles=(), before=None, **known, **fields)


def claimed(actor: str = "slurm", operation: str = "SetAllocations", **facts: Any) -> AuditRecord:
    return record(operation, actor, after=Facts(used={uuid: {} for uuid in GPU}, **facts))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (
            claimed(claims={"c": GPU}, owners={"c": ADA}),
            "ada (students) holds 1 PGPU, 4 VCPU on gpu01 · by slurm",
        ),
        (claimed("ada", claims={"c": {}}, owners={"c": ADA}), "ada (students) released a claim on gpu01"),
        (claimed(operation="Lapse", claims={"c": {}}, owners={"c": ADA}), "a claim of ada (students) ended on gpu01"),
        (claimed(claims={"c": GPU}), "consumer c holds 1 PGPU, 4 VCPU on gpu01 · by slurm"),
        (
            claimed("ada", claims={"c": {}, "d": {"gpu02": {"PGPU": 1}}}, owners={"c": ADA, "d": BEN}),
            "ada (students) released a claim, ben (vision) holds 1 PGPU on gpu01 · by ada",
        ),
        (
            claimed(claims={key: {} for key in "abcd"}),
            "slurm changed the claims of 4 consumers on gpu01",
        ),
        (
            record("SetInventories", "ops", after=Facts(inventories={f"h{n}": {} for n in range(5)})),
            "ops set the inventories of h0, h1, h2 and 2 more",
        ),
        (
            record("CreateTrait", "", after=Facts(names=[CatalogueEntry(NameKind.TRAIT, 1, "CUSTOM_A", 0)])),
            "an unknown caller created the trait CUSTOM_A",
        ),
        (record("ArchiveAudit", "ops", target="7", after=Facts()), "ops archived the audit log up to record 7"),
        (
            record("fleet.show", "eve", outcome="403", change=None, target="GET /v1/fleet"),
            "eve was refused GET /v1/fleet",
        ),
    ],
)
def test_a_record_as_a_sentence(of: AuditRecord, said: str) -> None:
    assert sentence(of, str) == said


def test_how_it_ended() -> None:
    assert outcome(record()) == "done"
    assert outcome(record(outcome="403", why="not allowed")) == "refused 403: not allowed"


def test_the_dashboard_has_the_same_words() -> None:
    text = (ROOT / "src/berth/web/static/js/sentences.js").read_text()
    block = text.partition("const DONE = {")[2].partition("}")[0]
    assert dict(re.findall(r'(\w+): "([^"]*)"', block)) == DONE
    others = {"add_standard_names", "ArchiveAudit", "SealCheckpoint"}
    assert set(DONE) - others <= {command.__name__ for command in Command.__subclasses__()}
