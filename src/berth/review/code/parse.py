"""Source text to `ast`, within bounds: the only module that may call `ast.parse`. Nothing is compiled or run."""

import ast
import io
import os
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from berth.review.code.fstrings import restore, rewrite
from berth.review.code.nodes import all_nodes
from berth.review.model import CodePlace, Unseen

LARGEST_FILE = 2 * 1024 * 1024
MOST_FILES = 20_000
DEEPEST = 200
SKIPPED = frozenset({".git", ".hg", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True, slots=True)
class SourceTree:
    """What is reviewed: relative path to content, in sorted order, and what could not be read.

    `package` is the name of the package that the root itself is, or empty.
    """

    name: str
    files: Mapping[str, bytes]
    unseen: tuple[Unseen, ...] = ()
    package: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file that was parsed, and its lines as they stand."""

    path: str
    tree: ast.Module
    lines: tuple[str, ...]
    nodes: tuple[ast.AST, ...] = ()  # all of them, those that are less deep first


def read_tree(root: Path, suffixes: tuple[str, ...] = (".py",)) -> SourceTree:
    """Read the files below a folder (or one file), without following links, and list what is over a bound."""
    unseen: list[Unseen] = []
    if root.is_file():
        return SourceTree(root.name, {root.name: _content(root, root.name, unseen)}, tuple(unseen))
    files: dict[str, bytes] = {}
    for path in _paths(root, suffixes):
        relative = path.relative_to(root).as_posix()
        if len(files) >= MOST_FILES:
            unseen.append(Unseen(CodePlace(relative), f"more than {MOST_FILES} files"))
            break
        files[relative] = _content(path, relative, unseen)
    package = root.resolve().name if "__init__.py" in files else ""
    return SourceTree(root.resolve().name, dict(sorted(files.items())), tuple(unseen), package)


def _paths(root: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if each not in SKIPPED and not each.startswith(".tox"))
        for path in (Path(folder) / name for name in sorted(names) if name.endswith(suffixes)):
            if not path.is_symlink() and path.is_file():
                yield path


def _content(path: Path, relative: str, unseen: list[Unseen]) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        unseen.append(Unseen(CodePlace(relative), f"cannot be read: {error.strerror}"))
        return b""
    return content


def parse(path: str, content: bytes) -> ParsedFile | Unseen:
    """Parse one file, newer syntax than the host's included; what cannot be parsed says why."""
    if len(content) > LARGEST_FILE:
        return Unseen(CodePlace(path), f"larger than {LARGEST_FILE // 1024} KiB")
    try:
        source = _decoded(content)
        tree = parse_text(source)
    except SyntaxError as error:
        return Unseen(CodePlace(path, error.lineno or 0), f"does not parse: {error.msg}")
    except (ValueError, LookupError) as error:
        return Unseen(CodePlace(path), f"does not parse: {error}")
    except (RecursionError, MemoryError):
        return Unseen(CodePlace(path), "is nested too deeply to parse")
    levels, nodes = all_nodes(tree)
    if levels > DEEPEST:
        return Unseen(CodePlace(path), f"is nested deeper than {DEEPEST} levels")
    return ParsedFile(path, tree, tuple(source.splitlines()), tuple(nodes))


def _decoded(content: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def parse_text(source: str) -> ast.Module:
    """Parse source text; raises what `ast.parse` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError as error:
            try:
                return restore(ast.parse(rewrite(source)))
            except SyntaxError:
                raise error from None
