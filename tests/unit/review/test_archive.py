"""Source distributions and wheels, also hostile ones: in memory, within bounds, with a clear sentence."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.review import archive
from berth.review.archive import ArchiveUnreadable, read_archive
from berth.review.subject import SubjectUnreadable, description, read_subject


def sdist(path: Path, files: dict[str, bytes], packing: str = "gz") -> Path:
    with tarfile.open(path, f"w:{packing}") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def wheel(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


MAKERS = [(sdist, "a.tar.gz"), (lambda path, files: sdist(path, files, "xz"), "a.tar.xz"), (wheel, "a.whl")]
Maker = Callable[[Path, dict[str, bytes]], Path]


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_sources_are_read_without_the_folder_around_them(make: Maker, name: str, tmp_path: Path) -> None:
    made = make(tmp_path / name, {"a-1.0/a/__init__.py": b"x = 1\n", "a-1.0/README": b"no"})
    # What a wheel has at its top is imported by that name, be it a namespace only.
    top = "a-1.0/" if name.endswith(".whl") else ""
    assert read_archive(made).files == {f"{top}a/__init__.py": b"x = 1\n"}
    assert list(tmp_path.iterdir()) == [made]


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_names_that_lead_out_are_not_read(make: Maker, name: str, tmp_path: Path) -> None:
    tree = read_archive(make(tmp_path / name, {"../../evil.py": b"1", "a/b.py": b"2", "/etc/c.py": b"3"}))
    assert list(tree.files.values()) == [b"2"]
    assert {each.place.path for each in tree.unseen} == {"../../evil.py", "/etc/c.py"}


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_what_unpacks_to_very_much_is_refused(
    make: Maker, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_CONTENT", 3_000_000)
    made = make(tmp_path / name, {f"{number}.py": bytes(1_000_000) for number in range(8)})
    assert made.stat().st_size < 100_000
    with pytest.raises(ArchiveUnreadable, match="unpacks to more than"):
        read_archive(made)


def test_a_large_member_that_is_not_read_is_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_CONTENT", 3_000_000)
    with pytest.raises(ArchiveUnreadable, match="unpacks to more than"):
        read_archive(sdist(tmp_path / "a.tar.gz", {"a.bin": bytes(8_000_000)}))


def test_a_file_over_the_bound_is_unseen(tmp_path: Path) -> None:
    tree = read_archive(wheel(tmp_path / "a.whl", {"a.py": bytes(3 * 1024 * 1024), "b.py": b""}))
    assert list(tree.files) == ["b.py"]
    assert [each.why for each in tree.unseen] == ["larger than 2048 KiB"]


@pytest.mark.parametrize("name", ["a.whl", "a.tar.gz", "a.tar.bz2", "a.tar"])
def test_a_damaged_archive_says_so(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(SubjectUnreadable, match="cannot be unpacked"):
        read_subject(str(tmp_path / name))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as made:
        info = tarfile.TarInfo("a/passwd.py")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(info)
    tree = read_archive(tmp_path / "a.tar.gz")
    assert (tree.files, [each.why for each in tree.unseen]) == ({}, ["is a link"])


def test_an_installed_package_is_found_by_name() -> None:
    assert "version.py" in read_subject("pkg:packaging").files


@pytest.mark.parametrize("path", ["/nowhere/at/all", "pkg:no_such_package_here", "pkg:os.path", "pkg:sys"])
def test_what_is_not_there_is_a_sentence(path: str) -> None:
    with pytest.raises(SubjectUnreadable):
        read_subject(path)


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    one, two = (wheel(tmp_path / name, {"a.py": text}) for name, text in (("a.whl", b"1"), ("b.whl", b"2")))
    assert description(read_archive(one)) == description(read_archive(one))
    assert description(read_archive(one)).partition("(")[2] != description(read_archive(two)).partition("(")[2]
