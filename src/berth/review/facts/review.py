"""The review by facts: every rule over every file, and what was looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from berth.review.facts.amounts import amounts
from berth.review.facts.authority import authority
from berth.review.facts.client_roles import client_roles
from berth.review.facts.cookies import cookies, debugging
from berth.review.facts.cryptography import ciphers, hashes, signatures
from berth.review.facts.exposure import exposure, secrets_logged
from berth.review.facts.fact import Fact, FileRule, ProjectRule, Safe, Sources
from berth.review.facts.files import deployment_files
from berth.review.facts.forgery import forgery
from berth.review.facts.native import native_code, type_checks
from berth.review.facts.patterns import patterns
from berth.review.facts.permissions import file_races, modes, temporary_files
from berth.review.facts.randomness import randomness
from berth.review.facts.resources import decompression, reads, recursion, timeouts
from berth.review.facts.routes import handlers
from berth.review.facts.secrets import comparisons, literals, stored_passwords
from berth.review.facts.templates import templates
from berth.review.facts.transactions import transactions
from berth.review.facts.transport import certificates, protocols
from berth.review.facts.uploads import uploads
from berth.review.model import OpenQuestion, ReviewFinding, SinkCount

RULES: Final[tuple[FileRule, ...]] = (
    *(hashes, ciphers, signatures, randomness, certificates, protocols),
    *(literals, comparisons, stored_passwords, cookies, debugging),
    *(modes, temporary_files, file_races, timeouts, reads, decompression, recursion, patterns, transactions),
    *(uploads, amounts, secrets_logged),
)
"""Rules that look at one file at a time."""
PROJECT_RULES: Final[tuple[ProjectRule, ...]] = (
    *(authority, client_roles, forgery, templates, deployment_files, native_code),
    exposure,
)
"""Rules that look at a whole project."""


@dataclass(frozen=True, slots=True)
class FactReview:
    """What the rules of facts found: findings and questions, what was looked at, and facts for recommendations."""

    findings: tuple[ReviewFinding, ...]
    questions: tuple[OpenQuestion, ...]
    sinks: tuple[SinkCount, ...]
    facts: dict[str, str]


def review_facts(sources: Sources) -> FactReview:
    """Apply every rule to parsed files and texts; the same sources give the same result, in the same order."""
    found = list(_facts(sources))
    findings = sorted(
        {each.fingerprint + str(each.place): each for each in found if isinstance(each, ReviewFinding)}.items()
    )
    ordered = sorted((each for _, each in findings), key=lambda each: (each.place, each.rule))
    questions = tuple(each for each in found if isinstance(each, OpenQuestion))
    facts = {"routes": str(len(handlers(sources))), "types": type_checks(sources)}
    return FactReview(tuple(ordered), questions, sink_counts(ordered, found), facts)


def _facts(sources: Sources) -> Iterator[Fact]:
    for file in sources.judged:
        for rule in RULES:
            yield from rule(file)
    for project_rule in PROJECT_RULES:
        yield from project_rule(sources)


def sink_counts(findings: Iterable[ReviewFinding], facts: Iterable[Fact]) -> tuple[SinkCount, ...]:
    """Count, by CWE, what was looked at and why it is safe."""
    safe: dict[int, Counter[str]] = defaultdict(Counter)
    bad: Counter[int] = Counter(each.cwe for each in findings)
    for fact in facts:
        if isinstance(fact, Safe):
            safe[fact.cwe][fact.reason] += 1
    return tuple(
        SinkCount(cwe, bad[cwe] + safe[cwe].total(), dict(sorted(safe[cwe].items()))) for cwe in sorted({*safe, *bad})
    )
