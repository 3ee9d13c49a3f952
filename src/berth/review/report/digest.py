"""What every form of a report says, computed once from the review: its figures, recommendations and conclusion."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from berth.model.plural import plural
from berth.review.attacks import attack
from berth.review.model import (
    Coverage,
    OpenQuestion,
    Review,
    ReviewFinding,
    ReviewPart,
    Severity,
    Step,
    Verdict,
    VerdictKind,
)
from berth.review.suppression import SEVERITIES, BaselineEntry, SuppressedFinding
from berth.review.weaknesses import TOP_25, rank

_AS_ANOTHER: Final = re.compile(r"^looked at as CWE-\d+: ")

PART_TITLES: Final = {
    ReviewPart.CODE: "code",
    ReviewPart.DEPENDENCIES: "dependencies and runtime",
    ReviewPart.DEPLOYMENT: "deployment",
    ReviewPart.LOG: "audit log",
}
"""How a report calls the parts."""

GENERAL: Final = (
    ("Bind values in SQL statements; build text from constants and quoted identifiers only", (89, 564, 943)),
    ("Check who asks, and what they may do, before every effect", (306, 862, 863)),
    ("Check the type and range of input where it enters", (20, 1284, 129, 190)),
    ("Keep dependencies and the runtime free of known vulnerabilities", (1395, 937, 1104)),
    ("Record refusals and changes, and show that the record is whole", (778, 223, 354)),
)
"""What every security review recommends, with the weaknesses whose verdicts say whether it is done."""


@dataclass(frozen=True, slots=True)
class ReportData:
    """A review, and what a report says beside it. Its parts hold only the findings that count.

    made: the day of the review, ISO 8601; tool: Berth's version; gone: baseline entries that match no finding any more.
    """

    review: Review
    made: str
    tool: str
    suppressed: tuple[SuppressedFinding, ...] = ()
    gone: tuple[BaselineEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Something to do, what it would gain, and whether it is done: done, not done or not known."""

    what: str
    why: str
    state: str = "not done"


def findings(review: Review) -> list[ReviewFinding]:
    """Return the findings of all parts, the worst first."""
    every = [each for part in review.parts for each in part.findings]
    return sorted(
        every, key=lambda each: (SEVERITIES.index(each.severity.value), rank(each.cwe), each.place, each.rule)
    )


def attack_of(found: Iterable[ReviewFinding], finding: ReviewFinding) -> str:
    """Return how a finding is used, if it is the first of its weakness: it need not be read again at each."""
    first = next((each for each in found if each.cwe == finding.cwe), finding)
    return attack(finding.cwe) if first is finding else ""


def way_of(finding: ReviewFinding) -> list[Step]:
    """Return the steps of a finding, those of one line as one."""
    found: list[Step] = []
    for step in finding.steps:
        what = "reaches the place where it does harm" if step.what == "reaches" else step.what
        last = found[-1] if found else None
        if last is not None and (last.place.path, last.place.line) == (step.place.path, step.place.line):
            found[-1] = replace(last, what=f"{last.what}; {what}")
        else:
            found.append(replace(step, what=what))
    return found


def questions(review: Review) -> list[tuple[OpenQuestion, int]]:
    """Return the open questions, those first that would settle most verdicts, with how many that is."""
    unknown = {each.cwe for each in review.verdicts if each.kind is VerdictKind.UNKNOWN}
    ranked = [(each, len(unknown.intersection(each.cwes))) for part in review.parts for each in part.questions]
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0].sentence))


def verdicts(review: Review) -> list[Verdict]:
    """Return the verdicts, the Top 25 first."""
    return sorted(review.verdicts, key=lambda each: rank(each.cwe))


def evidence(verdict: Verdict) -> str:
    """Return a verdict's evidence, and what would settle it, as one text."""
    sentences = [verdict.evidence, f"Needs: {verdict.needs}" if verdict.needs else ""]
    return ". ".join(each.rstrip(".") for each in sentences if each)


def grouped_verdicts(review: Review) -> list[tuple[Verdict, tuple[int, ...]]]:
    """Return the verdicts, and with each the other weaknesses of which the same is said, in the order of `verdicts`."""
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for each in verdicts(review):
        said = _AS_ANOTHER.sub("", each.evidence)
        groups.setdefault((each.kind, said, each.needs), []).append(each)
    return [(group[0], tuple(each.cwe for each in group[1:])) for group in groups.values()]


def coverage(review: Review) -> Coverage:
    """Return how much of the code was looked at."""
    return next((each.coverage for each in review.parts if each.part is ReviewPart.CODE), Coverage())


def severities(found: Iterable[ReviewFinding]) -> dict[Severity, int]:
    """Return how many findings there are of each severity, the worst first, without those that have none."""
    counted = Counter(each.severity for each in found)
    return {each: counted[each] for each in Severity if counted[each]}


def in_words(found: Iterable[ReviewFinding]) -> str:
    """Return findings by severity: `1 high, 2 medium`; `none` if there are none."""
    return ", ".join(f"{number} {severity}" for severity, number in severities(found).items()) or "none"


def summary(data: ReportData) -> list[tuple[str, str]]:
    """Return the rows of the summary: a label and what it says."""
    review = data.review
    rows = [("reviewed", review.subject), ("parts", ", ".join(PART_TITLES[each.part] for each in review.parts))]
    rows += [("by", f"berth {data.tool} on {data.made}"), ("findings", in_words(findings(review)))]
    if data.suppressed:
        rows.append(("accepted", f"{plural(len(data.suppressed), 'finding')} with a reason (listed below)"))
    rows.append(("questions", str(len(questions(review))) if questions(review) else "none"))
    rows.append(("verdicts", _verdict_counts(review.verdicts)))
    covered = coverage(review)
    if any(each.part is ReviewPart.CODE for each in review.parts):
        rows.append(("code read", _read(covered)))
    for part in review.parts:
        rows += [(key, value) for key, value in sorted(part.facts.items()) if value]
    unseen = [each for part in review.parts for each in part.coverage.unseen]
    rows.append(("not seen", plural(len(unseen), "place") + " (listed below)" if unseen else "nothing"))
    return rows


def _read(covered: Coverage) -> str:
    resolved = f"{100 * covered.calls_resolved // covered.calls} % of " if covered.calls else ""
    sinks = sum(each.sinks for each in covered.sinks)
    return (
        f"{plural(covered.files, 'file')}, {plural(covered.lines, 'line')}, "
        f"{plural(covered.functions, 'function')}, {plural(covered.entries, 'entry', 'entries')}, "
        f"{plural(sinks, 'sink')}, {resolved}{plural(covered.calls, 'call')} resolved"
    )


def _verdict_counts(every: Iterable[Verdict]) -> str:
    kinds = Counter(each.kind for each in every)
    return ", ".join(f"{kinds[kind]} {kind}" for kind in VerdictKind if kinds[kind]) or "none"


def recommendations(review: Review) -> list[Recommendation]:
    """Return what to do, the greatest gain first: from findings, from open questions, and whether the usual is done."""
    return [*_mend(findings(review)), *_ask(review), *_general(review)]


def _mend(found: Iterable[ReviewFinding]) -> Iterator[Recommendation]:
    """Yield one recommendation for each remedy, that of the worst findings first."""
    groups: dict[str, list[ReviewFinding]] = defaultdict(list)
    for each in found:
        groups[each.remedy or each.sentence].append(each)
    order = sorted(groups.items(), key=lambda item: (SEVERITIES.index(item[1][0].severity.value), -len(item[1])))
    for remedy, group in order:
        cwes = ", ".join(f"CWE-{cwe}" for cwe in sorted({each.cwe for each in group}, key=rank))
        yield Recommendation(remedy, f"ends {in_words(group)} ({cwes})")


def _ask(review: Review) -> Iterator[Recommendation]:
    for question, settled in questions(review):
        if settled:
            yield Recommendation(
                f"Answer the first open question: {question.sentence}",
                f"may settle {plural(settled, 'verdict')} that cannot be known from here",
                "not known",
            )
            return  # the best one; the others are in their own section


def _general(review: Review) -> Iterator[Recommendation]:
    by_cwe = {each.cwe: each for each in review.verdicts}
    for what, cwes in GENERAL:
        present = [by_cwe[cwe] for cwe in cwes if cwe in by_cwe]
        if not present:
            continue
        worst = min(present, key=lambda each: _URGENCY.index(each.kind))
        yield Recommendation(what, f"CWE-{worst.cwe}: {worst.evidence or worst.needs}", _STATES[worst.kind])


_URGENCY: Final = (VerdictKind.FINDING, VerdictKind.UNKNOWN, VerdictKind.CHECKED, VerdictKind.NOT_APPLICABLE)
_STATES: Final = {
    VerdictKind.FINDING: "not done",
    VerdictKind.UNKNOWN: "not known",
    VerdictKind.CHECKED: "done",
    VerdictKind.NOT_APPLICABLE: "not needed",
}


def conclusion(data: ReportData) -> str:
    """Return the conclusion: what may be said after this review, and what may not."""
    review = data.review
    found = findings(review)
    sentences = [_may_be_said(review, found), *_of_the_top(review)]
    unreviewed = [title for part, title in PART_TITLES.items() if all(each.part is not part for each in review.parts)]
    if unreviewed:
        sentences.append(f"Nothing is said of the {_joined(unreviewed)}: not part of this review.")
    unseen = sum(len(part.coverage.unseen) for part in review.parts)
    if unseen:
        sentences.append(f"{plural(unseen, 'place was', 'places were')} not seen, and may hold what was not found.")
    sentences.append(
        "A review follows the flows and facts that its models name; it does not show that there are no others."
    )
    return " ".join(sentences)


def _of_the_top(review: Review) -> Iterator[str]:
    top = [each for each in verdicts(review) if each.cwe in TOP_25]
    kinds = Counter(each.kind for each in top)
    if top:
        yield (
            f"Of the 25 most dangerous weaknesses, {kinds[VerdictKind.CHECKED]} were looked for and not found, "
            f"{kinds[VerdictKind.NOT_APPLICABLE]} cannot occur here, {kinds[VerdictKind.FINDING]} were found, and "
            f"{kinds[VerdictKind.UNKNOWN]} cannot be judged from what was reviewed."
        )


def _may_be_said(review: Review, found: list[ReviewFinding]) -> str:
    if not found:
        return f"No finding remains in {review.subject}."
    bad = [each for each in found if each.severity in (Severity.CRITICAL, Severity.HIGH)]
    if bad:
        first = bad[0]
        return (
            f"{review.subject} should not be used as it stands: {plural(len(bad), 'finding')} of high or critical "
            f"severity, first CWE-{first.cwe} at {location(first)}."
        )
    return f"{review.subject} has {plural(len(found), 'finding')} to mend, none of high or critical severity."


def location(finding: ReviewFinding) -> str:
    """Return where a finding is: `path:line`, or the thing without lines."""
    return f"{finding.place.path}:{finding.place.line}" if finding.place.line else finding.place.path


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
