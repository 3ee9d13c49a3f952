"""A whole review: what is read, the parts of it, the verdicts, and what of the findings counts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

import berth
from berth.review.code.parse import SourceTree
from berth.review.code_cache import CodeCache, review_code_cached
from berth.review.dependencies.advisories import AdvisoriesUnreadable, AdvisorySet, read_advisories, shipped
from berth.review.dependencies.dependencies import dependency_verdicts, review_dependencies, this_runtime
from berth.review.dependencies.pins import installed, read_pins
from berth.review.model import PartReview, Review, ReviewPart, Verdict, VerdictKind
from berth.review.report.digest import ReportData
from berth.review.subject import SubjectUnreadable, description, read_subject
from berth.review.suppression import SEVERITIES, FindingBaseline, Judged, judge, read_baseline, write_baseline
from berth.review.verdicts import all_verdicts

if TYPE_CHECKING:
    from berth.review.operation import OperationOptions

QUESTION: Final = "question"
"""The threshold at which open questions count as well."""


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What to review, and how.

    path: None for this Berth; cwes: none for all; operation: which deployment, None for the configured one;
    cache: where results of code are kept, None for nowhere.
    """

    path: str | None = None
    parts: frozenset[str] = frozenset(ReviewPart)
    cwes: frozenset[int] = frozenset()
    advisories: Path | None = None
    models: tuple[Path, ...] = ()
    baseline: Path | None = None
    operation: OperationOptions | None = None
    cache: CodeCache | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review, its report, the suppressions that are wrong, and the baseline that it was compared with."""

    report: ReportData
    errors: tuple[str, ...]
    baseline: FindingBaseline

    def fails(self, threshold: str) -> bool:
        """Whether a finding is at least as severe as the threshold; at `question`, whether anything is open."""
        parts = self.report.review.parts
        if threshold == QUESTION:
            return any(part.findings or part.questions for part in parts)
        counting = SEVERITIES[: SEVERITIES.index(threshold) + 1]
        return any(each.severity in counting for part in parts for each in part.findings)

    def as_baseline(self) -> bytes:
        """Return a baseline of the findings that count, and of those that the old one has."""
        kept = [each.finding for each in self.report.suppressed if each.by == "baseline"]
        found = [each for part in self.report.review.parts for each in part.findings]
        return write_baseline([*found, *kept], self.baseline)


def review_all(options: ReviewOptions, today: datetime.date) -> Reviewed:
    """Review the parts that are asked for. Raises SubjectUnreadable if nothing can be reviewed."""
    baseline = _baseline_of(options.baseline)
    tree = read_subject(options.path or str(Path(berth.__file__).parent))
    parts, verdicts = _review_parts(options, tree, today)
    found = [each for part in parts for each in part.findings if not options.cwes or each.cwe in options.cwes]
    judged = judge(found, tree.files, baseline, today, options.parts)
    errors = judged.errors if not options.cwes else ()  # a suppression of another weakness has nothing to match
    review = Review(
        description(tree),
        tuple(_counting(part, judged) for part in parts),
        tuple(_settled(each, judged) for each in verdicts if not options.cwes or each.cwe in options.cwes),
    )
    report = ReportData(review, str(today), berth.__version__, judged.suppressed, judged.gone)
    return Reviewed(report, errors, baseline)


def _baseline_of(path: Path | None) -> FindingBaseline:
    if path is None:
        return FindingBaseline()
    try:
        return read_baseline(path.read_bytes())
    except (msgspec.DecodeError, ValueError) as error:
        raise SubjectUnreadable(f"{path} is not a baseline: {error}") from None


def _review_parts(
    options: ReviewOptions, tree: SourceTree, today: datetime.date
) -> tuple[list[PartReview], list[Verdict]]:
    parts: list[PartReview] = []
    verdicts: list[Verdict] = []
    imports = None
    if ReviewPart.CODE in options.parts:
        part, found = review_code_cached(tree, options.models, options.cache)
        imports = part.coverage.imports if part.coverage.files else None
        parts.append(part)
        verdicts += found
    if ReviewPart.DEPENDENCIES in options.parts:
        part, found = _dependencies(options, tree, imports, today)
        parts.append(part)
        verdicts += found
    if options.parts & {ReviewPart.DEPLOYMENT, ReviewPart.LOG}:
        from berth.review.operation import OperationOptions, review_operation

        for part, found in review_operation(options.parts, options.operation or OperationOptions(), today):
            parts.append(part)
            verdicts += found
    return parts, list(all_verdicts(verdicts))


def _dependencies(
    options: ReviewOptions, tree: SourceTree, imports: frozenset[str] | None, today: datetime.date
) -> tuple[PartReview, tuple[Verdict, ...]]:
    advisories = _advisories(options.advisories)
    here = options.path is None
    pins = installed() if here else read_pins(tree.files, tree.name)
    part = review_dependencies(pins, advisories, today, imports=imports, runtime=this_runtime() if here else None)
    return part, dependency_verdicts(part, advisories)


def _advisories(path: Path | None) -> AdvisorySet:
    if path is None:
        return shipped()
    try:
        return read_advisories(path)
    except AdvisoriesUnreadable as error:
        raise SubjectUnreadable(str(error)) from None


def _counting(part: PartReview, judged: Judged) -> PartReview:
    return replace(part, findings=tuple(each for each in judged.findings if each.part is part.part))


def _settled(verdict: Verdict, judged: Judged) -> Verdict:
    """Return a verdict after suppressions: one whose findings are all accepted says so."""
    if verdict.kind is not VerdictKind.FINDING or any(each.cwe == verdict.cwe for each in judged.findings):
        return verdict
    accepted = [each for each in judged.suppressed if each.finding.cwe == verdict.cwe]
    if not accepted:
        return verdict
    reasons = "; ".join(sorted({each.reason or "in the baseline" for each in accepted}))
    return replace(verdict, kind=VerdictKind.CHECKED, evidence=f"{len(accepted)} accepted with a reason: {reasons}")
