"""A review as JSON, for programs: its form is described in docs/review.md."""

from typing import Any, Final

import msgspec

from berth.review.attacks import attack
from berth.review.model import PartReview, ReviewFinding, Verdict
from berth.review.report import digest
from berth.review.report.digest import ReportData
from berth.review.suppression import SuppressedFinding
from berth.review.weaknesses import TOP_25, weakness_name

FORMAT: Final = "berth-review/1"
"""The name and version of the document's form."""


def as_json(data: ReportData) -> str:
    """Return the review as one JSON document, indented, with its keys in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(document(data)), indent=2).decode() + "\n"


def document(data: ReportData) -> dict[str, Any]:
    """Return the review as plain dictionaries and lists, in the order of the report."""
    review = data.review
    return {
        "format": FORMAT,
        "subject": review.subject,
        "made": data.made,
        "tool": {"name": "berth", "version": data.tool},
        "summary": dict(digest.summary(data)),
        "parts": [_part(each) for each in review.parts],
        "findings": [_finding(each) for each in digest.findings(review)],
        "accepted": [_accepted(each) for each in data.suppressed],
        "gone": msgspec.to_builtins(data.gone),
        "questions": [
            {**msgspec.to_builtins(question), "settles": settled} for question, settled in digest.questions(review)
        ],
        "verdicts": [_verdict(each) for each in digest.verdicts(review)],
        "recommendations": msgspec.to_builtins(digest.recommendations(review)),
        "conclusion": digest.conclusion(data),
    }


def _part(part: PartReview) -> dict[str, Any]:
    return {"part": part.part, "facts": dict(sorted(part.facts.items())), "coverage": _coverage(part.coverage)}


def _accepted(each: SuppressedFinding) -> dict[str, Any]:
    finding = _finding(each.finding)
    return {"finding": finding, "reason": each.reason, "by": each.by, "who": each.who, "until": each.until}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    name = weakness_name(verdict.cwe)
    return {**msgspec.to_builtins(verdict), "name": name, "top25": verdict.cwe in TOP_25}


def _finding(finding: ReviewFinding) -> dict[str, Any]:
    return {**msgspec.to_builtins(finding), "name": weakness_name(finding.cwe), "attack": attack(finding.cwe)}


def _coverage(covered: Any) -> dict[str, Any]:
    return {**msgspec.to_builtins(covered), "imports": sorted(covered.imports)}
