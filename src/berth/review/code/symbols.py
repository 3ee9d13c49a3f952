"""What the layers of the interpreter expect of each other, and how names are looked up."""

import ast
from collections.abc import Collection
from typing import Any

from berth.review.code.frame import Arguments, Frame, Shared
from berth.review.code.project import Class, Function, Module
from berth.review.code.values import UNKNOWN, Label, State, Value, external, join, labelled, made_safe, reference


class Symbols:
    """The lowest layer: symbols."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self._symbols: dict[str, Value] = {}
        self._running: set[str] = set()
        self._methods: dict[type[ast.AST], Any] = {}  # of nodes, by kind
        self._constants: dict[int, Value] = {}  # by the id of their nodes

    def evaluate(self, frame: Frame, node: ast.expr) -> Value:
        """Return the value of an expression, with its effects on the frame."""
        raise NotImplementedError

    def call(self, frame: Frame, node: ast.Call, callee: Value, arguments: Arguments) -> Value:
        """Return what a call gives, with its effects on the frame."""
        raise NotImplementedError

    def call_method(self, frame: Frame, node: ast.Call, receiver: Value, name: str, arguments: Arguments) -> Value:
        """Return what a call of a method gives."""
        raise NotImplementedError

    def attribute(self, frame: Frame, node: ast.AST, base: Value, name: str) -> Value:
        """Return an attribute of a value."""
        raise NotImplementedError

    def set_attribute(self, frame: Frame, base: Value, name: str, value: Value) -> None:
        """Set an attribute of an object, and note it for code that sees only the class."""
        raise NotImplementedError

    def assign(self, frame: Frame, target: ast.expr, value: Value) -> None:
        """Bind a target to a value."""
        raise NotImplementedError

    def assembled(self, frame: Frame, node: ast.AST, parts: list[Value]) -> Value:
        """Return text that is put together from parts."""
        raise NotImplementedError

    def block(self, frame: Frame, body: list[ast.stmt]) -> None:
        """Run statements."""
        raise NotImplementedError

    def run(self, frame: Frame, node: ast.AST, function: Function, arguments: Arguments) -> Value:
        """Return what a function of the project gives."""
        raise NotImplementedError

    def symbol(self, dotted: str) -> Value:
        """Return what a dotted name stands for: something of the project, or a thing of outside."""
        known = self._symbols.get(dotted)
        if known is None:
            known, is_final = self._symbol(dotted)
            if is_final:
                self._symbols[dotted] = known
        return known

    def _symbol(self, dotted: str) -> tuple[Value, bool]:
        found = self.shared.project.resolve(dotted)
        if isinstance(found, Function):
            return reference("function", found), True
        if isinstance(found, Class):
            return reference("class", found), True
        if isinstance(found, Module):
            return reference("module", found), True
        canonical = self.shared.project.canonical(dotted)
        head, _, last = canonical.rpartition(".")
        module = self.shared.project.modules.get(head)
        if module is not None and last in module.variables:
            return self.variable(module, last), module.name not in self._running
        return self.sourced(external(canonical), None, None), True

    def variable(self, module: Module, name: str) -> Value:
        """Return the value of a variable of a module, after the module's body has run."""
        state = self.shared.globals.get(module.name)
        if state is None:
            if module.name in self._running:
                return UNKNOWN
            state = self._run_module(module)
        self.shared.read.add((module.name, name))
        kept = self.shared.fields.get((module.name, name))
        value = state.names.get(name, UNKNOWN)
        return value if kept is None else join(value, kept)

    def _run_module(self, module: Module) -> State:
        self._running.add(module.name)
        frame = Frame(self.shared, module, State({}, {}))
        stack, self.shared.stack = self.shared.stack, []
        self.block(frame, module.tree.body)
        self.shared.stack = stack
        self._running.discard(module.name)
        self.shared.globals[module.name] = frame.state
        return frame.state

    def lookup(self, frame: Frame, name: str) -> Value:
        """Return the value of a name: local, of an outer function, of the module, builtin."""
        value = frame.state.names.get(name)
        if value is not None:
            return value
        function = frame.function
        value = self._enclosed(function, name)
        if value is not None:
            return value
        module = frame.module
        if function is not None and name in module.variables and name not in module.functions:
            self._adopt(frame, module)
            return self.variable(module, name)
        return (
            self.symbol(module.full_name(name))
            if name in module.imports or name in module.functions
            else (self._class_or_builtin(module, name))
        )

    def _enclosed(self, function: Function | None, name: str) -> Value | None:
        """Return the value of a name in a function or in those around it, or None."""
        while function is not None:
            closure = self.shared.closures.get(function)
            if closure is not None and name in closure:
                return closure[name]
            if name in function.inner:
                return reference("function", function.inner[name])
            function = function.outer
        return None

    def _class_or_builtin(self, module: Module, name: str) -> Value:
        if name in module.classes:
            return reference("class", module.classes[name])
        for star in module.stars:
            value = self.symbol(f"{star}.{name}")
            if not value.names():
                return value
        if name in ("request", "req") and name not in module.imports:
            return external("request")
        return self.sourced(external(name), None, None)

    def _adopt(self, frame: Frame, module: Module) -> None:
        """Make the objects of a module known to a frame that reads its variables."""
        state = self.shared.globals.get(module.name)
        if state is not None:
            for key, thing in state.heap.items():
                frame.state.heap.setdefault(key, thing)

    def sourced(self, value: Value, frame: Frame | None, node: ast.AST | None, known: Collection[str] = ()) -> Value:
        """Return a thing of outside with the label of the entry that its name is, if it is one of no known origin."""
        for name in value.names():
            source = self.shared.library.source(name)
            if source is None or frame is None or node is None:
                continue
            value = made_safe(value, source.safe) if source.safe else value
            if source.origin not in known and (source.origin != "weak random" or name.endswith("()")):
                label = Label(source.origin, frame.step_at(node, source.what), frozenset(source.safe))
                return labelled(value, value.labels | {label})
        return value
