"""Published advisories in OSV's form: from a file or folder, or the set that is shipped; and which of them apply.

https://ossf.github.io/osv-schema/ says what the fields mean.
"""

import datetime
import importlib.resources
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LARGEST_ADVISORY: Final = 4 * 1024 * 1024
"""The most bytes of one advisory that are read."""

MOST_ADVISORIES: Final = 500_000
"""The most advisories that are read."""

SNAPSHOT: Final = "advisories.json"
"""The shipped set, beside this module."""


class AdvisoriesUnreadable(Exception):
    """There are no advisories in OSV's form at the path."""


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions from `introduced` on, before `fixed` or up to `last_affected`; an empty end is open."""

    introduced: str
    fixed: str = ""
    last_affected: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """A known vulnerability of a distribution. `imports`: modules whose use it needs, where the advisory says so."""

    id: str
    package: str
    aliases: tuple[str, ...] = ()
    ranges: tuple[VersionRange, ...] = ()
    versions: frozenset[str] = frozenset()
    summary: str = ""
    score: str = ""
    imports: tuple[str, ...] = ()

    @property
    def fixed_in(self) -> tuple[str, ...]:
        """The versions that end its ranges."""
        return tuple(each.fixed for each in self.ranges if each.fixed)


@dataclass(frozen=True, slots=True)
class AdvisorySet:
    """Advisories by the distribution's canonical name, the day up to which they are known, and where they are from."""

    by_package: Mapping[str, tuple[Advisory, ...]] = field(default_factory=dict)
    as_of: datetime.date = datetime.date.min
    source: str = ""

    @property
    def count(self) -> int:
        """How many advisories there are."""
        return sum(map(len, self.by_package.values()))


def shipped() -> AdvisorySet:
    """Return the set that comes with Berth: identifiers and ranges, without texts."""
    text = importlib.resources.files("berth.review.dependencies").joinpath(SNAPSHOT).read_text(encoding="utf-8")
    document = json.loads(text)
    every = {
        package: tuple(_shipped_advisory(package, each) for each in advisories)
        for package, advisories in document["packages"].items()
    }
    return AdvisorySet(every, datetime.date.fromisoformat(document["as_of"]), "the set shipped with Berth")


def _shipped_advisory(package: str, entry: Mapping[str, Any]) -> Advisory:
    return Advisory(
        entry["id"],
        package,
        tuple(entry.get("aliases", ())),
        tuple(VersionRange(*bounds) for bounds in entry.get("ranges", ())),
        frozenset(entry.get("versions", ())),
        imports=tuple(entry.get("imports", ())),
    )


def read_advisories(path: Path) -> AdvisorySet:
    """Return the advisories of a folder of OSV JSON files, of such a file, or of OSV's `PyPI/all.zip`.

    Their day is that of the latest change among them. Raises AdvisoriesUnreadable.
    """
    found: dict[str, list[Advisory]] = {}
    latest = ""
    try:
        for document in _documents(path):
            latest = max(latest, str(document.get("modified", ""))[:10])
            for advisory in parse_osv(document):
                found.setdefault(advisory.package, []).append(advisory)
        as_of = datetime.date.fromisoformat(latest)
    except (OSError, ValueError, zipfile.BadZipFile, RecursionError) as error:
        raise AdvisoriesUnreadable(f"{path}: no advisories in OSV's form: {error}") from None
    return AdvisorySet({name: tuple(found[name]) for name in sorted(found)}, as_of, str(path))


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    for count, content in enumerate(_contents(path)):
        if count >= MOST_ADVISORIES:
            raise ValueError(f"more than {MOST_ADVISORIES:,} advisories")
        if len(content) > LARGEST_ADVISORY:
            raise ValueError(f"an advisory is larger than {LARGEST_ADVISORY >> 20} MiB")
        document = json.loads(content)
        for each in document if isinstance(document, list) else [document]:
            if isinstance(each, dict):
                yield each


def _contents(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        zipped = path / "PyPI" / "all.zip"
        if zipped.is_file():
            yield from _contents(zipped)
            return
        for each in sorted(path.rglob("*.json")):
            with each.open("rb") as file:
                yield file.read(LARGEST_ADVISORY + 1)
    elif path.suffix == ".zip":
        yield from _zipped_contents(path)
    else:
        with path.open("rb") as file:
            yield file.read(LARGEST_ADVISORY + 1)


def _zipped_contents(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".json"):
                with archive.open(name) as member:
                    yield member.read(LARGEST_ADVISORY + 1)


def parse_osv(document: Mapping[str, Any]) -> Iterator[Advisory]:
    """Yield an advisory for each PyPI distribution that an OSV record names; none of a withdrawn record."""
    if document.get("withdrawn"):
        return
    for affected in document.get("affected", ()):
        package = affected.get("package", {})
        if package.get("ecosystem") != "PyPI":
            continue
        yield Advisory(
            str(document.get("id", "")),
            canonicalize_name(str(package.get("name", ""))),
            tuple(sorted(map(str, document.get("aliases", ())))),
            tuple(_ranges(affected)),
            frozenset(map(str, affected.get("versions", ()))),
            str(document.get("summary", "")),
            _score([*affected.get("severity", ()), *document.get("severity", ())]),
            tuple(_imports(affected)),
        )


def _ranges(affected: Mapping[str, Any]) -> Iterator[VersionRange]:
    for each in affected.get("ranges", ()):
        if each.get("type") not in ("ECOSYSTEM", "SEMVER"):
            continue
        introduced = ""
        for event in _ordered(each.get("events", ())):
            (kind, version), *_ = event.items()
            if kind == "introduced" and not introduced:
                introduced = str(version)
            elif kind in ("fixed", "last_affected") and introduced:
                yield VersionRange(introduced, **{kind: str(version)})
                introduced = ""
        if introduced:
            yield VersionRange(introduced)


def _ordered(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events by version, as the schema asks its readers to; of one version, an end comes after a start."""
    known = [each for each in events if each and parsed(str(next(iter(each.values())))) is not None]
    return sorted(known, key=lambda each: (parsed(str(next(iter(each.values())))), "introduced" not in each))


def _score(severities: Iterable[Mapping[str, Any]]) -> str:
    return next((str(each["score"]) for each in severities if "score" in each), "")


def _imports(affected: Mapping[str, Any]) -> Iterator[str]:
    specific = affected.get("ecosystem_specific") or {}
    for each in specific.get("imports", ()) if isinstance(specific, dict) else ():
        name = each.get("attribute") or each.get("module") if isinstance(each, dict) else each
        if isinstance(name, str) and name:
            yield name


def parsed(version: str) -> Version | None:
    """Return a version by PEP 440, or None if it is none."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


def applies(advisory: Advisory, version: str) -> bool:
    """Whether a version is affected: it is listed, or within a range (OSV's evaluation)."""
    if version in advisory.versions:
        return True
    this = parsed(version)
    if this is None:
        return False
    if any(parsed(each) == this for each in advisory.versions):
        return True
    return any(_within(this, each) for each in advisory.ranges)


def _within(this: Version, bounds: VersionRange) -> bool:
    start = parsed(bounds.introduced) if bounds.introduced != "0" else Version("0.dev0")
    if start is None or this < start:
        return False
    if bounds.fixed:
        end = parsed(bounds.fixed)
        return end is not None and this < end
    if bounds.last_affected:
        last = parsed(bounds.last_affected)
        return last is not None and this <= last
    return True


def affecting(advisories: Iterable[Advisory], version: str) -> list[Advisory]:
    """Return the advisories that apply to a version. Records that are aliases of one another are one."""
    merged: list[Advisory] = []
    names: list[set[str]] = []
    for each in sorted(
        (one for one in advisories if applies(one, version)), key=lambda one: (one.id[:5] != "PYSEC", one.id)
    ):
        mine = {each.id, *each.aliases}
        known = next((index for index, theirs in enumerate(names) if theirs & mine), None)
        if known is None:
            merged.append(each)
            names.append(mine)
        else:
            names[known] |= mine
    return merged


def mending_version(known: Iterable[Advisory], found: Iterable[Advisory], version: str) -> str:
    """Return the first version after this one to which none of a package's advisories applies; "" if none is named.

    known: all advisories of the package; found: those that apply to `version`, which name the versions to try.
    """
    known = tuple(known)
    named = {fixed for each in found for fixed in each.fixed_in}
    later = sorted((each for each in named if _is_later(each, version)), key=Version)
    return next((each for each in later if not affecting(known, each)), "")


def _is_later(one: str, other: str) -> bool:
    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return False
