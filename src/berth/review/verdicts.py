"""One verdict of four for each weakness, computed from findings, coverage and questions, with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from berth.review.model import (
    OpenQuestion,
    PartReview,
    ReviewFinding,
    ReviewPart,
    SinkCount,
    Unseen,
    Verdict,
    VerdictKind,
)
from berth.review.weaknesses import NAMES, rank

MEMORY: Final = (787, 416, 125, 120, 121, 122)
"""Weaknesses that only native code can have."""
_PURE: Final = "no native code in this tree, and no call of any; that of dependencies is in their own part"
_TYPES: Final = 476
_DEPENDENCIES: Final = (ReviewPart.DEPENDENCIES, "pins or an environment to look at (--only deps)")
_DEPLOYMENT: Final = (ReviewPart.DEPLOYMENT, "the deployment (--only deployment, with --config or --database)")
_LOG: Final = (ReviewPart.LOG, "the ledger with its audit log (--only log, with --database)")
_NOWHERE: Final = (
    dict.fromkeys((937, 1104, 1395), _DEPENDENCIES)
    | dict.fromkeys((16, 269, 276, 311), _DEPLOYMENT)
    | dict.fromkeys((223, 354, 778), _LOG)
)
"""Weaknesses that source cannot show: the part that can, and what it needs."""
_LOOKED_AT_AS: Final = (
    {23: 22, 36: 22, 73: 22, 564: 89, 95: 94, 96: 94, 88: 78, 77: 78, 93: 113, 259: 798, 312: 532, 209: 200}
    | {338: 330, 284: 862, 863: 862, 306: 862, 129: 1284, 190: 1284, 20: 1284, 400: 770, 776: 611, 215: 489}
    | {501: 20, 916: 328, 297: 295, 321: 798}
)
"""Weaknesses that are looked at as another one: a relative path (23) is a path (22)."""


def looked_at_as(cwe: int) -> int:
    """Return the weakness that a weakness is looked at as: another one, or itself."""
    return _LOOKED_AT_AS.get(cwe, cwe)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at for a weakness: the things counted, and what is said where there are none."""

    things: str
    none: str


_DEFAULT: Final = Subject("places were looked at", "nothing in this tree is of the kind that can have it")
SUBJECTS: Final = {
    22: Subject("calls name a file", "no file is named by what comes from outside"),
    78: Subject("calls start a program", "no program is started"),
    79: Subject("places make a page", "no HTML is made"),
    89: Subject("calls execute SQL", "no SQL is executed"),
    90: Subject("calls ask a directory", "no LDAP library is called"),
    94: Subject("calls run text as code", "no text is run as code"),
    113: Subject("calls set a header", "no header is set"),
    117: Subject("calls write a log", "no log is written"),
    200: Subject("answers", "nothing that could show a secret was found"),
    209: Subject("errors of handlers", "no handler of a route catches an error"),
    863: Subject("checks of rights", "no check of rights is called"),
    208: Subject("comparisons of secrets", "no secret is compared"),
    250: Subject("files say as which user it runs", "no file of this tree says as which user it runs"),
    256: Subject("passwords of requests that are stored", "no record is made with a password"),
    295: Subject("calls of clients that check certificates", "no client of TLS is called"),
    319: Subject("connections without encryption", "no connection without encryption is made by name"),
    326: Subject("keys of a known size", "no key is made here"),
    327: Subject("ciphers and versions of TLS", "no cipher or version of TLS is named"),
    328: Subject("hashes", "nothing is hashed"),
    330: Subject("random numbers", "no random number is taken"),
    347: Subject("tokens decoded", "no signed token is decoded"),
    352: Subject("routes and origins", "no route changes something by a session's cookie"),
    362: Subject("decisions on an amount that is read", "no amount is read, decided on and written in one function"),
    367: Subject("files looked at and then used", "no file is looked at under a name and then used under it"),
    377: Subject("temporary files", "no temporary file is made"),
    409: Subject("decompressions", "nothing is decompressed"),
    434: Subject("uploads stored", "no upload is stored"),
    489: Subject("places that turn debugging on", "no debugging is turned on"),
    502: Subject("calls rebuild objects", "no library that rebuilds objects is called"),
    532: Subject("calls write a log", "no log is written"),
    601: Subject("redirects", "no redirect is sent"),
    611: Subject("calls parse XML", "no XML parser is imported or reached"),
    614: Subject("cookies", "no cookie is set"),
    639: Subject("records looked up by a key of the path", "no record is looked up by a key of the path"),
    643: Subject("calls evaluate XPath", "no XPath is evaluated"),
    674: Subject("functions that call themselves on nested input", "no function calls itself on nested input"),
    732: Subject("modes of files", "no mode is given to a file"),
    770: Subject("reads and calls that need a limit", "nothing is read or called that needs a limit"),
    798: Subject("secrets in source or settings", "no literal is a secret by its name, use or shape"),
    862: Subject("routes with an effect", "no route with an effect was found"),
    918: Subject("calls of a client", "no client of the network is called"),
    943: Subject("queries of documents", "no database of documents is called"),
    1004: Subject("cookies", "no cookie is set"),
    1275: Subject("cookies", "no cookie is set"),
    1284: Subject("amounts of requests that decide", "no amount of a request decides on a size or a balance"),
    1333: Subject("regular expressions", "no regular expression is used"),
    1336: Subject("templates made of text", "no template is made of text"),
}
"""What is counted for each weakness of code."""
_LITERALS: Final = frozenset({256, 319, 489, 674, 798, 367, 362})
"""Weaknesses where only the fault itself can be seen: none found is *checked*, not *not applicable*."""
_ORDER: Final = (VerdictKind.FINDING, VerdictKind.UNKNOWN, VerdictKind.CHECKED, VerdictKind.NOT_APPLICABLE)


def code_verdicts(part: PartReview, flows: frozenset[int] = frozenset()) -> tuple[Verdict, ...]:
    """Return a verdict on each weakness that source can show, from the part of the code.

    flows: the weaknesses that the analysis of flows must have counted; one that it has not is unknown.
    """
    evidence = _Evidence(part, flows)
    return tuple(evidence.verdict(cwe) for cwe in NAMES if cwe not in _NOWHERE)


class _Evidence:
    """What a part says of each weakness."""

    def __init__(self, part: PartReview, flows: frozenset[int]) -> None:
        self.part = part
        self.flows = flows
        self.counts = {count.cwe: count for count in part.coverage.sinks}
        self.findings: dict[int, list[ReviewFinding]] = defaultdict(list)
        for finding in part.findings:
            self.findings[finding.cwe].append(finding)
        self.questions: dict[int, list[OpenQuestion]] = defaultdict(list)
        for question in part.questions:
            for cwe in question.cwes:
                self.questions[cwe].append(question)

    def verdict(self, cwe: int) -> Verdict:
        """Return the verdict on a weakness: its own, or that of the one which it is looked at as."""
        seen = cwe in self.counts or cwe in self.findings or cwe in self.questions
        other = _LOOKED_AT_AS.get(cwe)
        if other is not None and not seen:
            found = self.verdict(other)
            return Verdict(cwe, found.kind, f"looked at as CWE-{other}: {found.evidence}", found.needs)
        if cwe in self.findings:
            return Verdict(cwe, VerdictKind.FINDING, _evidence_of(self.findings[cwe]))
        if cwe == _TYPES:
            return self._types()
        if cwe in self.questions:
            return _open(cwe, self.questions[cwe])
        return self._looked_at(cwe)

    def _types(self) -> Verdict:
        configured = self.part.facts.get("types", "")
        evidence = configured or "no type checker is configured in this tree"
        return Verdict(_TYPES, VerdictKind.UNKNOWN, evidence, "the run of a type checker (mypy --strict)")

    def _looked_at(self, cwe: int) -> Verdict:
        """Return the verdict on a weakness without findings and questions."""
        files = self.part.coverage.files
        if cwe in MEMORY:
            return Verdict(cwe, VerdictKind.NOT_APPLICABLE, _PURE)
        count = self.counts.get(cwe, SinkCount(cwe, 0))
        evidence = _counted(count, self.part.coverage.entries, SUBJECTS.get(cwe, _DEFAULT))
        if cwe in self.flows and cwe not in self.counts:
            return Verdict(cwe, VerdictKind.UNKNOWN, "flows were not followed to it", "a model of what it looks at")
        if self.part.coverage.unseen:
            return Verdict(cwe, VerdictKind.UNKNOWN, evidence, _unseen(self.part.coverage.unseen))
        if not files:
            return Verdict(cwe, VerdictKind.NOT_APPLICABLE, "there is no Python in this tree")
        if count.sinks or cwe in _LITERALS:
            return Verdict(cwe, VerdictKind.CHECKED, evidence)
        return Verdict(cwe, VerdictKind.NOT_APPLICABLE, evidence)


def _evidence_of(findings: Sequence[ReviewFinding]) -> str:
    first = min(findings, key=lambda each: each.place)
    noun = "finding" if len(findings) == 1 else "findings"
    return f"{len(findings)} {noun}, first {first.place.path}:{first.place.line}: {first.sentence}"


def _open(cwe: int, questions: Sequence[OpenQuestion]) -> Verdict:
    places = sum(len(question.places) for question in questions)
    evidence = questions[0].sentence + (f" ({places} places)" if places > 1 else "")
    needs = "; ".join(sorted({question.needs for question in questions})[:3])
    return Verdict(cwe, VerdictKind.UNKNOWN, evidence, needs)


def _unseen(unseen: Sequence[Unseen]) -> str:
    first = min(unseen, key=lambda each: each.place)
    more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
    return f"what was not looked at: {first.place.path} ({first.why}){more}"


def _counted(count: SinkCount, entries: int, subject: Subject) -> str:
    """Return the evidence in words: how many there are, why each is safe, how many entries reach it."""
    if not count.sinks:
        return subject.none
    reasons = ", ".join(f"{calls} {reason}" for reason, calls in sorted(count.safe.items()))
    reached = f"; {count.entries_reached} of {entries} entry points reach them" if entries else ""
    return f"{count.sinks} {subject.things}" + (f": {reasons}" if reasons else "") + reached


def all_verdicts(given: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return exactly one verdict for each known weakness, the Top 25 first.

    Of several parts' verdicts on one weakness the worst counts (finding, unknown, checked, not applicable), with the
    evidence of all of that kind. One that no part gave is unknown, and says which part could.
    """
    by_cwe: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in given:
        by_cwe[verdict.cwe].append(verdict)
    known = sorted({*NAMES, *by_cwe}, key=rank)
    return tuple(_merged(by_cwe[cwe]) if cwe in by_cwe else _missing(cwe) for cwe in known)


def _merged(verdicts: Sequence[Verdict]) -> Verdict:
    kind = min((each.kind for each in verdicts), key=_ORDER.index)
    same = [each for each in verdicts if each.kind is kind]
    evidence = "; ".join(dict.fromkeys(each.evidence for each in same))
    return Verdict(same[0].cwe, kind, evidence, "; ".join(dict.fromkeys(each.needs for each in same if each.needs)))


def _missing(cwe: int) -> Verdict:
    part, needs = _NOWHERE.get(cwe, (ReviewPart.CODE, "the source: a review with the part code"))
    return Verdict(cwe, VerdictKind.UNKNOWN, f"the part {part.value!r} was not reviewed", needs)


def ranked(questions: Iterable[OpenQuestion]) -> tuple[OpenQuestion, ...]:
    """Return the questions in order of how many verdicts each would settle; of equals, the Top 25 first."""
    return tuple(
        sorted(questions, key=lambda each: (-len(each.cwes), min(map(rank, each.cwes), default=(99, 0)), each.sentence))
    )
