"""A project as names: modules, imports, classes and functions, and what a dotted name stands for."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from berth.review.code.module_names import module_names
from berth.review.code.openapi import operations
from berth.review.code.parse import SourceTree, parse
from berth.review.code.route_rows import is_row
from berth.review.model import CodePlace, Step, Unseen

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
MOST_HOPS = 12
"""How many imports of imports are followed."""


@dataclass(eq=False, slots=True)
class Function:
    """A function, method or lambda; `name` is dotted, from the module down (`package.module.Class.method`)."""

    name: str
    node: FunctionNode
    module: "Module"
    owner: "Class | None" = None
    outer: "Function | None" = None
    inner: dict[str, "Function"] = field(default_factory=dict)
    decorators: tuple[str, ...] = ()  # dotted names; "" for one that is no name
    parameters: tuple[str, ...] = ()  # positional ones first, then *, keyword-only ones, **
    varargs: str = ""
    kwargs: str = ""
    locals: frozenset[str] = frozenset()

    @property
    def place(self) -> CodePlace:
        """The line of its `def`."""
        return CodePlace(self.module.path, self.node.lineno, self.node.col_offset + 1)


@dataclass(eq=False, slots=True)
class Class:
    """A class of the project; `bases` are dotted names, resolved through imports."""

    name: str
    node: ast.ClassDef
    module: "Module"
    bases: tuple[str, ...] = ()
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, ast.expr] = field(default_factory=dict)  # assigned in the body of the class
    decorators: tuple[str, ...] = ()
    types: dict[str, str] | None = None  # the annotations of its fields, as dotted names, once they were asked for


@dataclass(eq=False, slots=True)
class Module:
    """A module: what its names are bound to. `imports` maps a local name to a dotted one."""

    name: str
    path: str
    tree: ast.Module
    lines: tuple[str, ...]
    is_package: bool = False
    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    variables: dict[str, ast.expr] = field(default_factory=dict)  # the last assignment at module level
    stars: list[str] = field(default_factory=list)
    rows: list[ast.AST] = field(default_factory=list)  # what may be rows of a route table
    mentioned: set[str] = field(default_factory=set)  # names and attributes

    def code(self, line: int) -> str:
        """Return a line as it stands, without indentation."""
        return self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""

    def step_at(self, node: ast.AST, what: str) -> Step:
        """Make a step of a path out of a node."""
        line = getattr(node, "lineno", 0)
        return Step(CodePlace(self.path, line, getattr(node, "col_offset", -1) + 1), what, self.code(line))

    def dotted(self, node: ast.AST | None) -> str:
        """Return the dotted name of an expression, its first part looked up among imports; "" if it is no name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Call) and not parts:
            return self.dotted(node.func)
        if not isinstance(node, ast.Name):
            return ""
        return ".".join((self.full_name(node.id), *reversed(parts)))

    def full_name(self, name: str) -> str:
        """Return what a global name of this module is called from outside; builtins keep their names."""
        if name in self.imports:
            return self.imports[name]
        if name in self.functions or name in self.classes or name in self.variables:
            return f"{self.name}.{name}"
        return name


Symbol = Function | Class | Module


class Project:
    """Every module of a source tree, and what could not be parsed."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.modules: dict[str, Module] = {}
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.unseen: list[Unseen] = list(tree.unseen)
        self._names = module_names(tree)
        self.operations = operations(tree)
        self._resolved: dict[str, Symbol | None] = {}
        self._by_path: dict[str, list[Function]] = {}
        self._ancestries: dict[Class, tuple[Class, ...]] = {}
        self._external_bases: dict[Class, frozenset[str]] = {}
        for path, content in tree.files.items():
            if path.endswith(".py"):
                self._read(path, content)

    def _read(self, path: str, content: bytes) -> None:
        parsed = parse(path, content)
        if isinstance(parsed, Unseen):
            self.unseen.append(parsed)
            return
        name = self._names[path]
        module = Module(name, path, parsed.tree, parsed.lines, path.endswith("__init__.py"))
        self.modules.setdefault(name, module)
        _Collector(self, module).collect(parsed.nodes)

    def imported(self, dotted: str, path: str) -> str:
        """Return what an absolute import in a file stands for: a module beside it or in a folder above, or itself.

        Python looks in the folder of the script that was started, which is one above the file that imports. A folder
        that is a package is none: what is in it is imported by its full name.
        """
        first, dot, rest = dotted.partition(".")
        folder = path.rpartition("/")[0]
        while folder:
            if f"{folder}/__init__.py" not in self._names:
                for name, tail in ((first, f"{dot}{rest}"), (dotted.replace(".", "/"), "")):
                    found = self._names.get(f"{folder}/{name}.py") or self._names.get(f"{folder}/{name}/__init__.py")
                    if found is not None:
                        return f"{found}{tail}"
            folder = folder.rpartition("/")[0]
        # From the top, also through folders that are namespaces: they have no file of their own.
        whole = dotted.replace(".", "/")
        return self._names.get(f"{whole}.py") or self._names.get(f"{whole}/__init__.py") or dotted

    def resolve(self, dotted: str) -> Symbol | None:
        """Return the module, class or function that a dotted name stands for, through re-exports; None if external."""
        if dotted not in self._resolved:
            self._resolved[dotted] = None
            self._resolved[dotted] = self._resolve(dotted, MOST_HOPS, set())
        return self._resolved[dotted]

    def canonical(self, dotted: str) -> str:
        """Return a dotted name with every re-export of the project followed, also where it ends outside of it."""
        for _ in range(MOST_HOPS):
            module, rest = self._longest(dotted)
            if module is None or not rest or rest[0] not in module.imports:
                break
            following = ".".join((module.imports[rest[0]], *rest[1:]))
            if following == dotted:
                break
            dotted = following
        return dotted

    def _longest(self, dotted: str) -> tuple[Module | None, list[str]]:
        parts = dotted.split(".")
        for size in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:size]))
            if module is not None:
                return module, parts[size:]
        return None, parts

    def _resolve(self, dotted: str, hops: int, seen: set[str]) -> Symbol | None:
        module, rest = self._longest(dotted)
        if module is None or hops == 0 or dotted in seen:
            return None
        seen.add(dotted)
        if not rest:
            return module
        name, *more = rest
        if name in module.functions and not more:
            return module.functions[name]
        if name in module.classes:
            return self._member(module.classes[name], more)
        if name in module.imports:
            following = ".".join((module.imports[name], *more))
            return None if following == dotted else self._resolve(following, hops - 1, seen)
        for star in filter(self.modules.__contains__, module.stars):
            found = self._resolve(".".join((star, *rest)), hops - 1, seen)
            if found is not None:
                return found
        return None

    def _member(self, owner: Class, rest: list[str]) -> Symbol | None:
        if not rest:
            return owner
        return self.method(owner, rest[0]) if len(rest) == 1 else None

    def ancestry(self, owner: Class) -> tuple[Class, ...]:
        """Return a class and those of its bases that are in the project, nearest first."""
        known = self._ancestries.get(owner)
        if known is None:
            found: dict[Class, None] = {}
            waiting = [owner]
            while waiting:
                each = waiting.pop(0)
                if each not in found:
                    found[each] = None
                    waiting += [base for name in each.bases if isinstance(base := self.resolve(name), Class)]
            known = self._ancestries[owner] = tuple(found)
        return known

    def external_bases(self, owner: Class) -> frozenset[str]:
        """Return the dotted names of bases outside of the project, of the class and of all its bases."""
        known = self._external_bases.get(owner)
        if known is None:
            names = {name for each in self.ancestry(owner) for name in each.bases}
            outside = (self.canonical(name) for name in names if not isinstance(self.resolve(name), Class))
            known = self._external_bases[owner] = frozenset(outside)
        return known

    def function_at(self, place: CodePlace) -> Function | None:
        """Return the innermost function that a place is in."""
        if not self._by_path:
            for each in self.functions:
                self._by_path.setdefault(each.module.path, []).append(each)
        around = [
            each
            for each in self._by_path.get(place.path, ())
            if each.node.lineno <= place.line <= (each.node.end_lineno or 0)
        ]
        return max(around, key=lambda each: each.node.lineno, default=None)

    def method(self, owner: Class, name: str) -> Function | None:
        """Return a method of a class or of its bases."""
        for each in self.ancestry(owner):
            found = each.methods.get(name)
            if found is not None:
                return found
        return None


class _Collector:
    """A walk over the definitions of one module."""

    def __init__(self, project: Project, module: Module) -> None:
        self.project = project
        self.module = module

    def collect(self, nodes: Iterable[ast.AST]) -> None:
        mentioned = self.module.mentioned
        for node in nodes:
            kind = type(node)
            if kind is ast.Attribute:
                mentioned.add(node.attr)  # type: ignore[attr-defined]
            elif kind is ast.Name:
                mentioned.add(node.id)  # type: ignore[attr-defined]
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif (kind is ast.Call or kind is ast.Dict) and is_row(node):
                self.module.rows.append(node)
        for statement in self._flat(self.module.tree.body):
            self._bind(statement)
        self._scope(self.module.tree.body, self.module.name, None, None)

    @staticmethod
    def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        """Yield the statements of a scope, those within `if`, `try`, `with` and loops included."""
        waiting = list(reversed(body))
        while waiting:
            statement = waiting.pop()
            yield statement
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                children: list[ast.stmt] = []
                for child in ast.iter_child_nodes(statement):
                    if isinstance(child, ast.stmt):
                        children.append(child)
                    elif isinstance(child, ast.ExceptHandler | ast.match_case):
                        children += child.body
                waiting += reversed(children)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                meant = self.project.imported(alias.name if alias.asname else name, self.module.path)
                self.module.imports.setdefault(name, meant)
            return
        origin = node.module or ""
        if node.level:
            parts = self.module.name.split(".")
            kept = parts[: len(parts) - node.level + (1 if self.module.is_package else 0)]
            origin = ".".join((*kept, *([origin] if origin else [])))
        else:
            origin = self.project.imported(origin, self.module.path)
        for alias in node.names:
            if alias.name == "*":
                self.module.stars.append(origin)
            else:
                self.module.imports.setdefault(alias.asname or alias.name, f"{origin}.{alias.name}".lstrip("."))

    def _bind(self, statement: ast.stmt) -> None:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for target in targets:
            value = getattr(statement, "value", None)
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                self.module.variables[target.id] = value

    def _scope(self, body: list[ast.stmt], prefix: str, owner: Class | None, outer: Function | None) -> None:
        for statement in self._flat(body):
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self._function(statement, prefix, owner, outer)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, prefix, outer)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str, owner: Class | None, outer: Function | None
    ) -> None:
        function = make_function(node, self.module, f"{prefix}.{node.name}", owner, outer)
        function.decorators = tuple(self.module.dotted(each) for each in node.decorator_list)
        if outer is not None and owner is None:
            outer.inner[node.name] = function
        elif owner is not None:
            # The first of several, as of overloads and of a property with its setter; a setter is kept beside it.
            name = node.name if node.name not in owner.methods else f"{node.name}.{len(owner.methods)}"
            owner.methods[name] = function
        else:
            self.module.functions[node.name] = function
        self.project.functions.append(function)
        self._scope(node.body, function.name, None, function)

    def _class(self, node: ast.ClassDef, prefix: str, outer: Function | None) -> None:
        made = Class(f"{prefix}.{node.name}", node, self.module)
        made.bases = tuple(filter(None, (self.module.dotted(each) for each in node.bases)))
        made.decorators = tuple(self.module.dotted(each) for each in node.decorator_list)
        self.module.classes.setdefault(node.name, made)
        self.project.classes.append(made)
        for statement in self._flat(node.body):
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        made.attributes[target.id] = statement.value
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
                made.attributes[statement.target.id] = statement.value
        self._scope(node.body, made.name, made, outer)


def make_function(
    node: FunctionNode, module: Module, name: str, owner: Class | None = None, outer: Function | None = None
) -> Function:
    """Make a function of a node, with its parameters in the order of a call."""
    arguments = node.args
    parameters = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    made = Function(name, node, module, owner, outer, parameters=tuple(parameters))
    made.varargs = arguments.vararg.arg if arguments.vararg else ""
    made.kwargs = arguments.kwarg.arg if arguments.kwarg else ""
    return made
