"""Uploads stored under the client's name, whose ending decides what a server does with them: CWE-434."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.derivation import ParsedFunction, names_from, own_calls, uses
from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument
from berth.review.model import Severity

_UPLOAD: Final = Defect(
    "upload-of-any-type",
    434,
    Severity.HIGH,
    "Allow the endings that are meant, and choose the name yourself.",
    'if Path(upload.filename).suffix not in {".png", ".jpg"}: abort(400)\nupload.save(folder / f"{uuid4()}.png")',
)
_UPLOADED: Final = re.compile(r"\.(?:files|FILES)\b|\bUploadFile\b|\bFile\(")
_WRITTEN: Final = re.compile("files|FILES|File")
"""What stands in the source of every function with an upload."""
_NAME: Final = re.compile(r"\.filename\b|\b(?:upload|uploaded|file|image|document|avatar)\w*\.name\b|FILES\[.+\]\.name")
_CHECKS: Final = re.compile(r"(?i)allow|valid|check|verif|magic|imghdr|guess_type|is_\w+|filetype|endswith|what$")


def uploads(file: SourceFile) -> Iterator[Fact]:
    """Yield each upload that is stored under a name whose ending the client chooses."""
    for function, owner in file.functions():
        if not _WRITTEN.search(file.written(function)):
            continue
        if _UPLOADED.search(ast.unparse(function)):
            around = SymbolOwner(f"{owner.symbol}.{function.name}", function, owner.class_)
            yield from _uploads(file, function, around)


def _uploads(file: SourceFile, function: ParsedFunction, owner: SymbolOwner) -> Iterator[Fact]:
    named = names_from(function, _is_name)
    for call in own_calls(function):
        path = _stored_as(file, call, owner)
        if path is None:
            continue
        if not (_is_name(path) or uses(path, named)):
            yield Safe(434, "upload stored under a name of the program's own")
        elif _is_checked(function, named):
            yield Safe(434, "upload whose ending is checked")
        else:
            sentence = "The client chooses the ending of the file that is stored: a script, a page, a program."
            yield finding(file, call, owner, _UPLOAD, sentence)


def _is_name(value: ast.expr) -> bool:
    return _NAME.search(ast.unparse(value)) is not None


def _stored_as(file: SourceFile, call: ast.Call, owner: SymbolOwner) -> ast.expr | None:
    """Return the path that a call stores an upload at, if it does."""
    name = file.dotted(call.func, owner)
    if name.rpartition(".")[2] == "save" and call.args:
        return call.args[0]
    mode = file.constant(argument(call, "mode", 1), owner)
    if name in ("open", "aiofiles.open", "io.open") and isinstance(mode, str) and {"w", "x", "a"} & set(mode):
        return argument(call, "file", 0)
    return None


def _is_checked(function: ParsedFunction, named: frozenset[str]) -> bool:
    """Whether a function compares the name's ending with what is allowed, or has another function do so."""
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and _compares_ending(node, named):
            return True
        if isinstance(node, ast.Call) and _CHECKS.search(ast.unparse(node.func)):
            return True
    return False


def _compares_ending(compare: ast.Compare, named: frozenset[str]) -> bool:
    left, right = compare.left, compare.comparators[0]
    is_about = any(_is_name(each) or uses(each, named) for each in (left, right))
    # `filename == ""` and `"." in filename` say nothing of the ending.
    is_empty = any(isinstance(each, ast.Constant) and each.value in ("", None, ".") for each in (left, right))
    return is_about and not is_empty
