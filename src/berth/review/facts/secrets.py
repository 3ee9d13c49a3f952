"""Secrets in the source, and secrets compared in a time that tells of them: CWE-798, 321, 256 and 208."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument, identifiers, words
from berth.review.model import Severity

_LITERAL: Final = Defect(
    "secret-in-source",
    798,
    Severity.HIGH,
    "Read it from the environment or a file that only the service reads, and replace the one that was written.",
    'os.environ["DATABASE_PASSWORD"]',
)
_KEY: Final = Defect(
    "key-in-source",
    321,
    Severity.HIGH,
    "Make a key for each installation and read it from outside; replace the one that was written here.",
    'os.environ["SECRET_KEY"]',
)
_PLAIN: Final = Defect(
    "password-in-clear",
    256,
    Severity.HIGH,
    "Store only a slow, salted hash of a password.",
    "generate_password_hash(p)",
)
_COMPARED: Final = Defect(
    "timing-of-comparison",
    208,
    Severity.MEDIUM,
    "Compare secrets in constant time.",
    "hmac.compare_digest(given, expected)",
)
_NAMED: Final = frozenset({"password", "passwd", "pwd", "passphrase", "secret", "apikey", "token", "credentials"})
_PAIRS: Final = (("api", "key"), ("access", "key"), ("auth", "key"))
_KEYS: Final = (("secret", "key"), ("private", "key"), ("encryption", "key"), ("signing", "key"), ("fernet", "key"))
_OTHER: Final = frozenset(
    {
        *("name", "field", "header", "url", "uri", "path", "file", "type", "label", "prefix", "param", "env", "help"),
        *("regex", "pattern", "length", "expiry", "ttl", "policy", "hash", "hasher", "validators", "error", "message"),
        *(
            "format",
            "algorithm",
            "scheme",
            "endpoint",
            "title",
            "text",
            "placeholder",
            "id",
            "column",
            "table",
            "cookie",
        ),
        *(
            "scope",
            "reset",
            "hint",
            "kind",
            "parameter",
            "query",
            "attribute",
            "audience",
            "issuer",
            "manager",
            "class",
            "min",
        ),
    }
)
"""Words of names that are about a secret and hold none."""
_SHAPES: Final = re.compile(
    r"AKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\w|gh[pousr]_[A-Za-z0-9]{30,}|xox[abpr]-\d+-[\w-]+"
    r"|sk_live_[A-Za-z0-9]{16,}|AIza[0-9A-Za-z_-]{35}|glpat-[\w-]{20}"
)
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+]*://([^\s:/@{}%$<>]+):([^\s:/@{}%$<>*]{3,})@([\w.-]+)")
_EMPTY_WORDS: Final = re.compile(
    r"(?i)x{3,}|\*{3,}|\.{3}|<.*>|\$\{?.*|\{.*\}|%\(.*|your[-_ ].*|none|null|true|false|todo|redacted|\W*"
)
_SECRET_SIDES: Final = frozenset({"password", "passwd", "token", "secret", "signature", "hmac", "csrf", "otp"})
_NOT_SECRET: Final = frozenset(
    {
        *("type", "kind", "name", "id", "length", "len", "count", "index", "tokenizer", "class", "size", "bind"),
        *("verify", "digital", "thumb", "thumbprint", "binary", "mode", "scope", "0", "is", "model", "identity"),
    }
)
_SECRET_USES: Final = ("hexdigest", "digest")


def literals(file: SourceFile) -> Iterator[Fact]:
    """Yield each secret that stands in the source: by its name and use, or by its shape."""
    for name, value, node, owner in _bindings(file):
        if isinstance(value, str) and _is_secret_name(name) and _looks_secret(name, value) and _is_strong(name, value):
            defect = _KEY if _is_key(name) else _LITERAL
            yield finding(
                file, node, owner, defect, f"The secret {name!r} stands in the source, for all who can read it."
            )
    for node, owner in file.each(ast.Constant):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 12:
            address = _ADDRESS.match(node.value)
            if _SHAPES.search(node.value) or (address and _is_password(address)):
                yield finding(file, node, owner, _LITERAL, "A key or password stands in the source, by its shape.")


def _is_password(address: re.Match[str]) -> bool:
    """Whether a URL has a password: no placeholder, and not that of a database of tests on this machine."""
    user, password, host = address.groups()
    # berth: allow CWE-208 because it compares words of the source that is reviewed, not a secret
    return not _EMPTY_WORDS.fullmatch(password) and (user != password or host not in {"localhost", "127.0.0.1"})


def _is_strong(name: str, value: str) -> bool:
    """Whether a value may be a secret of its kind: a token is no word, as of a lexer or a template."""
    return words(name).isdisjoint({"token"}) or any(char.isdigit() for char in value)


def _bindings(file: SourceFile) -> Iterator[tuple[str, object, ast.AST, SymbolOwner]]:
    """Yield (name, constant, node, owner) of assignments, keywords, items, defaults and comparisons."""
    for kind in (ast.Assign, ast.AnnAssign):
        for node, owner in file.each(kind):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    yield _name_of(target), _literal(node.value), node, owner
    for node, owner in file.each(ast.Dict):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                yield str(_literal(key) or ""), _literal(value), value, owner
    yield from _passed(file)
    for node, owner in file.each(ast.Compare):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
            yield _name_of(node.left), _literal(node.comparators[0]), node, owner


def _passed(file: SourceFile) -> Iterator[tuple[str, object, ast.AST, SymbolOwner]]:
    for call, name, owner in file.calls():
        for keyword in call.keywords:
            yield keyword.arg or "", _literal(keyword.value), keyword.value, owner
        if name in {"os.environ.get", "os.getenv"} and len(call.args) == 2:
            yield str(_literal(call.args[0])), _literal(call.args[1]), call, owner
    for function, owner in file.functions():
        arguments = [*function.args.posonlyargs, *function.args.args]
        defaults = function.args.defaults
        for parameter, default in zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True):
            yield parameter.arg, _literal(default), default, owner


def _literal(node: ast.AST | None) -> object:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "encode":
        node = node.func.value
    value = node.value if isinstance(node, ast.Constant) else None
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return str(_literal(node.slice) or "")
    return node.id if isinstance(node, ast.Name) else ""


def _is_secret_name(name: str) -> bool:
    found = words(name)
    secret = not found.isdisjoint(_NAMED) or any(set(pair) <= found for pair in (*_PAIRS, *_KEYS))
    return secret and found.isdisjoint(_OTHER) and not {" ", "-"} & set(name.strip())


def _is_key(name: str) -> bool:
    return any(set(pair) <= words(name) for pair in _KEYS)


def _looks_secret(name: str, value: str) -> bool:
    """Whether a text may be a secret: not empty, no placeholder, no prose, no name of one."""
    if len(value) < 4 or any(char.isspace() for char in value) or _EMPTY_WORDS.fullmatch(value):
        return False
    if value.startswith(("/", "http://", "https://", ".", "-", "--")) or words(value) <= words(name):
        return False
    is_name = value.replace("_", "").replace("-", "").replace(".", "").isalpha() and _is_secret_name(
        value.replace("-", "_")
    )
    return not is_name and (entropy(value) > 1.5 or len(value) < 8)


def entropy(text: str) -> float:
    """Return the entropy of a text's characters, in bits per character (Shannon 1948)."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


def comparisons(file: SourceFile) -> Iterator[Fact]:
    """Yield each comparison of a secret by `==`, and count those in constant time."""
    for _call, name, _owner in file.calls():
        if name.endswith(("compare_digest", "check_password_hash")):
            yield Safe(208, "comparison in constant time")
    for node, owner in file.each(ast.Compare):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = (node.left, node.comparators[0])
            secret = next((text for side in sides if (text := _secret_side(side))), "")
            if secret and not any(_is_public(side) for side in sides) and not _is_equality(owner, sides):
                sentence = f"{secret!r} is compared by ==, which takes longer the more of it is right."
                yield finding(file, node, owner, _COMPARED, sentence)


def _is_equality(owner: SymbolOwner, sides: tuple[ast.expr, ast.expr]) -> bool:
    """Whether this is how two objects of the program are compared: no caller gives one of them."""
    named = owner.function is not None and owner.function.name in {"__eq__", "__ne__", "__hash__"}
    return named or any(isinstance(side, ast.Attribute) and ast.unparse(side.value) == "other" for side in sides)


def _secret_side(node: ast.expr) -> str:
    """Return the name of the secret that an operand is, or `""`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SECRET_USES:
        inner = ast.unparse(node)
        return node.func.attr if "hmac" in inner or "mac" in words(inner) else ""
    name = _name_of(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        name = str(_literal(node.args[0]) or "")
    found = words(name)
    secret = not found.isdisjoint(_SECRET_SIDES) or {"api", "key"} <= found
    return name if secret and found.isdisjoint(_NOT_SECRET) else ""


def _is_public(node: ast.expr) -> bool:
    """Whether an operand is a constant or a second field of a form: nothing is learnt from the time."""
    if isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.JoinedStr):
        return True
    if _name_of(node).isupper() and not isinstance(node, ast.Subscript):
        # A constant: a kind of token in a lexer, or a member of an enumeration; not a password in capitals.
        return words(_name_of(node)).isdisjoint({"password", "secret", "key"})
    found = words(" ".join(identifiers(node)))
    return not found.isdisjoint({"confirm", "confirmation", "repeat", "again", "tok", "tokenize", "password2", "2"})


def stored_passwords(file: SourceFile) -> Iterator[Fact]:
    """Yield each record that is made with the password of a request as it came."""
    for call, name, owner in file.calls():
        last = name.rpartition(".")[2]
        given = argument(call, "password")
        if given is None or not last[:1].isupper() or isinstance(given, ast.Constant):
            continue
        text = ast.unparse(given)
        if re.match(r"(flask\.)?request\.(form|json|POST|data|args|values|get_json\(\))", text):
            yield finding(file, call, owner, _PLAIN, f"The password of the request is stored in {last} as it came.")
