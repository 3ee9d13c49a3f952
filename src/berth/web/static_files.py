"""The files of the dashboard, read from the package and compressed once."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""The media types of served files, by extension. Other files are not served."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file. packed: compressed with gzip; tag: its ETag, which is weak because both forms share it."""

    kind: str
    body: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, kind: str, body: bytes) -> StaticFile:
        """Return a file with these contents."""
        return cls(kind, body, gzip.compress(body, 9, mtime=0), f'W/"{sha256(body).hexdigest()[:24]}"')


def static_files() -> dict[str, StaticFile]:
    """Return every file by its path below /ui/, for example js/main.js."""
    return dict(_below(files("berth.web") / "static", ""))


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, StaticFile]]:
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            yield from _below(entry, f"{name}/")
        elif (kind := TYPES.get(f".{name.rpartition('.')[2]}")) is not None:
            yield name, StaticFile.of(kind, entry.read_bytes())
