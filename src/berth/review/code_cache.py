"""Results of reviews of code, kept in a folder: a second review of the same files reads what the first one found.

A result is kept under a hash of everything that it depends on: each file's path and content, the models, the sources of
the review itself, and Python's version. What is read is checked against its own hash and decoded as nothing but a
result: a damaged or foreign file is no result, and the review is made again.
"""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from berth.review.code.parse import SourceTree
from berth.review.code_part import review_code_part
from berth.review.model import PartReview, Verdict

FORMAT: Final = b"berth-review-code/1"
MOST_RESULTS: Final = 64
LARGEST_RESULT: Final = 16 * 1024 * 1024
LARGEST_CACHE: Final = 128 * 1024 * 1024
_SUFFIX: Final = ".result"
_SOURCES: Final = Path(__file__).parent


class CacheUnusable(Exception):
    """The folder cannot hold results: it cannot be made, or is not only this user's to write in."""


class CodeResult(msgspec.Struct, frozen=True):
    """What reviewing the code of a tree brought."""

    part: PartReview
    verdicts: tuple[Verdict, ...]


_decoder: Final = msgspec.json.Decoder(CodeResult)


class CodeCache:
    """A folder of results, of which the oldest are removed. Raises CacheUnusable if it is not this user's alone."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError as error:
            raise CacheUnusable(f"{folder} cannot be used: {error.strerror}") from None
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o022:
            raise CacheUnusable(f"{folder} cannot be used: others may write results there")
        self.folder = folder

    def get(self, key: str) -> CodeResult | None:
        """Return the result of a key, or None if there is none that is whole."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                head, _, payload = file.read(LARGEST_RESULT + 1).partition(b"\n")
            if head != _head(payload):
                return None
            result = _decoder.decode(payload)
            os.utime(path)
        except (OSError, ValueError):
            return None
        return result

    def put(self, key: str, result: CodeResult) -> None:
        """Keep a result, whole or not at all. One that cannot be kept is only not kept."""
        try:
            payload = msgspec.json.encode(result, order="sorted")
            if len(payload) < LARGEST_RESULT // 2:
                self._write(self._path(key), _head(payload) + b"\n" + payload)
                self._remove_old()
        except (OSError, ValueError):  # no room; a text that is no Unicode
            return

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _write(self, path: Path, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()
            raise

    def _remove_old(self) -> None:
        """Remove the results that were longest not used, down to the most that may be kept."""
        found = [(each.stat(), each) for each in self.folder.glob(f"*{_SUFFIX}")]
        found.sort(key=lambda pair: (-pair[0].st_mtime_ns, pair[1].name))
        size = 0
        for number, (status, path) in enumerate(found):
            size += status.st_size
            if number >= MOST_RESULTS or size > LARGEST_CACHE:
                path.unlink(missing_ok=True)


def _head(payload: bytes) -> bytes:
    return b"%s %s" % (FORMAT, hashlib.sha256(payload).hexdigest().encode())


def default_folder(environment: Mapping[str, str]) -> Path | None:
    """Return where results are kept by the XDG Base Directory Specification; None for a user without a home."""
    given = environment.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):
        return Path(given) / "berth" / "review"
    home = environment.get("HOME", "")
    return Path(home) / ".cache" / "berth" / "review" if home.startswith("/") and Path(home).is_dir() else None


def review_code_cached(
    tree: SourceTree, models: tuple[Path, ...], kept: CodeCache | None
) -> tuple[PartReview, tuple[Verdict, ...]]:
    """Return what `review_code_part` returns, from the cache if the same was reviewed before."""
    key = _key(tree, models) if kept is not None else None
    if kept is None or key is None:
        return review_code_part(tree, models)
    known = kept.get(key)
    if known is None:
        known = CodeResult(*review_code_part(tree, models))
        kept.put(key, known)
    return known.part, known.verdicts


def _key(tree: SourceTree, models: tuple[Path, ...]) -> str | None:
    """Return a hash of all that a result depends on, or None if a model cannot be read."""
    digest = hashlib.sha256()
    try:
        parts = [FORMAT, _engine(), *(_framed(each.name, each.read_bytes()) for each in models)]
    except OSError:
        return None
    parts += [_framed(tree.name, tree.package.encode()), repr(tree.unseen).encode("utf-8", "backslashreplace")]
    for part in (*parts, *(_framed(path, content) for path, content in tree.files.items())):
        digest.update(b"%d\n%s" % (len(part), part))
    return digest.hexdigest()


def _framed(name: str, content: bytes) -> bytes:
    text = name.encode("utf-8", "surrogateescape")
    return b"%d\n%s%s" % (len(text), text, content)


@cache
def _engine() -> bytes:
    """Return a hash of the review's own sources and models, and of the Python whose parser it uses."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(_own_files()):
        digest.update(_framed(path.name, path.read_bytes()))
    return digest.digest()


def _own_files() -> Iterator[Path]:
    return (each for each in _SOURCES.rglob("*") if each.suffix in (".py", ".toml"))
