"""The dependencies' part of a review: advisories that apply, whether the code reaches them, the runtime's support."""

import datetime
import hashlib
import importlib.metadata
import platform
import sqlite3
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from packaging.utils import canonicalize_name

from berth.review.dependencies.advisories import Advisory, AdvisorySet, affecting, mending_version
from berth.review.dependencies.lifetimes import Lifetime, lifetime
from berth.review.dependencies.pins import Pin, Pins
from berth.review.model import (
    CodePlace,
    Coverage,
    OpenQuestion,
    PartReview,
    ReviewFinding,
    ReviewPart,
    Severity,
    Verdict,
    VerdictKind,
)

FRESH_FOR: Final = datetime.timedelta(days=30)
"""For how long advisories are recent enough to say that none is known."""

WEAKNESSES: Final = (937, 1104, 1395)
"""The weaknesses that this part gives verdicts on: known vulnerabilities, no support, vulnerable third-party code."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs the code: the programs' versions by name."""

    versions: Mapping[str, str]


def this_runtime() -> Runtime:
    """Return the versions of this process: Python, OpenSSL, SQLite."""
    openssl = ssl.OPENSSL_VERSION.split()
    return Runtime(
        {
            "Python": platform.python_version(),
            "OpenSSL": openssl[1] if openssl[0] == "OpenSSL" else "",
            "SQLite": sqlite3.sqlite_version,
        }
    )


def review_dependencies(
    pins: Pins,
    advisories: AdvisorySet,
    today: datetime.date,
    *,
    imports: frozenset[str] | None = None,
    runtime: Runtime | None = None,
) -> PartReview:
    """Review what a project depends on.

    imports: the top-level modules that its code imports, None if its code was not read; runtime: what runs it, where
    that is known.
    """
    ends = [lifetime(name, version) for name, version in (runtime.versions if runtime else {}).items() if version]
    findings = (*_vulnerable(pins.pins, advisories, imports), *_unsupported(ends, today), *_unhashed(pins.pins))
    questions = tuple(_questions(pins, advisories, today, ends))
    facts = {
        "advisories": f"{advisories.count:,} of {advisories.source}, known up to {advisories.as_of}",
        "dependencies": f"{len({each.name for each in pins.pins})} {_source(pins.pins)}",
        "compare": "pip-audit --require-hashes --disable-pip -r FILE asks a current service",
    }
    if runtime:
        facts["runtime"] = ", ".join(f"{name} {version}" for name, version in runtime.versions.items() if version)
    return PartReview(
        ReviewPart.DEPENDENCIES, findings, questions, Coverage(files=len(_files(pins)), unseen=pins.unseen), facts
    )


def _files(pins: Pins) -> set[str]:
    return {each.place.path for each in pins.pins}


def _source(pins: Iterable[Pin]) -> str:
    files = sorted({each.place.path for each in pins if each.place.line})
    return f"pinned in {', '.join(files)}" if files else "installed distributions"


def _vulnerable(
    pins: Iterable[Pin], advisories: AdvisorySet, imports: frozenset[str] | None
) -> Iterator[ReviewFinding]:
    """Yield a finding for each version with an advisory; several files that pin it are one finding."""
    places: dict[tuple[str, str], list[CodePlace]] = {}
    for pin in pins:
        places.setdefault((pin.name, pin.version), []).append(pin.place)
    for (name, version), where in places.items():
        known = advisories.by_package.get(name, ())
        found = affecting(known, version)
        mending = mending_version(known, found, version)
        for advisory in found:
            yield _finding(name, version, where, advisory, imports, mending)


def _finding(
    name: str, version: str, where: list[CodePlace], advisory: Advisory, imports: frozenset[str] | None, mending: str
) -> ReviewFinding:
    reached, how = _reach(name, advisory, imports)
    known = ", ".join((advisory.id, *advisory.aliases))
    about = f": {advisory.summary}" if advisory.summary else ""
    fixed = mending or " or ".join(advisory.fixed_in)
    return ReviewFinding(
        "vulnerable-dependency",
        1395,
        Severity.HIGH if reached else Severity.LOW,
        ReviewPart.DEPENDENCIES,
        where[0],
        f"{name} {version} has a known vulnerability ({known}){about}",
        symbol=f"{name} {advisory.id}",
        why_no_guard=how,
        remedy=f"Use {name} {fixed} or newer" if fixed else f"No release of {name} is named that mends {advisory.id}",
        others=tuple(where[1:]),
        fingerprint=hashlib.sha256(f"{name} {advisory.id}".encode()).hexdigest()[:16],  # of all versions
    )


def _reach(name: str, advisory: Advisory, imports: frozenset[str] | None) -> tuple[bool, str]:
    """Return whether the vulnerable code may be reached, and why."""
    if imports is None:
        return True, "whether the code uses it is not known: the code was not reviewed"
    modules = {each.partition(".")[0] for each in advisory.imports} or modules_of(name)
    used = sorted(modules & imports)
    if used:
        return True, f"the code imports {', '.join(used)}"
    return False, f"the code does not import {', '.join(sorted(modules))} itself; another dependency may"


def modules_of(name: str) -> set[str]:
    """Return the top-level modules of a distribution: as installed, else by its name."""
    installed = {
        module
        for module, distributions in _installed_modules().items()
        if name in {str(canonicalize_name(each)) for each in distributions}
    }
    return installed or {name.replace("-", "_")}


@cache
def _installed_modules() -> Mapping[str, list[str]]:
    """Return the distributions of each top-level module. Reading them takes long."""
    return importlib.metadata.packages_distributions()


def _unsupported(ends: Iterable[Lifetime], today: datetime.date) -> Iterator[ReviewFinding]:
    for each in ends:
        if each.is_over(today):
            yield ReviewFinding(
                "unsupported-runtime",
                1104,
                Severity.LOW if each.program == "OpenSSL" else Severity.MEDIUM,  # distributions mend it themselves
                ReviewPart.DEPENDENCIES,
                CodePlace(f"{each.program} {each.version}"),
                f"{each.program} {each.branch} has had no security fixes from its authors since {each.ends}",
                symbol=each.program,
                remedy=f"Move to a branch of {each.program} that is supported",
            )


def _unhashed(pins: Iterable[Pin]) -> Iterator[ReviewFinding]:
    """Yield a finding for each file in which some pins have hashes and others do not: pip refuses neither unasked."""
    by_file: dict[str, list[Pin]] = {}
    for pin in pins:
        by_file.setdefault(pin.place.path, []).append(pin)
    for path, group in by_file.items():
        bare = [each for each in group if not each.hashed]
        if bare and len(bare) < len(group):
            yield _without_hash(path, bare)


def _without_hash(path: str, bare: list[Pin]) -> ReviewFinding:
    names = ", ".join(each.name for each in bare[:3]) + (" and others" if bare[3:] else "")
    return ReviewFinding(
        "pin-without-hash",
        1395,
        Severity.LOW,
        ReviewPart.DEPENDENCIES,
        bare[0].place,
        f"{names} in {path} have no hash, though other pins there have one",
        symbol=path,
        remedy="Write every pin with its hashes, and install with --require-hashes",
    )


def _questions(
    pins: Pins, advisories: AdvisorySet, today: datetime.date, ends: Iterable[Lifetime]
) -> Iterator[OpenQuestion]:
    if not _is_fresh(advisories, today):
        yield OpenQuestion(
            f"Are there newer advisories for these dependencies? Those at hand end on {advisories.as_of}.",
            f"advisories newer than {advisories.as_of} (--advisories PATH)",
            (937, 1395),
        )
    yield from _questions_of_pins(pins)
    for each in ends:
        if each.ends is None and each.program != "SQLite":
            yield OpenQuestion(
                f"Until when is {each.program} {each.branch} supported?", f"{each.program}'s own page", (1104,)
            )


def _questions_of_pins(pins: Pins) -> Iterator[OpenQuestion]:
    if not pins.pins:
        yield OpenQuestion(
            "Which versions of its dependencies does this run with?", "a lock file or pinned requirements", WEAKNESSES
        )
    elif pins.loose:
        names = ", ".join(sorted({name for name, _ in pins.loose})[:5])
        places = tuple(place for _, place in pins.loose)
        yield OpenQuestion(f"Which versions are installed of {names}?", "pins with `==`", (937, 1395), places)


def _is_fresh(advisories: AdvisorySet, today: datetime.date) -> bool:
    return today - advisories.as_of <= FRESH_FOR


def dependency_verdicts(part: PartReview, advisories: AdvisorySet) -> tuple[Verdict, ...]:
    """Return the verdicts on known vulnerabilities and on support, from this part's findings and questions."""
    return tuple(_verdict(cwe, part, advisories) for cwe in WEAKNESSES)


def _verdict(cwe: int, part: PartReview, advisories: AdvisorySet) -> Verdict:
    meant = 1395 if cwe == 937 else cwe  # the category and its member
    found = [each for each in part.findings if each.cwe == meant]
    if found:
        return Verdict(cwe, VerdictKind.FINDING, f"{len(found)}: {found[0].sentence}")
    needs = "; ".join(each.needs for each in part.questions if cwe in each.cwes)
    if cwe == 1104:
        evidence = f"runtime: {part.facts.get('runtime', 'not reviewed')}"
        needs = needs or ("" if "runtime" in part.facts else "what runs it (without PATH, this Berth is reviewed)")
    else:
        evidence = (
            f"{part.facts['dependencies']}: none of {advisories.count:,} advisories up to {advisories.as_of} applies"
        )
    return Verdict(cwe, VerdictKind.UNKNOWN if needs else VerdictKind.CHECKED, evidence, needs)
