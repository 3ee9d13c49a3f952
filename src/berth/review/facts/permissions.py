"""Files that others may write or read, and names that others can take first: CWE-732, 377 and 367."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument, identifiers
from berth.review.facts.vocabulary import any_secret
from berth.review.model import Severity

_MODE: Final = Defect(
    "mode-for-others", 732, Severity.MEDIUM, "Give the rights to the owner only.", "path.chmod(0o600)"
)
_TEMPORARY: Final = Defect(
    "guessable-temporary-file",
    377,
    Severity.MEDIUM,
    "Let tempfile make the file, not only its name.",
    "with tempfile.NamedTemporaryFile() as file: ...",
)
_RACE: Final = Defect(
    "check-then-use",
    367,
    Severity.MEDIUM,
    "Do it and handle the error, or open once and ask the open file.",
    'path.open("x")',
)
_MODES: Final = {"os.chmod": 1, "os.fchmod": 1, "os.lchmod": 1, "os.mkdir": 1, "os.makedirs": 1, "os.open": 2}
_NAMES: Final = ("tempfile.mktemp", "os.tempnam", "os.tmpnam")
_CHECKS: Final = frozenset({"os.path.exists", "os.path.isfile", "os.path.islink", "os.access", "os.stat", "os.lstat"})
_USES: Final = frozenset({"open", "os.chmod", "os.chown", "shutil.copy"})
_ENDS: Final = frozenset({"os.remove", "os.unlink", "os.rename"})
"""Uses that do harm only if the check was of who may, or of what it is: that it is gone is what they want."""


def modes(file: SourceFile) -> Iterator[Fact]:
    """Yield each mode that lets others write, or lets them read a secret."""
    for call, name, owner in file.calls():
        position = _MODES.get(name, 0 if name.endswith(".chmod") else None)
        if name == "os.umask":
            mode = file.constant(argument(call, "mask", 0), owner)
            if isinstance(mode, int) and not mode & 0o002 and not _is_asked(owner):
                yield finding(file, call, owner, _MODE, f"With the umask {mode:#o} others may write new files.")
        elif position is not None:
            yield from _mode(file, call, owner, file.constant(argument(call, "mode", position), owner))


def _is_asked(owner: SymbolOwner) -> bool:
    """Whether a function sets the umask back: there is no other way to ask for it."""
    text = ast.unparse(owner.function) if owner.function is not None else ""
    return text.count("umask(") > 1


def _mode(file: SourceFile, call: ast.Call, owner: SymbolOwner, mode: object) -> Iterator[Fact]:
    if not isinstance(mode, int):
        return
    secret = any_secret(name for part in call.args for name in identifiers(part))
    if mode & 0o002 and not mode & 0o1000:
        yield finding(file, call, owner, _MODE, f"With the mode {mode:#o} every user may write it.")
    elif mode & 0o044 and secret:
        yield finding(file, call, owner, _MODE, f"With the mode {mode:#o} others may read {secret!r}.")
    else:
        yield Safe(732, f"mode {mode:#o}")


def temporary_files(file: SourceFile) -> Iterator[Fact]:
    """Yield each temporary file whose name can be known before it is made."""
    for call, name, owner in file.calls():
        if name in _NAMES:
            yield finding(file, call, owner, _TEMPORARY, f"Between {name} and the opening another can take the name.")
        elif name.startswith("tempfile."):
            yield Safe(377, "file that tempfile makes")
        elif name == "open" and _writes(file, call, owner):
            path = file.constant(argument(call, "file", 0), owner)
            if isinstance(path, str) and path.startswith(("/tmp/", "/var/tmp/")):  # noqa: S108 - looked for, not used
                yield finding(file, call, owner, _TEMPORARY, f"Any user can make {path} first, or a link of that name.")


def _writes(file: SourceFile, call: ast.Call, owner: SymbolOwner) -> bool:
    mode = file.constant(argument(call, "mode", 1), owner)
    return isinstance(mode, str) and not {"w", "a", "+"}.isdisjoint(mode)


def file_races(file: SourceFile) -> Iterator[Fact]:
    """Yield each file that is looked at under a name and then used under it."""
    if not any(name in _CHECKS for _, name, _ in file.calls()):
        return
    for function, owner in file.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.If):
                yield from _race(file, node, owner)


def _race(file: SourceFile, branch: ast.If, owner: SymbolOwner) -> Iterator[Fact]:
    checked = {
        ast.unparse(call.args[0])
        for call in ast.walk(branch.test)
        if isinstance(call, ast.Call) and call.args and file.dotted(call.func, owner) in _CHECKS
    }
    for call in (node for part in branch.body for node in ast.walk(part)):
        if isinstance(call, ast.Call) and call.args and ast.unparse(call.args[0]) in checked:
            name = file.dotted(call.func, owner)
            test = ast.unparse(branch.test)
            is_right = re.search(r"access|islink|stat\(", test) is not None
            used = name in _USES or (name in _ENDS and is_right)
            if used and (name != "open" or _writes(file, call, owner) or "access" in test):
                sentence = f"Between the check and {name} another process can replace the file."
                harm = _RACE if is_right else replace(_RACE, severity=Severity.LOW)
                yield finding(file, call, owner, harm, sentence)
                return
