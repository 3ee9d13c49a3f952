"""Pins, the runtime and what is said of them."""

from __future__ import annotations

import datetime

import pytest

from berth.review.dependencies.advisories import Advisory, AdvisorySet, VersionRange
from berth.review.dependencies.dependencies import Runtime, dependency_verdicts, review_dependencies
from berth.review.dependencies.lifetimes import lifetime
from berth.review.dependencies.pins import Pins, installed, is_pin_file, read_pins
from berth.review.model import PartReview, VerdictKind

TODAY = datetime.date(2026, 11, 30)
ADVISORY = Advisory("PYSEC-1", "some-name", ("CVE-1",), (VersionRange("1.0", "2.0"),))
FRESH = AdvisorySet({"some-name": (ADVISORY,)}, datetime.date(2026, 11, 1), "a test")
STALE = AdvisorySet(FRESH.by_package, datetime.date(2026, 10, 30), "a test")
HASH = " \\\n    --hash=sha256:00"

PINNED = [
    ("requirements.txt", f"Some.Name==1.5{HASH}\n", [("some-name", "1.5", 1, True)]),
    (
        "requirements/run.txt",
        "# why\n\nsome_name[extra] == 1.5 ; python_version>'3'\n",
        [("some-name", "1.5", 3, False)],
    ),
    ("uv.lock", '[[package]]\nname = "some-name"\nversion = "1.5"\n', [("some-name", "1.5", 2, True)]),
    ("uv.lock", '[[package]]\nname = "me"\nversion = "1"\nsource = {editable = "."}\n', []),
    ("poetry.lock", '[[package]]\nname = "Some.Name"\nversion = "1.5"\n', [("some-name", "1.5", 2, True)]),
    ("pylock.toml", '[[packages]]\nname = "some-name"\nversion = "1.5"\n', [("some-name", "1.5", 2, True)]),
    ("notes.txt", "some-name==1.5\n", []),
    ("run.txt", "some-name==1.5 --hash=sha256:00\n", [("some-name", "1.5", 1, True)]),
]


@pytest.mark.parametrize(("path", "text", "expected"), PINNED)
def test_pins_are_read(path: str, text: str, expected: list[tuple[str, str, int, bool]]) -> None:
    pins = read_pins({path: text.encode()}).pins
    assert [(each.name, each.version, each.place.line, each.hashed) for each in pins] == expected


def test_what_is_not_pinned_is_a_question() -> None:
    pins = read_pins({"requirements.txt": b"-r other.txt\nsome-name>=1\ngit+https://x/y\n"})
    assert [name for name, _ in pins.loose] == ["some-name"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[[package"])
def test_a_damaged_lock_file_is_unseen(content: bytes) -> None:
    assert [each.place.path for each in read_pins({"uv.lock": content}).unseen] == ["uv.lock"]


def test_only_some_files_are_pins() -> None:
    assert is_pin_file("a/pylock.dev.toml")
    assert not is_pin_file("docs/robots.txt")


def reviewed(text: str, advisories: AdvisorySet = FRESH, imports: frozenset[str] | None = None) -> PartReview:
    return review_dependencies(
        read_pins({"requirements.txt": text.encode()}),
        advisories,
        TODAY,
        imports=imports,
        runtime=Runtime({"Python": "3.12.1"}),
    )


@pytest.mark.parametrize(
    ("imports", "severity"), [(None, "high"), (frozenset({"some_name"}), "high"), (frozenset({"os"}), "low")]
)
def test_an_advisory_is_listed_lower_where_nothing_imports_it(imports: frozenset[str] | None, severity: str) -> None:
    (finding,) = reviewed(f"some-name==1.5{HASH}", imports=imports).findings
    assert (finding.severity, finding.place.line) == (severity, 1)
    assert "PYSEC-1, CVE-1" in finding.sentence
    assert finding.remedy == "Use some-name 2.0 or newer"


KINDS = [
    ("some-name==1.5", FRESH, VerdictKind.FINDING),
    ("some-name==2.0", FRESH, VerdictKind.CHECKED),
    ("some-name==2.0", STALE, VerdictKind.UNKNOWN),
    ("some-name", FRESH, VerdictKind.UNKNOWN),
    ("some-name==2.0\nother", FRESH, VerdictKind.UNKNOWN),
]


@pytest.mark.parametrize(("text", "advisories", "kind"), KINDS)
def test_verdicts(text: str, advisories: AdvisorySet, kind: VerdictKind) -> None:
    verdicts = {each.cwe: each for each in dependency_verdicts(reviewed(text, advisories), advisories)}
    assert verdicts[1395].kind is kind
    assert kind is not VerdictKind.UNKNOWN or verdicts[1395].needs


def test_old_advisories_name_their_day() -> None:
    assert "advisories newer than 2026-10-30" in reviewed("some-name==2.0", STALE).questions[0].needs


def test_pins_with_and_without_hash_in_one_file_are_a_finding() -> None:
    (finding,) = reviewed(f"a==1{HASH}\nb==1\n").findings
    assert finding.rule == "pin-without-hash"
    assert reviewed("a==1\nb==1\n").findings == ()


LIVES = [
    ("Python", "3.10.2", "2026-10-31"),
    ("Python", "3.11.0", "2027-10-31"),
    ("PostgreSQL", "14.9", "2026-11-12"),
    ("MariaDB", "10.11.6", "2028-02-16"),
    ("Python", "4.0", "None"),
    ("Else", "1", "None"),
]


@pytest.mark.parametrize(("program", "version", "ends"), LIVES)
def test_support_ends(program: str, version: str, ends: str) -> None:
    assert str(lifetime(program, version).ends) == ends


def test_a_runtime_without_support_is_a_finding() -> None:
    part = review_dependencies(Pins(), FRESH, TODAY, runtime=Runtime({"Python": "3.9.1"}))
    assert [each.sentence for each in part.findings] == [
        "Python 3.9 has had no security fixes from its authors since 2025-10-31"
    ]
    verdicts = {each.cwe: each.kind for each in dependency_verdicts(part, FRESH)}
    assert verdicts[1104] is VerdictKind.FINDING


def test_what_is_installed_is_found() -> None:
    assert {"berth-ledger", "packaging", "sqlalchemy"} <= {each.name for each in installed().pins}
