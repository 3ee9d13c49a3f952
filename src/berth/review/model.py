"""What a review finds, as values: findings, open questions, coverage and verdicts."""

from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How much harm a finding may do: what reaches it, times what it does."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ReviewPart(StrEnum):
    """The parts of a review, as `--only` names them."""

    CODE = "code"
    DEPENDENCIES = "deps"
    DEPLOYMENT = "deployment"
    LOG = "log"


class CodePlace(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """A line of a file (1-based; path relative to what is reviewed), or a thing without lines (`line` 0)."""

    path: str
    line: int = 0
    column: int = 0


class Step(Struct, frozen=True, cache_hash=True, gc=False):
    """A step of the way from where data enters to where it does harm, with the line of code as it stands."""

    place: CodePlace
    what: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """One defect: where it is, how data gets there, and how to mend it.

    `rule` names what found it (`sql-injection`), `symbol` the function around it (`package.module.Class.method`),
    `fingerprint` is the same as long as the rule, the symbol and the assembled text are; the line does not count.
    """

    rule: str
    cwe: int
    severity: Severity
    part: ReviewPart
    place: CodePlace
    sentence: str
    symbol: str = ""
    steps: tuple[Step, ...] = ()
    origin: str = ""  # the kind of entry: network, queue, file, row, command line, environment; "" of a fact
    why_no_guard: str = ""
    remedy: str = ""
    example: str = ""  # code that does it right
    others: tuple[CodePlace, ...] = ()  # other sinks of the same defect
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What the review cannot know from here, who could say, and which verdicts wait for it."""

    sentence: str
    needs: str
    cwes: tuple[int, ...]
    places: tuple[CodePlace, ...] = ()


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that was not looked at, and why: a file that does not parse, a bound that was met."""

    place: CodePlace
    why: str


@dataclass(frozen=True, slots=True)
class SinkCount:
    """How many calls of a CWE's kind of sink there are, and what reaches them (evidence of a verdict)."""

    cwe: int
    sinks: int
    safe: dict[str, int] = field(default_factory=dict)  # reason -> calls: {"gets SQLAlchemy expressions": 209}
    entries_reached: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was looked at."""

    files: int = 0
    lines: int = 0
    functions: int = 0
    entries: int = 0
    calls: int = 0
    calls_resolved: int = 0
    sinks: tuple[SinkCount, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    imports: frozenset[str] = frozenset()  # top-level modules that the code imports


class VerdictKind(StrEnum):
    """The four verdicts, each computed; their SARIF kinds are fail, pass, open and notApplicable."""

    FINDING = "finding"
    CHECKED = "checked, none found"
    UNKNOWN = "cannot be known from here"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one CWE, with its evidence; `needs` names what would settle an unknown one."""

    cwe: int
    kind: VerdictKind
    evidence: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class PartReview:
    """What looking at one part brought; `facts` are the computed facts that recommendations and verdicts use."""

    part: ReviewPart
    findings: tuple[ReviewFinding, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    coverage: Coverage = Coverage()
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Review:
    """A whole review, as every form of report prints it."""

    subject: str  # what was reviewed, with version, hash or commit
    parts: tuple[PartReview, ...]
    verdicts: tuple[Verdict, ...]
