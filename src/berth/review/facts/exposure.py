"""What is shown that should not be: errors to clients (CWE-209), secrets in logs (532) and in answers (200)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from berth.review.facts.derivation import names_from
from berth.review.facts.fact import Defect, Fact, Safe, Sources, finding
from berth.review.facts.routes import Handler, handlers
from berth.review.facts.syntax import SourceFile, words, written_name
from berth.review.model import Severity

_ERROR: Final = Defect(
    "error-shown",
    209,
    Severity.LOW,
    "Log the error, and send a fixed sentence.",
    'log.exception("..."); return "internal error", 500',
)
_LOGGED: Final = Defect(
    "secret-logged",
    532,
    Severity.MEDIUM,
    "Leave the secret out, or log only that it was there.",
    'log.info("signed in: %s", user.id)',
)
_SHOWN: Final = Defect(
    "secret-shown",
    200,
    Severity.MEDIUM,
    "Name the fields that a client may see, and no others.",
    'return {"id": user.id, "name": user.name}',
)
_LOGS: Final = re.compile(
    r"(?i)(?:^|\.)(?:log|logger|logging|_log|_logger)\.(debug|info|warning|warn|error|critical|"
    r"exception|log)$|^print$|^logging\.\w+$|^syslog\.syslog$"
)
_SECRETS: Final = frozenset({"password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "authorization"})
_PAIRS: Final = (("api", "key"), ("secret", "key"), ("private", "key"), ("credit", "card"), ("card", "number"))
_ABOUT: Final = frozenset(
    {
        *(
            "id",
            "name",
            "type",
            "count",
            "len",
            "length",
            "url",
            "uri",
            "file",
            "path",
            "expires",
            "expiry",
            "reset",
            "is",
        ),
        *(
            "has",
            "policy",
            "field",
            "header",
            "prefix",
            "error",
            "invalid",
            "missing",
            "scheme",
            "endpoint",
            "ttl",
            "kind",
        ),
    }
)
"""Words of names that are about a secret and hold none."""
_HIDES: Final = re.compile(r"(?i)mask|redact|hide|hash|sanit|scrub|len|bool|type|repr_safe|obfusc|digest|obscure")
_BROAD: Final = re.compile(
    r"(?:^|\.)(?:Exception|BaseException|OSError|IOError|SQLAlchemyError|DatabaseError|"
    r"OperationalError|ProgrammingError|IntegrityError|CalledProcessError|RequestException|"
    r"sqlite3\.Error|psycopg2?\.Error|MySQLError)$"
)
_TRACES: Final = re.compile(r"traceback\.format_(?:exc|exception|stack|tb)\b|sys\.exc_info\(")
_WHOLE: Final = re.compile(
    r"^(?:dict\()?(?:os\.environ|app\.config|current_app\.config|locals\(\)|globals\(\)|"
    r"\w+\.__dict__|vars\(\w+\))"
)
_KEPT: Final = frozenset({"password", "passwd", "pwd", "secret", "ssn"})
"""Words of fields that no client is shown, not even their owner."""


def secrets_logged(file: SourceFile) -> Iterator[Fact]:
    """Yield each secret that is written to a log or printed, by the name of what is given."""
    for call, name, owner in file.calls():
        if not _LOGS.search(written_name(call.func)) and not _LOGS.search(name):
            continue
        given = [*call.args, *(each.value for each in call.keywords)]
        secret = next(_secrets(given), "")
        if secret:
            yield finding(file, call, owner, _LOGGED, f"The log has the secret {secret!r} in clear text.")
        elif call.args:
            yield Safe(532, "log call without a secret by its name")


def _secrets(given: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the names of secrets in what is given; what is in a call that hides it, or only counts it, is none."""
    for node in given:
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if holds_secret(name):
                yield name
        elif isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Slice):
                continue  # a part of it
            key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
            if isinstance(key, str) and holds_secret(key):
                yield key
        elif isinstance(node, ast.Call):
            yield from _in_call(node)
        elif not isinstance(node, ast.Compare | ast.BoolOp | ast.IfExp):
            yield from _secrets(each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))


def _in_call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if _HIDES.search(name.rpartition(".")[2]):
        return
    first = node.args[0] if node.args else None
    if name.endswith((".get", ".getenv")) and isinstance(first, ast.Constant) and isinstance(first.value, str):
        if holds_secret(first.value):
            yield first.value
        return
    if name in ("str", "repr", "dict", "json.dumps") or name.endswith(".format"):
        yield from _secrets([*node.args, *(each.value for each in node.keywords)])


def holds_secret(name: str) -> bool:
    """Whether a name stands for a secret itself, not for something about it (`token_id`)."""
    found = words(name)
    if not found.isdisjoint(_ABOUT):
        return False
    return not found.isdisjoint(_SECRETS) or any(set(pair) <= found for pair in _PAIRS)


def exposure(sources: Sources) -> Iterator[Fact]:
    """Yield each handler that answers with the text of an error, or with a field that no client may see."""
    for handler in handlers(sources):
        yield from _errors(handler)
        yield from _fields(handler)


def _errors(handler: Handler) -> Iterator[Fact]:
    function = handler.function
    traces = names_from(function, _is_trace)
    for node in ast.walk(function):
        if isinstance(node, ast.ExceptHandler) and node.name and _is_broad(node.type):
            yield from _shown_error(handler, node, frozenset({node.name}) | traces)
    for answer in _answers(function.body):
        if _is_trace(answer) or _names(answer) & traces:
            yield finding(handler.file, answer, handler.around, _ERROR, "The answer has the way through the program.")


def _shown_error(handler: Handler, caught: ast.ExceptHandler, names: frozenset[str]) -> Iterator[Fact]:
    derived = names | names_from(handler.function, lambda value: bool(_names(value) & names))
    shown = [each for each in _answers(caught.body) if _names(each) & derived]
    for each in shown:
        sentence = f"The answer has the text of the error {caught.name!r}, with what it says of files and statements."
        yield finding(handler.file, each, handler.around, _ERROR, sentence)
    if not shown:
        yield Safe(209, "error whose text is not sent")


def _is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind] if kind is not None else []
    return any(_BROAD.search(ast.unparse(each)) for each in kinds)


def _is_trace(value: ast.expr) -> bool:
    return _TRACES.search(ast.unparse(value)) is not None


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _answers(body: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    """Yield what is returned, and what is raised as an answer: `HTTPException(500, str(error))`."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Return) and node.value is not None:
                yield node.value
            elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield from (each.value for each in node.exc.keywords if each.arg == "detail")
                yield from node.exc.args[1:]


def _fields(handler: Handler) -> Iterator[Fact]:
    for answer in _answers(handler.function.body):
        shown = next(_kept_fields(answer), "")
        if shown:
            sentence = f"The answer has {shown}, which no client needs."
            yield finding(handler.file, answer, handler.around, _SHOWN, sentence)
        elif isinstance(answer, ast.Dict | ast.Call):
            yield Safe(200, "answer without a secret field by its name")


def _kept_fields(answer: ast.expr) -> Iterator[str]:
    for node in ast.walk(answer):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_kept(node.attr):
            yield f"the field {node.attr!r}"
        elif isinstance(node, ast.Call | ast.Attribute) and _WHOLE.search(ast.unparse(node)):
            yield f"all of {ast.unparse(node)}"


def _is_kept(name: str) -> bool:
    found = words(name)
    return not found.isdisjoint(_KEPT) and found.isdisjoint(_ABOUT) and not _HIDES.search(name.replace("hash", ""))
