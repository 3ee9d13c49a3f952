"""OSV's evaluation of versions, where records are read from, and the set that is shipped."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from berth.review.dependencies.advisories import (
    AdvisoriesUnreadable,
    Advisory,
    VersionRange,
    affecting,
    applies,
    mending_version,
    parse_osv,
    read_advisories,
    shipped,
)


def record(*events: dict[str, str], versions: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    affected = {"package": {"ecosystem": "PyPI", "name": "Some.Name"}, "ranges": ranges, "versions": list(versions)}
    return {"id": "PYSEC-1", "modified": "2026-11-01T00:00:00Z", "affected": [affected], **more}


FROM, UNTIL, LAST = {"introduced": "1.0"}, {"fixed": "2.0"}, {"last_affected": "2.0"}
CASES = [
    ((FROM, UNTIL), (), "0.9", False),
    ((FROM, UNTIL), (), "1.0", True),
    ((FROM, UNTIL), (), "1.0.0", True),
    ((FROM, UNTIL), (), "1.0rc1", False),
    ((FROM, UNTIL), (), "1.10", True),
    ((FROM, UNTIL), (), "2.0rc1", True),
    ((FROM, UNTIL), (), "2.0", False),
    ((FROM, UNTIL), (), "2.0.post1", False),
    ((FROM, LAST), (), "2.0", True),
    ((FROM, LAST), (), "2.0.1", False),
    ((FROM,), (), "99", True),
    (({"introduced": "0"}, UNTIL), (), "0.0.0a1", True),
    ((UNTIL, FROM), (), "1.5", True),
    ((FROM, UNTIL, {"introduced": "3"}, {"fixed": "3.1"}), (), "2.5", False),
    ((FROM, UNTIL, {"introduced": "3"}, {"fixed": "3.1"}), (), "3.0.9", True),
    (({"introduced": "1!0"},), (), "9", False),
    ((), ("1.4", "1.5"), "1.5", True),
    ((), ("1.4", "1.5"), "1.5.0", True),
    ((), ("1.4", "1.5"), "1.6", False),
    ((FROM, UNTIL), (), "not a version", False),
    (({"introduced": "not a version"},), (), "1.0", False),
]


@pytest.mark.parametrize(("events", "versions", "version", "expected"), CASES)
def test_versions_within(
    events: tuple[dict[str, str], ...], versions: tuple[str, ...], version: str, expected: bool
) -> None:
    (advisory,) = parse_osv(record(*events, versions=versions))
    assert applies(advisory, version) is expected


def test_a_withdrawn_record_is_none() -> None:
    assert list(parse_osv(record(FROM, withdrawn="2026-01-01T00:00:00Z"))) == []


def test_other_ecosystems_and_commits_are_left_out() -> None:
    other = {"affected": [{"package": {"ecosystem": "npm", "name": "some-name"}}]}
    assert list(parse_osv(other)) == []
    (advisory,) = parse_osv(
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "ranges": [{"type": "GIT", "events": [FROM]}]}]}
    )
    assert advisory.ranges == ()


def test_records_that_are_aliases_of_one_another_are_one() -> None:
    records = [
        {**record(FROM), "id": "GHSA-x", "aliases": ["CVE-1"]},
        {**record(FROM), "id": "PYSEC-9", "aliases": ["CVE-1"]},
        {**record(FROM), "id": "GHSA-y"},
    ]
    every = [each for one in records for each in parse_osv(one)]
    assert [each.id for each in affecting(every, "1.0")] == ["PYSEC-9", "GHSA-y"]


def test_a_folder_a_file_and_an_archive_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(record(FROM)))
    (tmp_path / "PyPI").mkdir()
    with zipfile.ZipFile(tmp_path / "PyPI/all.zip", "w") as archive:
        archive.write(folder / "one.json", "one.json")
    for path in (folder, folder / "one.json", tmp_path / "PyPI/all.zip", tmp_path):
        found = read_advisories(path)
        assert (str(found.as_of), list(found.by_package), found.count) == ("2026-11-01", ["some-name"], 1)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff", b"{}", b'{"modified": "x"}'])
def test_what_is_no_advisory_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(AdvisoriesUnreadable, match="no advisories in OSV's form"):
        read_advisories(tmp_path)


def test_the_shipped_set_knows_what_is_published() -> None:
    every = shipped()
    assert every.count > 2_000
    known = {alias for each in affecting(every.by_package["pyjwt"], "2.3.0") for alias in each.aliases}
    assert "CVE-2022-29217" in known
    assert affecting(every.by_package["pyjwt"], "2.10.1") == []


def test_one_version_mends_all_that_is_known() -> None:
    def advisory(number: int, *ranges: tuple[str, str]) -> Advisory:
        return Advisory(f"PYSEC-{number}", "a", ranges=tuple(VersionRange(*each) for each in ranges))

    known = [advisory(1, ("0", "1.2"), ("2.0", "2.1")), advisory(2, ("0", "2.3")), advisory(3, ("2.2", "2.2.5"))]
    assert mending_version(known, affecting(known, "1.0"), "1.0") == "2.3"
    assert mending_version(known[:1], affecting(known[:1], "2.0"), "2.0") == "2.1"  # not the older branch's
    assert mending_version([advisory(4, ("0", ""))], [advisory(4, ("0", ""))], "1.0") == ""
    assert mending_version(known, known, "not a version") == ""
