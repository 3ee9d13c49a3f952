"""SARIF 2.1.0: what the standard asks for, by its schema where one is at hand, and by its rules for values."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from berth.review.report.sarif import as_sarif
from tests.unit.review.made_review import CLEAN, DATA

SCHEMA = os.environ.get("BERTH_TEST_SARIF_SCHEMA", "")
LOG = json.loads(as_sarif(DATA))
CODE, DEPENDENCIES = LOG["runs"]


@pytest.mark.skipif(not SCHEMA, reason="BERTH_TEST_SARIF_SCHEMA names no file with the schema of SARIF 2.1.0")
@pytest.mark.parametrize("text", [as_sarif(DATA), as_sarif(DATA, findings_only=True), as_sarif(CLEAN)])
def test_it_is_valid_against_the_schema(text: str) -> None:
    schema = json.loads(Path(SCHEMA).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)
    validator(schema, format_checker=jsonschema.FormatChecker()).validate(json.loads(text))


def results(kind: str) -> list[dict[str, Any]]:
    return [each for each in CODE["results"] if each["kind"] == kind]


def test_there_is_a_run_for_each_part_with_an_id_of_its_own() -> None:
    assert [each["automationDetails"]["id"] for each in LOG["runs"]] == ["berth-review/code/", "berth-review/deps/"]


def test_the_four_verdicts_are_the_kinds_of_the_standard() -> None:
    assert [each["ruleId"] for each in results("open")] == ["CWE-78", "CWE-94"]
    assert [each["ruleId"] for each in results("notApplicable")] == ["CWE-611"]
    assert [(each["ruleId"], each["kind"]) for each in DEPENDENCIES["results"]] == [("CWE-1395", "pass")]
    assert all(each["level"] == "none" for each in CODE["results"] if each["kind"] != "fail")


def test_a_result_names_its_rule_by_the_right_index() -> None:
    for run in LOG["runs"]:
        for each in run["results"]:
            assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]


def test_every_related_weakness_is_in_the_taxonomy() -> None:
    for run in LOG["runs"]:
        known = {each["id"] for each in run["taxonomies"][0]["taxa"]}
        rules = run["tool"]["driver"]["rules"]
        assert {each["relationships"][0]["target"]["id"] for each in rules} <= known


def test_a_finding_has_its_way_its_other_places_and_a_fingerprint() -> None:
    (injection,) = [each for each in CODE["results"] if each["ruleId"] == "sql-injection"]
    flow = injection["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [each["location"]["physicalLocation"]["region"]["startLine"] for each in flow] == [4, 12]
    assert injection["partialFingerprints"] == {"berthReview/v1": "0123456789abcdef"}
    assert injection["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 30}
    assert injection["level"] == "error"


def test_an_accepted_finding_is_suppressed_with_its_reason() -> None:
    (accepted,) = [each for each in CODE["results"] if "suppressions" in each]
    assert accepted["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "only a key of a cache"}
    ]


def test_paths_are_uris() -> None:
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results("fail")]
    assert "a%20%3Cb%3E%26%1B%5B31m%E2%80%AE.py" in uris


def test_what_was_not_seen_is_a_notification() -> None:
    (unseen,) = CODE["invocations"][0]["toolExecutionNotifications"]
    assert unseen["message"]["text"] == "does not parse: x"


def test_without_verdicts_only_findings_are_results() -> None:
    (code, dependencies) = json.loads(as_sarif(DATA, findings_only=True))["runs"]
    assert {each["kind"] for each in code["results"]} == {"fail"}
    assert dependencies["results"] == []
