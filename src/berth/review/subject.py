"""What is reviewed: a folder, a file, a source distribution or wheel, or an installed package, read within bounds."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Final

from berth.review.archive import ArchiveUnreadable, is_archive, read_archive
from berth.review.code.parse import SourceTree, read_tree

READ: Final = (
    *(".py", ".pyi", ".html", ".htm", ".j2", ".jinja", ".jinja2", ".mako", ".js", ".mjs"),
    *(".toml", ".ini", ".cfg", ".conf", ".env", ".yaml", ".yml", ".lock", ".txt", ".service"),
    *("Dockerfile", "Containerfile", ".so", ".c", ".pyx", ".rs"),
)
"""The endings of the files that a review reads."""

INSTALLED: Final = "pkg:"
"""What stands before the name of an installed package."""


class SubjectUnreadable(Exception):
    """There is nothing at the path that can be reviewed."""


def read_subject(path: str) -> SourceTree:
    """Return the files of what is reviewed. Nothing is imported, run or written. Raises SubjectUnreadable."""
    place = _installed(path.removeprefix(INSTALLED)) if path.startswith(INSTALLED) else Path(path)
    try:
        if not place.exists():
            raise SubjectUnreadable(f"{path} does not exist")
        tree = read_archive(place, READ) if is_archive(place) else read_tree(place, READ)
    except ArchiveUnreadable as error:
        raise SubjectUnreadable(str(error)) from None
    except OSError as error:
        raise SubjectUnreadable(f"{path} cannot be read: {error.strerror}") from None
    if not tree.files:
        raise SubjectUnreadable(f"{path} has no source to review")
    return tree


def _installed(name: str) -> Path:
    """Return the folder or file of an installed package, found without importing it."""
    if not name.isidentifier():
        raise SubjectUnreadable(f"{INSTALLED}{name}: give the name that is imported, without dots")
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin or spec.origin in ("built-in", "frozen"):
        raise SubjectUnreadable(f"{name} is not installed here as files")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def description(tree: SourceTree) -> str:
    """Return the subject's name with a hash of all that was read: who has the same files gets the same one."""
    digest = hashlib.sha256()
    for path, content in sorted(tree.files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return f"{tree.name} (sha256 {digest.hexdigest()[:16]})"
