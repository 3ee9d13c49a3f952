"""`berth release` and lists of uuids: from words, from standard input, few and many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from berth.cli.commands.release import FEW
from berth.cli.main import app
from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.errors import Unavailable
from berth.model.inventory import Inventory
from berth.model.releases import ReleasedPage

HOST = "10000000-0000-4000-8000-000000000001"
GPU = "10000000-0000-4000-8000-0000000000a0"
MANY = 2_500
NOBODY = "ffffffff-0000-4000-8000-000000000000"


def consumer(number: int) -> str:
    return f"c0000000-0000-4000-8000-{number:012}"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A host of which many consumers hold 2 VCPU each."""
    with open_ledger(f"sqlite:///{tmp_path}/berth.db") as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(10_000)})
        claims = [
            Claim(consumer=consumer(number), allocations={HOST: {"VCPU": 2}}, project="p", user="u")
            for number in range(MANY)
        ]
        ledger.claim(*claims)
        yield ledger


def release(tmp_path: Path, *words: str, given: str | None = None) -> Result:
    command = ["release", *words, "--database", f"sqlite:///{tmp_path}/berth.db"]
    return CliRunner().invoke(app, command, input=given)


def held(ledger: Ledger) -> int:
    return ledger.usages(HOST).usages["VCPU"]


def test_many_are_read_from_standard_input(ledger: Ledger, tmp_path: Path) -> None:
    head = ledger.head()
    uuids = [consumer(number) for number in range(0, MANY, 2)]
    done = release(tmp_path, "-", given="\n".join([uuids[0].upper(), "", *uuids, NOBODY]) + "\n")
    assert done.stdout == "released 1,250 consumers: 2,500 VCPU\n"
    assert NOBODY in done.stderr
    assert done.exit_code == 1
    assert held(ledger) == 2 * (MANY - len(uuids))
    assert ledger.head() - head <= 3


def test_a_few_are_listed(ledger: Ledger, tmp_path: Path) -> None:
    done = release(tmp_path, "-", given=f"{consumer(1)}\n{consumer(2)}")
    assert done.exit_code == 0
    assert done.stdout == f"released {consumer(1)}: 2 VCPU\nreleased {consumer(2)}: 2 VCPU\n"
    assert held(ledger) == 2 * (MANY - 2)


def test_many_as_json(ledger: Ledger, tmp_path: Path) -> None:
    uuids = [consumer(number) for number in range(FEW + 1)]
    done = release(tmp_path, "-", "--json", given="\n".join(uuids))
    assert json.loads(done.stdout) == [{"consumer": uuid, "name": None, "released": {"VCPU": 2}} for uuid in uuids]


@pytest.mark.parametrize(
    ("words", "given", "place"),
    [
        (("-",), f"{consumer(1)}\n\nme\n", "line 3: no consumer is called 'me'; nothing was released"),
        ((consumer(1), "me"), None, "argument 2: no consumer is called 'me'; nothing was released"),
        ((consumer(1), "-"), f"{consumer(2)}\n", "argument 2: no consumer is called '-'; nothing was released"),
    ],
)
def test_a_word_that_is_no_consumer_releases_nothing(
    words: tuple[str, ...], given: str | None, place: str, ledger: Ledger, tmp_path: Path
) -> None:
    done = release(tmp_path, *words, given=given)
    assert done.exit_code == 1
    assert place in " ".join(done.stderr.replace("│", " ").split())
    assert held(ledger) == 2 * MANY


def test_standard_input_is_not_read_for_a_token_as_well(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["release", "-", "--url", "http://127.0.0.1:1", "--token", "-"], input="t\n")
    assert done.exit_code == 2
    assert "standard input is used for the token already" in " ".join(done.stderr.replace("│", " ").split())


@pytest.fixture
def shared(ledger: Ledger) -> Ledger:
    """The same, and two consumers of another project that hold some of the host and of its GPU."""
    ledger.create_provider("gpu", uuid=GPU, parent=HOST)
    ledger.set_inventories(GPU, {"VGPU": Inventory(10)})
    held = {HOST: {"VCPU": 3}, GPU: {"VGPU": 1}}
    numbers = (MANY, MANY + 1)
    ledger.claim(*(Claim(consumer=consumer(n), allocations=held, project="q", user="u") for n in numbers))
    return ledger


FIRST, SECOND = consumer(MANY), consumer(MANY + 1)
ALL = "3 VCPU, 1 VGPU"


def both(amounts: str, verb: str = "released") -> str:
    """Return what is printed if this is released of both consumers."""
    return "".join(f"{verb} {each}: {amounts}\n" for each in (FIRST, SECOND))


@pytest.mark.parametrize(
    ("words", "status", "printed", "left"),
    [
        ((FIRST, "--on", "gpu"), 0, f"released {FIRST}: 1 VGPU\n", (5006, 1)),
        ((FIRST, "--on", "host"), 0, f"released {FIRST}: {ALL}\n", (5003, 1)),
        ((FIRST, consumer(1), "--on", GPU), 1, f"released {FIRST}: 1 VGPU\n", (5006, 1)),
        ((FIRST, consumer(1), "--project", "q"), 1, f"released {FIRST}: {ALL}\n", (5003, 1)),
        (("--holders-of", "gpu", "--yes"), 0, both(ALL), (5000, 0)),
        (("--holders-of", "gpu", "--on", "gpu", "--yes"), 0, both("1 VGPU"), (5006, 0)),
        (("--project", "q", "--yes", "--batch", "1"), 0, both(ALL), (5000, 0)),
        (("--holders-of", "host", "--yes"), 0, "released 2,502 consumers: 5,006 VCPU, 2 VGPU\n", (0, 0)),
        (("--holders-of", "host", "--dry-run"), 0, "would release 2,502 consumers: 5,006 VCPU, 2 VGPU\n", (5006, 2)),
        (("--project", "q", "--dry-run", "--batch", "1"), 0, both(ALL, "would release"), (5006, 2)),
        (("--project", "none", "--yes"), 0, "", (5006, 2)),
    ],
)  # fmt: skip
def test_a_part_or_a_selection(
    words: tuple[str, ...], status: int, printed: str, left: tuple[int, int], shared: Ledger, tmp_path: Path
) -> None:
    done = release(tmp_path, *words)
    assert (done.exit_code, done.stdout) == (status, printed), done.stderr
    assert (held(shared), shared.usages(GPU).usages["VGPU"]) == left
    again = release(tmp_path, *words)
    assert ("would release" in printed) or again.stdout == "", "what is released is not released again"


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ((), 2, "which consumers? Give names, uuids"),
        (("--on", "host"), 2, "which consumers? Give names, uuids"),
        (("--holders-of", "gpu"), 2, "this would release all that 2 consumers hold: add --yes"),
        (("--project", "q", "--on", "gpu"), 2, "this would release what 2 consumers hold of gpu: add --yes"),
        (("--holders-of", "gpu0", "--yes"), 1, "there is no provider 'gpu0': did you mean gpu?"),
        ((consumer(1), "--on", "gpu"), 1, f"these hold nothing of gpu: {consumer(1)}"),
        ((consumer(1), "--project", "q"), 1, f"these hold nothing in project q: {consumer(1)}"),
        (("--project", "q", "--yes", "--batch", "5001"), 2, "--batch"),
    ],
)
def test_what_is_refused_releases_nothing(
    words: tuple[str, ...], status: int, why: str, shared: Ledger, tmp_path: Path
) -> None:
    head = shared.head()
    done = release(tmp_path, *words)
    assert done.exit_code == status
    assert why in " ".join(done.stderr.replace("│", " ").split())
    assert shared.head() == head


@pytest.mark.parametrize(("typed", "status", "left"), [("2", 0, 0), ("3", 1, 2), ("", 1, 2), ("y", 1, 2)])
def test_the_number_is_typed(
    typed: str, status: int, left: int, shared: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berth.cli.confirm.is_interactive", lambda: True)
    done = release(tmp_path, "--project", "q", given=f"{typed}\n")
    assert "This will release all that 2 consumers hold. Type 2 to confirm" in done.stderr
    assert done.exit_code == status
    assert shared.usages(GPU).usages["VGPU"] == left


def test_what_was_released_before_a_failure_is_said(
    shared: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second commit fails: the first is there, is printed, and the command can be run again."""
    commits = iter((False, True))
    original = Ledger.release_matching

    def failing(self: Ledger, **fields: Any) -> ReleasedPage:
        if not fields["dry_run"] and next(commits):
            raise Unavailable("the database is away")
        return original(self, **fields)

    monkeypatch.setattr(Ledger, "release_matching", failing)
    done = release(tmp_path, "--project", "q", "--yes", "--batch", "1")
    assert done.exit_code == 2
    assert done.stdout == f"released {FIRST}: {ALL}\n"
    assert "stopped: 1 of 2 consumers released; run it again for the rest" in done.stderr
    monkeypatch.undo()
    assert release(tmp_path, "--project", "q", "--yes").stdout == f"released {SECOND}: {ALL}\n"
