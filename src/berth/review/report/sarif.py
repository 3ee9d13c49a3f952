"""A review as SARIF 2.1.0 (OASIS, 2020): a run for each part; the four verdicts are the standard's own kinds.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

import msgspec

from berth.review.attacks import attack
from berth.review.model import CodePlace, PartReview, ReviewFinding, ReviewPart, Severity, Step, Verdict, VerdictKind
from berth.review.report import digest
from berth.review.report.digest import ReportData
from berth.review.suppression import SuppressedFinding
from berth.review.weaknesses import link, weakness_name

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "SRCROOT"
"""The name of the folder that all paths are relative to."""

_LEVELS: Final = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SCORES: Final = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
_KINDS: Final = {
    VerdictKind.FINDING: "fail",
    VerdictKind.CHECKED: "pass",
    VerdictKind.UNKNOWN: "open",
    VerdictKind.NOT_APPLICABLE: "notApplicable",
}
_PARTS_OF: Final = {
    ReviewPart.DEPENDENCIES: frozenset({937, 1104, 1395}),
    ReviewPart.DEPLOYMENT: frozenset({16, 250, 269, 276, 311}),
    ReviewPart.LOG: frozenset({223, 354, 778}),
}
"""The weaknesses whose verdicts stand in the run of a part; all others stand in that of the code."""


def as_sarif(data: ReportData, *, findings_only: bool = False) -> str:
    """Return the log file. findings_only: without verdicts that are no findings, for services that list all results."""
    runs = [_run(data, part, findings_only) for part in data.review.parts]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _run(data: ReportData, part: PartReview, findings_only: bool) -> dict[str, Any]:
    found = digest.findings(type(data.review)(data.review.subject, (part,), ()))
    accepted = [each for each in data.suppressed if each.finding.part is part.part]
    said = [] if findings_only else _verdicts_of(data, part.part)
    every = [*found, *(each.finding for each in accepted)]
    rules = {rule["id"]: rule for rule in (*map(_rule, every), *map(_weakness_rule, said))}
    numbers = {name: number for number, name in enumerate(rules)}
    cwes = sorted({each.cwe for each in every} | {each.cwe for each in said})
    return {
        "tool": {"driver": _driver(data.tool, list(rules.values()))},
        "automationDetails": {"id": f"berth-review/{part.part}/"},
        "invocations": [_invocation(part)],
        "originalUriBaseIds": {ROOT: {"description": {"text": f"the root of {data.review.subject}"}}},
        "columnKind": "unicodeCodePoints",
        "taxonomies": [_taxonomy(cwes)],
        "results": [
            *(_result(each, numbers) for each in found),
            *(_suppressed(each, numbers) for each in accepted),
            *(_verdict(each, numbers) for each in said),
        ],
    }


def _driver(version: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "berth review",
        "version": version,
        "semanticVersion": version,
        "rules": rules,
        "supportedTaxonomies": [{"name": "CWE", "index": 0}],
    }


def _verdicts_of(data: ReportData, part: ReviewPart) -> list[Verdict]:
    present = {each.part for each in data.review.parts}
    home = {cwe: owner for owner, cwes in _PARTS_OF.items() if owner in present for cwe in cwes}
    fallback = ReviewPart.CODE if ReviewPart.CODE in present else data.review.parts[0].part
    return [
        each
        for each in digest.verdicts(data.review)
        if each.kind is not VerdictKind.FINDING and home.get(each.cwe, fallback) is part
    ]


def _rule(finding: ReviewFinding) -> dict[str, Any]:
    help_text = " ".join(filter(None, (attack(finding.cwe), finding.remedy or finding.sentence)))
    rule: dict[str, Any] = {
        "id": finding.rule,
        "shortDescription": {"text": f"CWE-{finding.cwe}: {weakness_name(finding.cwe)}"},
        "helpUri": link(finding.cwe),
        "help": {"text": help_text},
        "properties": {
            "tags": ["security", f"external/cwe/cwe-{finding.cwe:03}"],
            "security-severity": _SCORES[finding.severity],
            "precision": "high",
        },
    }
    return _related(rule, finding.cwe)


def _weakness_rule(verdict: Verdict) -> dict[str, Any]:
    rule = {
        "id": f"CWE-{verdict.cwe}",
        "shortDescription": {"text": weakness_name(verdict.cwe) or f"CWE-{verdict.cwe}"},
        "helpUri": link(verdict.cwe),
    }
    return _related(rule, verdict.cwe)


def _related(rule: dict[str, Any], cwe: int) -> dict[str, Any]:
    target = {"id": str(cwe), "toolComponent": {"name": "CWE", "index": 0}}
    return {**rule, "relationships": [{"target": target, "kinds": ["superset"]}]}


def _result(finding: ReviewFinding, numbers: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "kind": "fail",
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.sentence},
        "locations": [_location(finding.place, symbol=finding.symbol)],
        "partialFingerprints": {"berthReview/v1": finding.fingerprint},
        "taxa": [{"id": str(finding.cwe), "toolComponent": {"name": "CWE", "index": 0}}],
    }
    if finding.steps:
        result["codeFlows"] = [{"threadFlows": [{"locations": [_thread_location(each) for each in finding.steps]}]}]
    if finding.others:
        others = enumerate(finding.others, 1)
        result["relatedLocations"] = [{"id": number, **_location(each)} for number, each in others]
    return result


def _suppressed(each: SuppressedFinding, numbers: dict[str, int]) -> dict[str, Any]:
    kind = "inSource" if each.by == "code" else "external"
    suppression = {"kind": kind, "status": "accepted", "justification": each.reason or "known when the baseline began"}
    state = {} if each.by == "code" else {"baselineState": "unchanged"}
    return {**_result(each.finding, numbers), **state, "suppressions": [suppression]}


def _verdict(verdict: Verdict, numbers: dict[str, int]) -> dict[str, Any]:
    rule = f"CWE-{verdict.cwe}"
    text = " Needs: ".join(filter(None, (verdict.evidence, verdict.needs))) or str(verdict.kind)
    return {
        "ruleId": rule,
        "ruleIndex": numbers[rule],
        "kind": _KINDS[verdict.kind],
        "level": "none",
        "message": {"text": text},
    }


def _location(place: CodePlace, text: str = "", symbol: str = "", code: str = "") -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(place.path or "."), "uriBaseId": ROOT}}
    if place.line:
        physical["region"] = {"startLine": place.line}
        if place.column:
            physical["region"]["startColumn"] = place.column
        if code:
            physical["region"]["snippet"] = {"text": code}
    location: dict[str, Any] = {"physicalLocation": physical}
    if text:
        location["message"] = {"text": text}
    if symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": symbol}]
    return location


def _thread_location(step: Step) -> dict[str, Any]:
    return {"location": _location(step.place, text=step.what, code=step.code)}


def _invocation(part: PartReview) -> dict[str, Any]:
    unseen = [
        {"level": "warning", "message": {"text": each.why}, "locations": [_location(each.place)]}
        for each in part.coverage.unseen
    ]
    return {"executionSuccessful": True, **({"toolExecutionNotifications": unseen} if unseen else {})}


def _taxonomy(cwes: Iterable[int]) -> dict[str, Any]:
    return {
        "name": "CWE",
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
        "informationUri": "https://cwe.mitre.org/",
        "taxa": [
            {"id": str(cwe), "helpUri": link(cwe), "shortDescription": {"text": weakness_name(cwe) or f"CWE-{cwe}"}}
            for cwe in cwes
        ],
    }
