"""Work and memory without limit: CWE-770, 409, 674 and 400."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument, spreads, written_name
from berth.review.model import Severity

_TIMEOUT: Final = Defect(
    "no-timeout", 770, Severity.LOW, "Give every call over the network a timeout.", "requests.get(url, timeout=10)"
)
_BODY: Final = Defect(
    "unlimited-read",
    770,
    Severity.MEDIUM,
    "Refuse a body above a limit before reading it, and read no more than that.",
    "body = stream.read(LIMIT + 1)",
)
_BOMB: Final = Defect(
    "unlimited-decompression",
    409,
    Severity.MEDIUM,
    "Decompress in pieces and stop at a limit.",
    "zlib.decompressobj().decompress(data, LIMIT)",
)
_DEPTH: Final = Defect(
    "unlimited-recursion", 674, Severity.LOW, "Count the depth and refuse beyond a limit, or use a loop."
)
_REQUESTS: Final = re.compile(
    r"(requests|requests\.(Session\(\)|session\(\)))\.(get|post|put|patch|delete|head|request)"
)
_OPENERS: Final = {
    "urllib.request.urlopen": 2,
    "socket.create_connection": 1,
    "smtplib.SMTP": 3,
    "http.client.HTTPSConnection": 9,
}
_BOMBS: Final = frozenset(
    {"zlib.decompress", "gzip.decompress", "bz2.decompress", "lzma.decompress", "brotli.decompress"}
)
_BODIES: Final = ("rfile.read", "stream.read", "body_file.read", "content.read")
_OUTSIDE: Final = re.compile(r"(?i)request|upload|body|payload|rfile|environ|scope|message")


def timeouts(file: SourceFile) -> Iterator[Fact]:
    """Yield each call over the network that may wait for ever."""
    for call, name, owner in file.calls():
        is_request = _REQUESTS.fullmatch(name) is not None
        if not is_request and name not in _OPENERS:
            continue
        limit = argument(call, "timeout", None if is_request else _OPENERS[name])
        if limit is None and not spreads(call):
            yield finding(file, call, owner, _TIMEOUT, f"{name} waits without limit for a server that does not answer.")
        elif isinstance(limit, ast.Constant) and limit.value is None:
            yield finding(file, call, owner, _TIMEOUT, f"{name} is given no timeout.")
        else:
            yield Safe(770, "call over the network with a timeout")


def reads(file: SourceFile) -> Iterator[Fact]:
    """Yield each body of a request that is read whole, at any length."""
    for call, _name, owner in file.calls():
        text = written_name(call.func)
        is_body = text.endswith(_BODIES) or ("wsgi.input" in text and text.endswith(".read"))
        if not is_body or not _OUTSIDE.search(text):
            continue
        if not call.args or not _is_bounded(file, call.args[0], owner):
            yield finding(
                file, call, owner, _BODY, "The body is read whole: its sender decides how much memory it takes."
            )
        else:
            yield Safe(770, "body read up to a limit")


def _is_bounded(file: SourceFile, size: ast.expr, owner: SymbolOwner) -> bool:
    """Whether a size is a constant, a minimum, or compared before."""
    if isinstance(file.constant(size, owner), int) or "min(" in ast.unparse(size):
        return file.constant(size, owner) != -1
    if isinstance(size, ast.BinOp) or (isinstance(size, ast.Name | ast.Attribute) and ast.unparse(size).isupper()):
        return True
    if isinstance(size, ast.Attribute):
        return True
    if not isinstance(size, ast.Name) or owner.function is None:
        return False
    value = file.value_of(size.id, owner)
    if value is not None and "min(" in ast.unparse(value):
        return True
    compares = (node for node in ast.walk(owner.function) if isinstance(node, ast.Compare))
    ordered = ast.Lt | ast.LtE | ast.Gt | ast.GtE
    return any(
        isinstance(node.ops[0], ordered) and size.id in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        for node in compares
    )


def decompression(file: SourceFile) -> Iterator[Fact]:
    """Yield each decompression at once of what comes from outside."""
    for call, name, owner in file.calls():
        if name in _BOMBS:
            around = ast.unparse(call).replace("self.body", "") + (owner.function.name if owner.function else "")
            arguments = ast.unparse(owner.function.args) if owner.function else ""
            if _OUTSIDE.search(around + arguments):
                yield finding(
                    file, call, owner, _BOMB, f"{name} makes gigabytes of a few kilobytes, if a client likes."
                )
            else:
                yield Safe(409, "decompression of what does not come from a request")
        elif name.endswith((".decompress", ".decompressobj")):
            yield Safe(409, "decompression in pieces")


def recursion(file: SourceFile) -> Iterator[Fact]:
    """Yield each function that calls itself on the parts of a request, as deep as they are nested."""
    for function, owner in file.functions():
        parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        if not any(_OUTSIDE.search(name) or name in {"data", "node", "value", "obj"} for name in parameters):
            continue
        if file.written(function).count(function.name) < 2:
            continue
        itself = [node for node in ast.walk(function) if _calls(node, function.name)]
        if not itself or not _takes_nested(function):
            continue
        around = SymbolOwner(f"{owner.symbol}.{function.name}", function, owner.class_)
        if re.search(r"(?i)depth|level|limit|max_", ast.unparse(function)):
            yield Safe(674, "recursion with a limit of depth")
        elif re.search(r"(?i)request|payload|body", " ".join(parameters)):
            sentence = f"{function.name} calls itself as deep as its input is nested."
            yield finding(file, itself[0], around, _DEPTH, sentence)


def _calls(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return (isinstance(called, ast.Name) and called.id == name) or (
        isinstance(called, ast.Attribute) and called.attr == name and ast.unparse(called.value) == "self"
    )


def _takes_nested(function: ast.AST) -> bool:
    """Whether a function asks if something is a list or a dictionary."""
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "isinstance"
        and re.search(r"\b(dict|list|Mapping|Sequence)\b", ast.unparse(node.args[-1])) is not None
        for node in ast.walk(function)
    )
