"""How a fact of a deployment becomes a finding, and what a look at one part of it brings."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from berth.review.model import CodePlace, OpenQuestion, ReviewFinding, ReviewPart, Severity, Unseen

ExaminedThing = ReviewFinding | Unseen | OpenQuestion


@dataclass(slots=True)
class Examined:
    """What is gathered: findings, what could not be seen, questions, and facts by name. Repeats are dropped."""

    findings: list[ReviewFinding] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    questions: list[OpenQuestion] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    def add(self, found: Iterable[ExaminedThing]) -> None:
        """Add what was found, each to its kind."""
        for each in found:
            if isinstance(each, ReviewFinding):
                self.findings += [each] * (each not in self.findings)
            elif isinstance(each, Unseen):
                self.unseen += [each] * (each not in self.unseen)
            else:
                self.questions += [each] * (each not in self.questions)


def deployment_finding(
    rule: str,
    cwe: int,
    severity: Severity,
    thing: str,
    sentence: str,
    remedy: str,
    part: ReviewPart = ReviewPart.DEPLOYMENT,
) -> ReviewFinding:
    """Return a finding about a thing that has no lines: a setting, a file, a right, a token."""
    return ReviewFinding(rule, cwe, severity, part, CodePlace(thing), sentence, symbol=thing, remedy=remedy)
