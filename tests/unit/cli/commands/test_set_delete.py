"""`berth set`, `delete`, `rm`, `rename`, `drain`: what is typed, what is shown, and what is refused as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from berth.cli.main import app
from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory

HOST, NUMA, OTHER = (f"10000000-0000-4000-8000-00000000000{number}" for number in range(3))
JOB = "c0000000-0000-4000-8000-000000000001"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A host with one NUMA node, of which a consumer holds some, and another host."""
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.create_provider("numa", uuid=NUMA, parent=HOST)
        ledger.create_provider("other", uuid=OTHER)
        for uuid in (NUMA, OTHER):
            ledger.set_inventories(uuid, {"VCPU": Inventory(16), "MEMORY_MB": Inventory(65_536)})
        ledger.claim(Claim(consumer=JOB, allocations={NUMA: {"VCPU": 10}}, project="p", user="u"))
        yield ledger


def berth(tmp_path: Path, *words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, [*words, "--database", f"sqlite:///{tmp_path}/berth.db"], input=given)


def plain(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "inventory"),
    [
        (("VCPU.allocation_ratio=1.5", "--tree", "numa"), Inventory(16, allocation_ratio=1.5)),
        (("VCPU.reserved=0", "VCPU.total=32", "--provider", NUMA), Inventory(32)),
        (("VCPU.max_unit=8", "VCPU.step_size=2", "--name", "UM"), Inventory(16, max_unit=8, step_size=2)),
        (("MEMORY_MB.reserved=4G", "--all"), Inventory(65_536, reserved=4096)),
        (("VCPU.reserved=10", "--all", "--over-capacity"), Inventory(16, reserved=10)),
    ],
)
def test_fields_are_set(words: tuple[str, ...], inventory: Inventory, ledger: Ledger, tmp_path: Path) -> None:
    done = berth(tmp_path, "set", *words)
    name = words[0].partition(".")[0]
    found = ledger.inventory(NUMA, name)
    assert [getattr(found, field) for field in Inventory.__struct_fields__] == [
        getattr(inventory, field) for field in Inventory.__struct_fields__
    ]
    changed = 2 if "--all" in words else 1
    assert done.stdout.startswith(f"changed {changed} of {changed} provider{'s' * (changed != 1)} with {name}\n")
    assert berth(tmp_path, "set", *words).stdout.startswith(f"changed 0 of {changed} provider")


def test_a_dry_run_lists_who_would_be_over_capacity(ledger: Ledger, tmp_path: Path) -> None:
    head = ledger.head()
    done = berth(tmp_path, "set", "VCPU.allocation_ratio=0.5", "--all", "--dry-run")
    assert plain(done.stdout) == (
        "would change 2 of 2 providers with VCPU 1 provider would have less capacity than consumers hold: "
        f"PROVIDER HELD CAPACITY BEFORE UUID numa 10 8 16 {NUMA}"
    )
    assert (done.exit_code, ledger.head()) == (0, head)


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("set", "VCPU.total=8"), 2, "which providers?"),
        (("set", "VCPU.total=8", "--all", "--name", "numa"), 2, "which providers?"),
        (("set", "VCPU.size=8", "--all"), 2, "'VCPU.size=8' is not CLASS.FIELD=VALUE"),
        (("set", "total=8", "--all"), 2, "'total=8' is not CLASS.FIELD=VALUE"),
        (("set", "VCPU.total", "--all"), 2, "'VCPU.total' is not CLASS.FIELD=VALUE"),
        (("set", "VCPU.total=8", "VCPU.total=9", "--all"), 2, "total is given twice"),
        (("set", "VCPU.total=8", "MEMORY_MB.reserved=9", "--all"), 2, "one command sets fields of one class"),
        (("set", "VCPU.total=x", "--all"), 2, "an amount is a whole number"),
        (("set", "VCPU.allocation_ratio=x", "--all"), 2, "a ratio is a number"),
        (("set", "VCPU.allocation_ratio=-1", "--all"), 1, "allocation_ratio must be from 0"),
        (("set", "VCPU.total=0", "--all"), 1, "total must be from 1"),
        (("set", "VCPU.reserved=17", "--all"), 1, "the provider is numa"),
        (("set", "VCPU.total=8", "--all"), 1, "providers: numa; --dry-run lists them"),
        (("set", "VCPU.total=8", "--trait", "HW_CPU_X86_AVX2"), 1, "No provider with an inventory of class VCPU"),
        (("set", "VCPU.total=8", "--tree", "hosts"), 1, "there is no provider 'hosts': did you mean host?"),
        (("set", "VPCU.total=8", "--all"), 1, "No such resource class VPCU. did you mean VGPU, VCPU"),
        (("delete", "host"), 1, "its children: numa"),
        (("delete", "numa"), 1, f"`berth show numa` lists who holds it: {JOB} (10 VCPU)"),
        (("delete", "host", "--tree", "--yes"), 1, f"by {JOB} (10 VCPU); `berth release --holders-of host`"),
        (("delete", "host", "--tree", "--dry-run"), 1, "in use: numa"),
        (("delete", "hots", "--tree", "--yes"), 1, "there is no provider 'hots'"),
        (("delete", "other", "--dry-run"), 2, "--dry-run needs --tree"),
        (("rm", "other"), 2, "this would remove other: add --yes"),
        (("rm", "host", "--yes"), 1, "its children: numa"),
        (("rm", "host", "--tree", "--yes"), 1, "in use: numa"),
        (("rename", "host", "other"), 1, f"`berth show {OTHER}`"),
        (("rename", "host", "numa", "--tree"), 1, f"`berth show {NUMA}`"),
        (("rename", "host", ""), 1, "name"),
        (("rename", "hots", "x"), 1, "did you mean host?"),
        (("drain",), 2, "which hosts? Name them"),
        (("drain", "host", "hots"), 1, "there is no provider 'hots'"),
        (("drain", "--aggregate", "rack-9"), 1, "no aggregate rack-9"),
        (("drain", "host", "--why", 256 * "x"), 1, "the reason has more than 255 characters"),
        (("undrain", "--name", "nothing"), 1, "No provider matches."),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(
    words: tuple[str, ...], status: int, why: str, ledger: Ledger, tmp_path: Path
) -> None:
    head = ledger.head()
    done = berth(tmp_path, *words)
    assert why in plain(done.stderr)
    assert (done.exit_code, done.stdout, ledger.head()) == (status, "", head)


def test_a_tree_is_deleted_once_its_number_is_typed(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.release(JOB)
    done = berth(tmp_path, "delete", "host", "--tree")
    assert (done.exit_code, len(ledger.providers())) == (2, 3)
    assert "this would delete 2 providers: add --yes" in plain(done.stderr)
    monkeypatch.setattr("berth.cli.confirm.is_interactive", lambda: True)
    assert berth(tmp_path, "delete", "host", "--tree", given="3\n").exit_code == 1
    assert len(ledger.providers()) == 3
    done = berth(tmp_path, "delete", "host", "--tree", given="2\n")
    assert done.stdout.removeprefix(" 2\n") == f"deleted host  {HOST}\ndeleted numa  {NUMA}\n"
    assert berth(tmp_path, "delete", "other").stdout == f"deleted other  {OTHER}\n"
    assert ledger.providers() == []


def test_one_is_removed_once_it_is_confirmed(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.cli.confirm.is_interactive", lambda: True)
    assert berth(tmp_path, "rm", "other", given="2\n").exit_code == 1
    assert len(ledger.providers()) == 3
    done = berth(tmp_path, "rm", "other", given="1\n")
    assert "remove other. Type 1 to confirm" in done.stderr
    assert done.stdout.removeprefix(" 1\n") == f"removed other  {OTHER}\n"
    ledger.release(JOB)
    done = berth(tmp_path, "rm", "host", "--tree", given="2\n")
    assert "remove host and 1 provider below it" in done.stderr
    assert ledger.providers() == []


def test_a_tree_is_renamed_with_what_has_its_name(ledger: Ledger, tmp_path: Path) -> None:
    part = ledger.create_provider("host-gpu", parent=HOST).uuid
    assert berth(tmp_path, "rename", "host", "rack-1", "--tree", "--dry-run").stdout.startswith("would rename host to")
    done = berth(tmp_path, "rename", "host", "rack-1", "--tree")
    assert done.stdout == "renamed host to rack-1\nrenamed host-gpu to rack-1-gpu\n"
    assert {ledger.provider(each).name for each in (HOST, NUMA, part)} == {"rack-1", "numa", "rack-1-gpu"}
    assert berth(tmp_path, "rename", HOST, "host").stdout == "renamed rack-1 to host\n"
    assert ledger.provider(part).name == "rack-1-gpu"
    assert ledger.usages(NUMA).usages["VCPU"] == 10


def test_a_drained_host_is_shown_as_such(ledger: Ledger, tmp_path: Path) -> None:
    done = berth(tmp_path, "drain", "host", "--why", "fan")
    assert done.stdout == f"drained host  {HOST}\n"
    assert "still held there: 10 VCPU; `berth release --holders-of HOST --dry-run`" in plain(done.stderr)
    assert berth(tmp_path, "drain", "host").stdout == "1 drained already\n"
    assert "drained with host above it since 20" in plain(berth(tmp_path, "show", "numa").stdout)
    assert plain(berth(tmp_path, "show", "host").stdout).count("drained") == 3, "a line, and twice in the tree"
    assert "VCPU ████░░░░░░░░ 31 % 10 32 6 16 2" in plain(berth(tmp_path, "usage").stdout)
    assert "1 provider is drained" in berth(tmp_path, "usage").stderr
    assert [line.split()[0] for line in berth(tmp_path, "providers", "--drained").stdout.splitlines()[1:]] == ["host"]
    done = berth(tmp_path, "claim", "VCPU=1", "--on", "numa", "--project", "p")
    assert "(fan) and takes no new claims" in plain(done.stderr)
    assert "`berth show numa` says since when" in plain(done.stderr)
    assert "Every provider that meets all other constraints is drained" in plain(
        berth(tmp_path, "find", "VCPU=1", "--in-tree", "host").stdout
    )
    assert berth(tmp_path, "undrain", "numa").exit_code == 1
    assert berth(tmp_path, "undrain", "host", "other").stdout == f"undrained host  {HOST}\n1 not drained\n"
    assert "is drained: fan" in berth(tmp_path, "changes").stdout
