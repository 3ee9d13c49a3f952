"""A made review with one of everything, for the tests of reports."""

from __future__ import annotations

from berth.review.model import (
    CodePlace,
    Coverage,
    OpenQuestion,
    PartReview,
    Review,
    ReviewFinding,
    ReviewPart,
    Severity,
    SinkCount,
    Step,
    Unseen,
    Verdict,
    VerdictKind,
)
from berth.review.report.digest import ReportData
from berth.review.suppression import BaselineEntry, SuppressedFinding

INJECTION = ReviewFinding(
    "sql-injection",
    89,
    Severity.HIGH,
    ReviewPart.CODE,
    CodePlace("shop/db.py", 12, 5),
    "A name from a request becomes part of a statement",
    symbol="shop.db.find",
    steps=(
        Step(CodePlace("shop/web.py", 4, 3), "enters as a parameter of the query", 'name = request.args["name"]'),
        Step(CodePlace("shop/db.py", 12, 5), "is put into the text of a statement", 'run(f"... {name}")'),
    ),
    origin="network",
    why_no_guard="nothing looks at it on the way",
    remedy="Bind the value",
    example='run(text("... :name"), {"name": name})',
    others=(CodePlace("shop/db.py", 30),),
    fingerprint="0123456789abcdef",
)
HOSTILE = ReviewFinding(
    "weak-hash",
    328,
    Severity.LOW,
    ReviewPart.CODE,
    CodePlace("a <b>&\x1b[31m\u202e.py", 1),
    "</script><script>alert(1)</script>",
    steps=(Step(CodePlace("a.py", 1), "x", "</pre><img src=x onerror=alert(1)>"),),
    fingerprint="fedcba9876543210",
)
OLD = ReviewFinding(
    "weak-hash",
    328,
    Severity.LOW,
    ReviewPart.CODE,
    CodePlace("old.py", 3),
    "A weak hash",
    symbol="old.sum",
    fingerprint="aa",
)
QUESTIONS = (
    OpenQuestion("Who calls it?", "the caller", (20,)),
    OpenQuestion("Which drivers are there?", "the code behind getattr", (78, 94)),
)
VERDICTS = (
    Verdict(1395, VerdictKind.CHECKED, "none of 10 advisories applies"),
    Verdict(328, VerdictKind.FINDING, "1 weak hash"),
    Verdict(94, VerdictKind.UNKNOWN, "1 call is not resolved", "the code behind getattr"),
    Verdict(78, VerdictKind.UNKNOWN, "", "the code behind getattr"),
    Verdict(611, VerdictKind.NOT_APPLICABLE, "no parser of XML is imported"),
    Verdict(89, VerdictKind.FINDING, "1 of 3 statements is text with input in it"),
)
CODE = PartReview(
    ReviewPart.CODE,
    (HOSTILE, INJECTION),
    QUESTIONS,
    Coverage(2, 300, 12, 3, 100, 90, (SinkCount(89, 3),), (Unseen(CodePlace("bad.py", 7), "does not parse: x"),)),
    {"routes": "3"},
)
DEPENDENCIES = PartReview(ReviewPart.DEPENDENCIES, facts={"advisories": "10, up to 2026-11-01"})
DATA = ReportData(
    Review("shop (sha256 00)", (CODE, DEPENDENCIES), VERDICTS),
    "2026-11-30",
    "1.2.3",
    (SuppressedFinding(OLD, "only a key of a cache", "code", until="2027-01-01"),),
    (BaselineEntry("bb", 22, "path", "gone.py", "code"),),
)
CLEAN = ReportData(Review("shop", (PartReview(ReviewPart.CODE),), ()), "2026-11-30", "1.2.3")
