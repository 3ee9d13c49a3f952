"""Changes as text, one line each."""

from __future__ import annotations

from typing import Any

import pytest

from berth.cli.output.change_text import line
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.change import CatalogueEntry, Change, Facts, NameKind, ProviderFact
from berth.model.consumer import Owner
from berth.model.inventory import Inventory

ADA = Owner("students", "ada", "JOB")


def fact(name: str) -> ProviderFact:
    return ProviderFact(1, f"uuid-of-{name}", name, 1, None, f"uuid-of-{name}", 0, 0)


def text_of(operation: str = "X", **facts: Any) -> str:
    change = Change(7, 0, operation, "ada", "req-1", Facts(**facts))
    return line(change, lambda uuid: f"<{uuid}>")


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"names": [CatalogueEntry(NameKind.TRAIT, 1, "CUSTOM_A", 0)]}, "trait CUSTOM_A"),
        ({"names": [CatalogueEntry(NameKind.TYPE, 1, "JOB", 0)]}, "X"),
        ({"unnamed": [4]}, "name 4 removed"),
        ({"providers": [fact("a")]}, "provider a written"),
        ({"providers": [fact(name) for name in "abcd"]}, "4 providers"),
        ({"inventories": {"u": {"VCPU": Inventory(64)}}}, "<u> has 64 VCPU"),
        ({"inventories": {"u": {}}, "traits": {"u": []}}, "<u> has no inventory, traits none"),
        ({"providers": [fact("a")], "traits": {"uuid-of-a": ["T"]}}, "provider a written; a has traits T"),
        ({"claims": {"c": {"u": {"VCPU": 4}}}}, "consumer c holds 4 VCPU of <u>"),
        ({"claims": {"c": {}}}, "consumer c released"),
        ({"claims": {"c": {}}, "owners": {"c": ADA}}, "consumer c of ada (students) released"),
        (
            {"claims": {"c": {"u": {"PGPU": 1}}}, "owners": {"c": ADA}},
            "consumer c of ada (students) holds 1 PGPU of <u>",
        ),
        ({"claims": {key: {} for key in "abcd"}}, "4 consumers"),
        ({"gone": ["u"]}, "provider u deleted"),
        ({"aggregates": {"h": ["u"]}}, "<h> has aggregates <u>"),
        ({"aggregate_names": {"u": AggregateName("rack-7", "rack")}}, "rack u is named rack-7"),
        ({"aggregate_names": {"u": NO_NAME}}, "aggregate u has no name"),
        (
            {
                "names": [CatalogueEntry(NameKind.AGGREGATE, 1, "u", 0)],
                "aggregate_names": {"u": AggregateName("rack-7")},
                "aggregates": {"h": ["u"]},
            },
            "aggregate u is named rack-7; <h> has aggregates rack-7",
        ),
    ],
)
def test_facts_as_text(facts: dict[str, Any], text: str) -> None:
    assert text_of(**facts) == f"1970-01-01 00:00:00  #7  ada  {text}"


@pytest.mark.parametrize(("operation", "verb"), [("CreateProvider", "created"), ("UpdateProvider", "renamed or moved")])
def test_the_verb_depends_on_the_operation(operation: str, verb: str) -> None:
    assert text_of(operation, providers=[fact("a")]).endswith(f"provider a {verb}")
