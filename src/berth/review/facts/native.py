"""Code that is not Python: where memory can be read or written out of bounds at all (CWE-787, 416, 125, 120 to 122)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from berth.review.facts.fact import Fact, Safe, Sources, question
from berth.review.model import CodePlace

MEMORY: Final = (787, 416, 125, 120, 121, 122)
"""Weaknesses of languages without checks of bounds."""
_MODULES: Final = frozenset({"ctypes", "cffi", "mmap", "_cffi_backend", "pybind11", "cython"})
_SOURCES: Final = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".pyx", ".pxd", ".rs")


def native_code(sources: Sources) -> Iterator[Fact]:
    """Yield a question where native code is called or in the tree, and otherwise that there is none."""
    places = [CodePlace(path) for path in sources.texts if path.endswith(_SOURCES)]
    for file in sources.judged:
        for kind in (ast.Import, ast.ImportFrom):
            for node, _ in file.each(kind):
                if isinstance(node, ast.Import | ast.ImportFrom) and not _MODULES.isdisjoint(_imported(node)):
                    places.append(CodePlace(file.path, node.lineno))
    if not places:
        yield from (Safe(cwe, "pure Python") for cwe in MEMORY)
        return
    sentence = f"Does the native code keep its bounds? It is called, or in the tree, at {len(places)} places."
    yield question(sentence, "a review of the native code", MEMORY, *places[:10])


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names}


def type_checks(sources: Sources) -> str:
    """Return how the project has its types checked, as its settings say it, or `""`."""
    return _strict(sources.texts)


def _strict(texts: Mapping[str, str]) -> str:
    for path in ("pyproject.toml", "mypy.ini", "setup.cfg", "pyrightconfig.json"):
        text = texts.get(path, "")
        if "[tool.mypy]" in text or "[mypy]" in text:
            return f"mypy is configured in {path}" + (", strictly" if "strict = true" in text.lower() else "")
        if "[tool.pyright]" in text or (path == "pyrightconfig.json" and text):
            return f"pyright is configured in {path}"
    return ""
