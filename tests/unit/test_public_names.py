"""The public names of `import berth`: the documented ones, and those of 0.1 until 0.2."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import berth
from tests.support.document_blocks import ROOT

NAMES_OF_0_1 = [
    "About",
    "Attempt",
    "AuditRecord",
    "By",
    "Caller",
    "Candidate",
    "CandidateRequest",
    "Candidates",
    "Cell",
    "Change",
    "Claim",
    "ClassOverview",
    "Client",
    "Consumer",
    "ConsumerAllocations",
    "ConsumerDetails",
    "ConsumerItem",
    "ConsumerPage",
    "ConsumerQuery",
    "Facts",
    "Filter",
    "FleetMap",
    "Funnel",
    "Granted",
    "Group",
    "Held",
    "Holder",
    "HolderItem",
    "HolderPage",
    "Inventory",
    "KEEP",
    "Kind",
    "KnownToken",
    "Ledger",
    "MapQuery",
    "Me",
    "Minted",
    "NameItem",
    "Named",
    "NewInventories",
    "Order",
    "Overview",
    "ProjectItem",
    "ProjectPage",
    "Provider",
    "ProviderAggregates",
    "ProviderAllocations",
    "ProviderDetails",
    "ProviderFilter",
    "ProviderInventories",
    "ProviderItem",
    "ProviderPage",
    "ProviderQuery",
    "ProviderTraits",
    "ProviderUsages",
    "Room",
    "Share",
    "Stocked",
    "Summary",
    "TypeUsage",
    "UNCHECKED",
    "Verbs",
    "WantedToken",
    "connect",
    "errors",
    "open",
]


@pytest.mark.parametrize("name", NAMES_OF_0_1)
def test_every_name_of_0_1_is_still_there(name: str) -> None:
    assert getattr(berth, name) is not None


@pytest.mark.parametrize(("old", "new"), berth._OLD_NAMES.items())
def test_an_old_name_is_the_new_one(old: str, new: str) -> None:
    assert getattr(berth, old) is getattr(berth, new)
    assert new in berth.__all__
    assert old not in berth.__all__


def test_old_names_are_documented() -> None:
    page = (ROOT / "docs/embedding.md").read_text(encoding="utf-8")
    section = page.partition("## Names of 0.1")[2].partition("\n## ")[0]
    pairs = re.findall(r"\| `(\w+)` \| `(\w+)`(?= \|)", section)
    assert dict(pairs) == berth._OLD_NAMES


def test_an_old_name_can_be_imported() -> None:
    from berth import Granted, Verbs

    assert (Granted, Verbs) == (berth.Grant, berth.LedgerInterface)


def test_every_public_name_is_there_once() -> None:
    assert len(set(berth.__all__)) == len(berth.__all__)
    assert [name for name in berth.__all__ if not hasattr(berth, name)] == []


def test_what_is_imported_late_is_offered_by_completion() -> None:
    code = "import berth; print(*set(berth.__all__) - set(dir(berth)), *set(vars(berth)) - set(dir(berth)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        berth.Nothing  # noqa: B018
