"""Numbers that can be guessed where they must not be: CWE-330 and 338."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, identifiers
from berth.review.facts.vocabulary import any_secret, is_secret
from berth.review.model import Severity

_RANDOM: Final = Defect(
    "guessable-random",
    330,
    Severity.HIGH,
    "Take what must not be guessed from `secrets`.",
    "secrets.token_urlsafe(32)",
)
_GOOD: Final = ("secrets.", "os.urandom", "random.SystemRandom", "uuid.uuid4", "ssl.RAND_bytes")
_WEAK: Final = frozenset(
    {
        *("random", "randint", "randrange", "choice", "choices", "sample", "getrandbits", "uniform", "randbytes"),
        *("triangular", "betavariate", "gauss", "normalvariate", "expovariate", "shuffle", "rand", "integers"),
    }
)


def randomness(file: SourceFile) -> Iterator[Fact]:
    """Yield each guessable number that becomes something secret."""
    for call, name, owner in file.calls():
        room, _, last = name.rpartition(".")
        if name.startswith(_GOOD):
            yield Safe(330, "number that cannot be guessed")
        elif (room in {"random", "random.Random()", "numpy.random"} and last in _WEAK) or name == "uuid.uuid1":
            secret = _becomes(call, owner)
            if secret:
                sentence = f"{name} can be guessed from earlier results, and becomes {secret!r}."
                yield finding(file, call, owner, _RANDOM, sentence)
            else:
                yield Safe(330, "guessable number that becomes nothing secret")


def _becomes(call: ast.Call, owner: SymbolOwner) -> str:
    """Return the secret name that a call's result reaches within its function, or `""`."""
    if owner.function is None:
        return ""
    reached: set[str] = set()
    statements = [
        node for node in ast.walk(owner.function) if isinstance(node, ast.stmt) and node is not owner.function
    ]
    statements.sort(key=lambda node: node.lineno)
    for _ in range(2):
        for statement in statements:
            found = _carried(statement, call, reached)
            if found:
                return found
    if any(isinstance(node, ast.Return) and _touches(node, call, reached) for node in statements):
        return owner.function.name if is_secret(owner.function.name) else ""
    return ""


def _carried(statement: ast.stmt, call: ast.Call, reached: set[str]) -> str:
    """Note the names that take the result in a statement, and return a secret one among all that it meets."""
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        if statement.value is None or not _touches(statement.value, call, reached):
            return ""
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [name for target in targets for name in identifiers(target)]
        reached.update(name for name in names if name != "self")
        return any_secret(names) or _in_calls(statement, call, reached)
    if isinstance(statement, ast.For) and _touches(statement.iter, call, reached):
        reached.update(identifiers(statement.target))
    return _in_calls(statement, call, reached) if isinstance(statement, ast.Expr | ast.Return) else ""


def _in_calls(statement: ast.stmt, call: ast.Call, reached: set[str]) -> str:
    """Return the secret name under which a statement passes the result to a call, or `""`."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and node is not call and _touches(node, call, reached):
            for keyword in node.keywords:
                if keyword.arg and is_secret(keyword.arg) and _touches(keyword.value, call, reached):
                    return keyword.arg
            found = any_secret([*identifiers(node.func), *_literals(node)])
            if found:
                return found
    return ""


def _literals(node: ast.Call) -> Iterator[str]:
    return (item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str))


def _touches(node: ast.AST, call: ast.Call, reached: set[str]) -> bool:
    return any(each is call or (isinstance(each, ast.Name) and each.id in reached) for each in ast.walk(node))
