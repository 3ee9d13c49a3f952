"""Source distributions and wheels as a tree of sources: read in memory, within bounds, nothing is extracted."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from berth.review.code.parse import LARGEST_FILE, MOST_FILES, SourceTree
from berth.review.model import CodePlace, Unseen

LARGEST_ARCHIVE: Final = 256 * 1024 * 1024
"""The most bytes of an archive file that are read."""

MOST_CONTENT: Final = 256 * 1024 * 1024
"""The most bytes that an archive's members may have together, unpacked."""

MOST_MEMBERS: Final = 100_000
"""The most members of an archive that are listed."""

ARCHIVES: Final = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
"""The endings of files that are archives."""

_BROKEN: Final = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError),
)


class ArchiveUnreadable(Exception):
    """The archive is damaged, or larger than what is read of one."""


def is_archive(path: Path) -> bool:
    """Whether the file is a source distribution or a wheel, by its name."""
    return path.name.endswith(ARCHIVES) and path.is_file()


def read_archive(path: Path, suffixes: tuple[str, ...] = (".py",)) -> SourceTree:
    """Return the members of a source distribution or wheel whose names end with `suffixes`.

    A folder that holds everything else is left out of the paths. Links, names that leave the archive, and what is
    over a bound are listed as unseen. Raises ArchiveUnreadable, and OSError if the file cannot be read.
    """
    if path.stat().st_size > LARGEST_ARCHIVE:
        raise ArchiveUnreadable(f"{path.name} is larger than {LARGEST_ARCHIVE >> 20} MiB")
    members = _zip_members if path.name.endswith((".whl", ".zip")) else _tar_members
    unseen: list[Unseen] = []
    files: dict[str, bytes] = {}
    try:
        with path.open("rb") as source:
            for name, content in members(source, suffixes, unseen):
                if len(files) >= MOST_FILES:
                    unseen.append(Unseen(CodePlace(name), f"more than {MOST_FILES} files"))
                    break
                files[name] = content
    except _BROKEN as error:
        raise ArchiveUnreadable(f"{path.name} cannot be unpacked: {error}") from None
    # A wheel has what is imported at its top, also where that is a namespace without a file of its own.
    files = files if path.name.endswith(".whl") else _below_top(files)
    return SourceTree(path.name, dict(sorted(files.items())), tuple(unseen))


def _zip_members(source: IO[bytes], suffixes: tuple[str, ...], unseen: list[Unseen]) -> Iterator[tuple[str, bytes]]:
    budget = _Budget(unseen)
    with zipfile.ZipFile(source) as archive:
        infos = archive.infolist()
        _limit_members(len(infos))
        for info in sorted(infos, key=lambda each: each.filename):
            if info.is_dir() or not _is_wanted(info.filename, suffixes, stat.S_ISLNK(info.external_attr >> 16), unseen):
                continue
            with archive.open(info) as member:
                content = budget.read(info.filename, member)
            if content is not None:
                yield info.filename, content


def _tar_members(source: IO[bytes], suffixes: tuple[str, ...], unseen: list[Unseen]) -> Iterator[tuple[str, bytes]]:
    budget = _Budget(unseen)
    with tarfile.open(fileobj=_Bounded(_unpacked(source)), mode="r|") as archive:
        for count, info in enumerate(archive):
            _limit_members(count)
            if info.isdir() or not _is_wanted(info.name, suffixes, info.issym() or info.islnk(), unseen):
                continue
            member = archive.extractfile(info)
            content = None if member is None else budget.read(info.name, member)
            if content is not None:
                yield info.name, content


def _unpacked(source: IO[bytes]) -> IO[bytes]:
    """Return the file's content without its compression, which its first bytes name."""
    magic = source.read(6)
    source.seek(0)
    for start, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
        if magic.startswith(start):
            return cast("IO[bytes]", module.open(source))
    return source


class _Bounded(io.RawIOBase):
    """A stream that ends with an error after `MOST_CONTENT` bytes: a small archive may unpack to very much."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._left = source, MOST_CONTENT

    def read(self, size: int = -1) -> bytes:
        content = self._source.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise ArchiveUnreadable(f"the archive unpacks to more than {MOST_CONTENT >> 20} MiB")
        return content


class _Budget:
    """What may still be read of an archive. The sizes that its headers claim are not trusted."""

    def __init__(self, unseen: list[Unseen]) -> None:
        self._unseen, self._left = unseen, MOST_CONTENT

    def read(self, name: str, member: IO[bytes]) -> bytes | None:
        content = member.read(LARGEST_FILE + 1)
        self._left -= len(content)
        if self._left < 0:
            raise ArchiveUnreadable(f"the archive unpacks to more than {MOST_CONTENT >> 20} MiB")
        if len(content) > LARGEST_FILE:
            self._unseen.append(Unseen(CodePlace(name), f"larger than {LARGEST_FILE // 1024} KiB"))
            return None
        return content


def _limit_members(count: int) -> None:
    if count > MOST_MEMBERS:
        raise ArchiveUnreadable(f"the archive has more than {MOST_MEMBERS} members")


def _is_wanted(name: str, suffixes: tuple[str, ...], link: bool, unseen: list[Unseen]) -> bool:
    if not name.endswith(suffixes):
        return False
    if name.startswith("/") or "\\" in name or "\0" in name or ".." in PurePosixPath(name).parts:
        unseen.append(Unseen(CodePlace(name), "its name leads out of the archive"))
        return False
    if link:
        unseen.append(Unseen(CodePlace(name), "is a link"))
        return False
    return True


def _below_top(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files without the folder `name-version/` that a source distribution puts them in."""
    tops = {name.partition("/")[0] for name in files}
    top = tops.pop() if len(tops) == 1 else ""
    if not top or f"{top}/__init__.py" in files or not all("/" in name for name in files):
        return files
    return {name.partition("/")[2]: content for name, content in files.items()}
