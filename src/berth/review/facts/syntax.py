"""Parsed source files for the rules of facts: nodes by their type, names resolved by imports, constants."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from berth.review.code.module_names import is_test
from berth.review.code.nodes import children

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEPT = frozenset(
    {
        *(ast.Call, ast.Compare, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
        *(ast.Dict, ast.Constant, ast.Import, ast.ImportFrom, ast.AugAssign),
    }
)
_BINDING = frozenset({ast.Import, ast.ImportFrom, ast.Name, ast.arg, ast.Assign, ast.AnnAssign})
_SCOPES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})


@dataclass(frozen=True, slots=True)
class SymbolOwner:
    """The function and the class around a node; `symbol` is their dotted name with that of the module."""

    symbol: str
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    class_: ast.ClassDef | None = None


@dataclass(slots=True)
class SourceFile:
    """A file of Python: its path within the tree, dotted module name, syntax tree and lines."""

    path: str
    name: str
    tree: ast.Module
    lines: list[str]
    imports: dict[str, str] = field(default_factory=dict)
    nodes: dict[type, list[tuple[ast.AST, SymbolOwner]]] = field(default_factory=lambda: defaultdict(list))
    definitions: dict[tuple[int, str], list[ast.expr | None]] = field(default_factory=lambda: defaultdict(list))

    _calls: list[tuple[ast.Call, str, SymbolOwner]] | None = None

    def __post_init__(self) -> None:
        """Index the nodes, once for all rules."""
        self._index()

    @property
    def is_test(self) -> bool:
        """Whether it is a test, an example or a document: what is written there protects nothing."""
        return is_test(self.path)

    def _index(self) -> None:
        pending: list[tuple[ast.AST, SymbolOwner]] = [(self.tree, SymbolOwner(self.name))]
        while pending:
            node, owner = pending.pop()
            kind = type(node)
            if kind in _KEPT:
                self.nodes[kind].append((node, owner))
            if kind in _BINDING:
                self._note(node, owner)
            inner = _inner(node, owner) if kind in _SCOPES else owner
            pending += [(child, inner) for child in children(node)]
        for found in self.nodes.values():
            found.sort(key=lambda pair: (getattr(pair[0], "lineno", 0), getattr(pair[0], "col_offset", 0)))

    def _note(self, node: ast.AST, owner: SymbolOwner) -> None:
        """Remember what a node binds: a name by import, or by assignment."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            for alias in node.names:
                self.imports[alias.asname or alias.name] = f"{base}.{alias.name}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self.definitions[id(owner.function), node.id].append(None)
        elif isinstance(node, ast.arg):
            self.definitions[id(owner.function), node.arg].append(None)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            self._note_assignment(node, owner)

    def _note_assignment(self, node: ast.Assign | ast.AnnAssign, owner: SymbolOwner) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:
                self.definitions[id(owner.function), target.id].append(node.value)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        is_package = self.path.endswith("__init__.py")
        parts = self.name.split(".")
        kept = parts[: len(parts) - node.level + is_package]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def each(self, kind: type, /) -> Iterator[tuple[ast.AST, SymbolOwner]]:
        """Yield the nodes of exactly this type, in the order of their lines, with what is around them."""
        yield from self.nodes.get(kind, ())

    def calls(self) -> Iterator[tuple[ast.Call, str, SymbolOwner]]:
        """Yield each call with the dotted name of what is called (`""` where it has none)."""
        if self._calls is None:
            self._calls = [
                (node, self.dotted(node.func, owner), owner)
                for node, owner in self.nodes.get(ast.Call, ())
                if isinstance(node, ast.Call)
            ]
        yield from self._calls

    def functions(self) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, SymbolOwner]]:
        """Yield each function with what is around it."""
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef):
            for node, owner in self.nodes.get(kind, ()):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node, owner

    def value_of(self, name: str, owner: SymbolOwner) -> ast.expr | None:
        """Return the only expression that a name is bound to in its function or the module, if there is one."""
        for scope in (id(owner.function), id(None)):
            bound = self.definitions.get((scope, name))
            if bound is not None:
                values = [value for value in bound if value is not None]
                return values[0] if len(values) == 1 and len(bound) == 2 else None
        return None

    def dotted(self, node: ast.AST, owner: SymbolOwner, depth: int = 0) -> str:
        """Return the dotted name of an expression: `hashlib.new`, `requests.Session().get`, or `""`."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value, owner, depth)
            return f"{base}.{node.attr}" if base else f".{node.attr}"
        if isinstance(node, ast.Call):
            base = self.dotted(node.func, owner, depth)
            return f"{base}()" if base else ""
        if not isinstance(node, ast.Name):
            return ""
        value = self.value_of(node.id, owner) if depth < 3 else None
        if isinstance(value, ast.Call | ast.Attribute):
            return self.dotted(value, owner, depth + 1) or node.id
        return self.imports.get(node.id, node.id)

    def constant(self, node: ast.AST | None, owner: SymbolOwner, depth: int = 0) -> object:
        """Return the constant that an expression has: a literal, a sum of them, a name bound once; else `None`."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name) and depth < 5:
            return self.constant(self.value_of(node.id, owner), owner, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and depth < 20:
            left, right = (self.constant(side, owner, depth + 1) for side in (node.left, node.right))
            return left + right if isinstance(left, str) and isinstance(right, str) else None
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            return -value if isinstance(value, int | float) else None
        return None

    def text_of(self, node: ast.stmt) -> str:
        """Return the lines of a statement as they stand, with comments."""
        return "\n".join(self.lines[node.lineno - 1 : node.end_lineno])

    def written(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        """Return the lines of a function as they stand, with its decorators."""
        first = min((each.lineno for each in function.decorator_list), default=function.lineno)
        return "\n".join(self.lines[first - 1 : function.end_lineno])

    def line(self, number: int) -> str:
        """Return a line of the file without the spaces around it, at most 200 characters."""
        return self.lines[number - 1].strip()[:200] if 0 < number <= len(self.lines) else ""


def _inner(node: ast.AST, owner: SymbolOwner) -> SymbolOwner:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return SymbolOwner(f"{owner.symbol}.{node.name}", node, owner.class_)
    if isinstance(node, ast.ClassDef):
        return SymbolOwner(f"{owner.symbol}.{node.name}", None, node)
    return owner


def written_name(node: ast.expr) -> str:
    """Return an expression as `ast.unparse` writes it, faster where it is a dotted name."""
    parts: list[str] = []
    inner = node
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        return ast.unparse(node)
    return ".".join((inner.id, *reversed(parts)))


def source_file(path: str, source: str, tree: ast.Module) -> SourceFile:
    """Return a file for the rules, named as its path is: `src/berth/app.py` is `berth.app`."""
    parts = path.removesuffix(".py").split("/")
    parts = parts[1:] if parts[0] in {"src", "lib"} and len(parts) > 1 else parts
    parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
    return SourceFile(path, ".".join(parts), tree, source.splitlines())


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """Return an argument of a call by its name or position (from 0), or `None`."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args):
        return call.args[position]
    return None


def spreads(call: ast.Call) -> bool:
    """Whether a call has `**options`, so that any argument may be given."""
    return any(keyword.arg is None for keyword in call.keywords)


def words(text: str) -> set[str]:
    """Return the words of a name in lower case: those of `apiKey_v2` are `api`, `key`, `v` and `2`."""
    return {word.lower() for word in _WORD.findall(text)}


def identifiers(node: ast.AST) -> Iterator[str]:
    """Yield the names, attributes, keywords and short strings below a node."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.keyword) and each.arg:
            yield each.arg
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and len(each.value) < 60:
            yield each.value
