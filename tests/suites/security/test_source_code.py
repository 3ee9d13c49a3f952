"""What the sources never do: make code, commands or objects of text, or reach past Python into memory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.tidy import ROOT

SOURCES: Final = sorted((ROOT / "src/berth").rglob("*.py"))

MODULES: Final = frozenset(
    {"pickle", "marshal", "shelve", "dill", "joblib", "yaml", "xml", "code", "pty", "ctypes", "cffi", "mmap"}
)
"""Modules that make objects, code or commands of bytes that came from elsewhere, or that touch memory by address."""

CALLS: Final = frozenset(
    {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.startfile", "ast.parse"}
)
PARSES: Final = {"review/code/parse.py": ["ast.parse"]}
"""The one module that reads source as a tree, of the code that is reviewed: nothing compiles or runs it."""
STARTERS: Final = ("os.exec", "os.spawn", "os.posix_spawn", "subprocess.")

STARTS: Final = {
    "discover/source.py": {"subprocess.Popen", "subprocess.TimeoutExpired"},
    "processes/child.py": {"subprocess.Popen"},
}
"""The places that start a program: a tool that was looked up, and this interpreter, with words that are Berth's own."""


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name) of every import; name "" for a module as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def called(tree: ast.AST) -> Iterator[str]:
    """What is called, as it is written."""
    return (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def forbidden(source: str) -> list[str]:
    """What a source does that none may."""
    tree = ast.parse(source)
    found = [module for module, _ in imported(tree) if module.partition(".")[0] in MODULES]
    found += [call for call in called(tree) if call in CALLS]
    found += ["shell" for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "shell"]
    return found


def starts(source: str) -> set[str]:
    """What of a source can start a program."""
    tree = ast.parse(source)
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = {name for name in names if name.startswith(STARTERS)}
    found -= {name for name in found if name in {"subprocess.PIPE", "subprocess.DEVNULL"}}
    return found | {f"{module}.{name}" for module, name in imported(tree) if module == "subprocess" and name}


def place(path: Path) -> str:
    return str(path.relative_to(ROOT / "src/berth"))


def test_no_text_becomes_code_or_an_object() -> None:
    assert len(SOURCES) > 200
    found = {place(path): forbidden(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {where: sorted(set(each)) for where, each in found.items() if each} == PARSES


def test_one_place_starts_a_program() -> None:
    assert {place(path): found for path in SOURCES if (found := starts(path.read_text(encoding="utf-8")))} == STARTS


@pytest.mark.parametrize(
    "source",
    [
        "eval(name)",
        "exec(body)",
        "import pickle",
        "from yaml import load",
        "import os\nos.system(name)",
        "import xml.etree",
        "run(name, shell=True)",
        "import ctypes",
    ],
)
def test_what_is_forbidden_is_noticed(source: str) -> None:
    assert forbidden(source) != []


@pytest.mark.parametrize(
    ("source", "start"), [("from subprocess import run", "subprocess.run"), ("os.execvp(name, words)", "os.execvp")]
)
def test_a_new_place_is_noticed(source: str, start: str) -> None:
    assert starts(source) == {start}
