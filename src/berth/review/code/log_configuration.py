"""Which loggers write a record as one line: those whose configuration uses a renderer that escapes."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from berth.review.code.nodes import walk
from berth.review.code.project import Class, Function, Module, Project

STRUCTLOG: Final = "structlog"
"""The name under which the configuration of structlog's own loggers is kept."""
ROOT: Final = ""
"""The name of the logger above all others of the standard library."""
DEEPEST: Final = 5
"""Through how many names of the project a configuration is followed to its renderer."""
_SIGNS: Final = frozenset({"addHandler", "basicConfig", "dictConfig", "configure", "handlers", "LOGGING"})
"""One of these is mentioned where a log is configured."""
_FORMATTERS: Final = frozenset({"logging.Formatter", "Formatter"})


class LogConfiguration:
    """The loggers of a project whose lines are escaped, by name."""

    def __init__(self, project: Project, renderers: Iterable[str]) -> None:
        self._project = project
        self._renderers = frozenset(renderers)
        self._escaped: frozenset[str] | None = None

    def escapes(self, module: Module, logger: ast.expr) -> bool:
        """Whether the lines of a logger are escaped: `logger` is what a method of is called, in a module."""
        if self._escaped is None:
            self._escaped = frozenset(self._configured())
        name = _logger_name(module, logger)
        return any(each in (ROOT, name) or name.startswith(f"{each}.") for each in self._escaped)

    def _configured(self) -> Iterator[str]:
        """Yield the name of each logger whose configuration uses a renderer that escapes."""
        for name in sorted(self._project.modules):
            module = self._project.modules[name]
            if _SIGNS.isdisjoint(module.mentioned) and _SIGNS.isdisjoint(module.variables):
                continue
            for node in walk(module.tree):
                configured = list(_configures(module, node))
                if configured and self._uses_renderer(module, node):
                    yield from configured

    def _uses_renderer(self, module: Module, node: ast.AST) -> bool:
        """Whether the function or class around a configuration mentions a renderer, itself or through what it uses."""
        place = module.step_at(node, "").place
        function = self._project.function_at(place)
        start: ast.AST = module.tree if function is None else function.owner.node if function.owner else function.node
        waiting, seen = [(module, start, 0)], {id(start)}
        while waiting:
            inside, each, depth = waiting.pop()
            for name in _names(inside, each):
                if name in self._renderers or self._is_own_renderer(name):
                    return True
                following = self._definition(name) if depth < DEEPEST else None
                if following is not None and id(following[1]) not in seen:
                    seen.add(id(following[1]))
                    waiting.append((*following, depth + 1))
        return False

    def _is_own_renderer(self, name: str) -> bool:
        """Whether a name is a formatter of the project that is made of a renderer, or that writes JSON."""
        found = self._project.resolve(name)
        if not isinstance(found, Class):
            return False
        bases = self._project.external_bases(found)
        format_method = self._project.method(found, "format")
        if not bases.isdisjoint(self._renderers):
            return True
        writes_json = format_method is not None and "json.dumps" in set(
            _names(format_method.module, format_method.node)
        )
        return writes_json and not bases.isdisjoint(_FORMATTERS)

    def _definition(self, name: str) -> tuple[Module, ast.AST] | None:
        """Return what a name of the project stands for, with its module: a function, a class, a variable's value."""
        found = self._project.resolve(name)
        if isinstance(found, Function | Class):
            return found.module, found.node
        head, _, last = self._project.canonical(name).rpartition(".")
        module = self._project.modules.get(head)
        return (module, module.variables[last]) if module is not None and last in module.variables else None


def _names(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the dotted names below a node; a text may be one as well, as in a dictionary of a configuration."""
    for each in walk(node):
        if isinstance(each, ast.Name | ast.Attribute):
            yield module.dotted(each)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and "." in each.value:
            yield each.value


def _configures(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the names of the loggers that a node configures."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        last = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if last == "addHandler" and isinstance(node.func, ast.Attribute):
            yield _logger_name(module, node.func.value)
        elif last == "basicConfig":
            yield ROOT
        elif module.dotted(node.func) == "structlog.configure":
            yield STRUCTLOG
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            owner = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(owner, ast.Attribute) and owner.attr == "handlers":
                yield _logger_name(module, owner.value)
    elif isinstance(node, ast.Dict):
        yield from _of_dictionary(node)


def _of_dictionary(node: ast.Dict) -> Iterator[str]:
    """Yield the loggers of a dictionary in the form of `logging.config.dictConfig`."""
    entries = {
        key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }
    if not {"formatters", "handlers"} <= set(entries):
        return
    if "root" in entries:
        yield ROOT
    loggers = entries.get("loggers")
    for key in loggers.keys if isinstance(loggers, ast.Dict) else ():
        if isinstance(key, ast.Constant):
            yield str(key.value)


def _logger_name(module: Module, node: ast.expr) -> str:
    """Return the name of the logger that an expression is; `?` if it cannot be known, and so is below the root only."""
    for _ in range(3):
        if isinstance(node, ast.Name) and node.id in module.variables:
            node = module.variables[node.id]
    name = module.dotted(node.func if isinstance(node, ast.Call) else node)
    if name.startswith("structlog"):
        return STRUCTLOG
    if name in ("logging", "logging.root"):
        return ROOT
    if not isinstance(node, ast.Call) or not name.endswith("getLogger"):
        return ROOT if getattr(node, "id", "") == "root" else "?"
    given = node.args[0] if node.args else None
    if given is None:
        return ROOT
    if isinstance(given, ast.Constant):
        return str(given.value)
    return module.name if getattr(given, "id", "") == "__name__" else "?"
