"""Statements, functions and their summaries: what is true after them."""

import ast
from typing import Any

from berth.review.code import fold
from berth.review.code.content_types import is_other_type, says_html
from berth.review.code.frame import Frame, owner_name
from berth.review.code.project import Class
from berth.review.code.replies import check_reply, note_type
from berth.review.code.secrets import is_secret_name
from berth.review.code.sinks import check
from berth.review.code.turns import Loops
from berth.review.code.values import (
    NOTHING,
    UNKNOWN,
    Label,
    State,
    Thing,
    Value,
    constant,
    external,
    join,
    join_all,
    join_states,
    label_of,
    labelled,
    reference,
)

_REPLIES = frozenset({"resp", "response", "res"})


class Statements(Loops):
    """The highest layer: statements and functions."""

    def block(self, frame: Frame, body: list[ast.stmt]) -> None:
        """Run statements until one of them leaves."""
        for statement in body:
            if not frame.state.alive:
                return
            self.shared.ticks += 1
            if self.shared.limit and self.shared.ticks > self.shared.limit:
                if frame.function is not None:
                    self.shared.exhausted.add(frame.function)
                return
            method = self._methods.get(type(statement)) or self._statement(statement)
            method(frame, statement)
            if frame.raised:
                frame.raised[-1].append(frame.state.copy())

    def _statement(self, node: ast.stmt) -> Any:
        """Return the method that runs a kind of statement."""
        kind = type(node)
        self._methods[kind] = getattr(self, f"_do_{kind.__name__.lower()}", self._do_nothing)
        return self._methods[kind]

    def _do_nothing(self, _frame: Frame, _node: ast.stmt) -> None:
        """Run a statement of which nothing is followed."""

    def _do_expr(self, frame: Frame, node: ast.Expr) -> None:
        self.evaluate(frame, node.value)
        if isinstance(node.value, ast.Call):
            self._refine_by_checker(frame, node.value, None)

    def _do_assign(self, frame: Frame, node: ast.Assign) -> None:
        value = self.evaluate(frame, node.value)
        if isinstance(node.value, ast.Call):
            self._refine_by_checker(frame, node.value, None)
        for target in node.targets:
            self.assign(frame, target, value)

    def _do_annassign(self, frame: Frame, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(frame, node.target, self.evaluate(frame, node.value))

    def _do_augassign(self, frame: Frame, node: ast.AugAssign) -> None:
        load = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
        self.assign(frame, node.target, self.evaluate(frame, load))

    def assign(self, frame: Frame, target: ast.expr, value: Value) -> None:
        """Bind a target to a value."""
        if isinstance(target, ast.Name):
            frame.state.names[target.id] = value
            self._check_secret(frame, target, target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(frame, target, value)
        elif isinstance(target, ast.Starred):
            self.assign(frame, target.value, frame.make(target, Thing("list", (), value, is_exact=False)))
        elif isinstance(target, ast.Attribute):
            self._check_page(frame, target, value)
            self._check_secret(frame, target, target.attr, value)
            note_type(frame, target.value, target.attr, value)
            self.set_attribute(frame, self.evaluate(frame, target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self._store(frame, target, value)

    def _check_secret(self, frame: Frame, node: ast.AST, name: str, value: Value) -> None:
        if value.labels and is_secret_name(name):
            check(frame, node, self.shared.library.rules["weak-random"], value)

    def _check_page(self, frame: Frame, target: ast.Attribute, value: Value) -> None:
        """Check the text of a response that is set as an attribute, of one that is a page or said to be HTML."""
        is_page = target.attr == "data" and value.labels and _is_response(self.evaluate(frame, target.value))
        if is_page and not (frame.function is not None and is_other_type(frame.function)):
            check(frame, target, self.shared.library.rules["cross-site-scripting"], value, ("network", "row", "file"))
            return
        is_text = target.attr in ("text", "body") and isinstance(target.value, ast.Name) and target.value.id in _REPLIES
        if value.labels and is_text and frame.function is not None and says_html(frame.function):
            check(frame, target, self.shared.library.rules["cross-site-scripting"], value, ("network", "row", "file"))

    def _unpack(self, frame: Frame, target: ast.Tuple | ast.List, value: Value) -> None:
        things = [thing for _, thing in frame.things(value)]
        exact = bool(things) and all(
            each.kind in ("list", "tuple") and len(each.items) == len(target.elts) and each.is_exact for each in things
        )
        for at, each in enumerate(target.elts):
            if exact and not isinstance(each, ast.Starred):
                self.assign(frame, each, join_all(thing.items[at][1] for thing in things))
            else:
                self.assign(frame, each, frame.element(value))

    def set_attribute(self, frame: Frame, base: Value, name: str, value: Value) -> None:
        """Set an attribute of an object, and note it for code that sees only the class."""
        for ref in base.refs:
            owner = ref.target
            if ref.kind == "object":
                thing = frame.state.heap.get(ref.target)
                if thing is None or thing.kind != "instance":
                    continue
                owner = thing.owner
                frame.state.heap[ref.target] = thing.put(name, value)
            if ref.kind in ("object", "instance", "class", "module"):
                self._note(
                    frame,
                    owner_name(owner) if isinstance(owner, Class) else str(getattr(owner, "name", owner)),
                    name,
                    value,
                )

    def _note(self, frame: Frame, owner: str, name: str, value: Value) -> None:
        value = frame.leak(value)
        labels = frozenset(
            self._entered(label) for label in value.labels if label.origin not in ("parameter", "weak random")
        )
        value = labelled(value, labels)
        key = (owner, name)
        known = self.shared.fields.get(key, NOTHING)
        joined = join(known, value)
        if joined != known:
            far = {label for label in joined.labels - known.labels if label.origin not in ("environment", "error")}
            self.shared.grown = self.shared.grown or (bool(far) and key in self.shared.read)
            self.shared.fields[key] = joined

    def _entered(self, label: Label) -> Label:
        """Return a label as it entered the project, not as a parameter of the function at hand."""
        for _ in range(12):
            actual = self.shared.given.get(label.entry)
            if actual is None:
                break
            label = label_of(actual.origin, actual.entry, label.safe, label.absent, actual.steps)
        return label

    def _store(self, frame: Frame, target: ast.Subscript, value: Value) -> None:
        base = self.evaluate(frame, target.value)
        index = self.evaluate(frame, target.slice) if not isinstance(target.slice, ast.Slice) else UNKNOWN
        key = index.single()
        frame.change(
            base, lambda thing: thing.put(key[0], value) if key and _has_place(thing, key[0]) else thing.blurred(value)
        )
        self._check_store(frame, target, base, index, value)

    def _check_store(self, frame: Frame, target: ast.Subscript, base: Value, index: Value, value: Value) -> None:
        name = frame.module.dotted(target.value)
        if "session" in name.lower():
            rules = self.shared.library.rules
            check(frame, target, rules["weak-random"], value)
            if any(each.endswith("session") for each in base.names()):
                check(frame, target, rules["trust-boundary"], value)
                check(frame, target, rules["trust-boundary"], index)
        if name.endswith("headers") and "req" not in name.lower():
            check(frame, target, self.shared.library.rules["header-injection"], value)
            note_type(frame, target.value, str(getattr(target.slice, "value", "")), value)
        if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
            self._check_secret(frame, target, target.slice.value, value)

    def _do_return(self, frame: Frame, node: ast.Return) -> None:
        value = self.evaluate(frame, node.value) if node.value is not None else constant(None)
        if frame.reply:
            check_reply(frame, node, value)
        frame.returned.append((value, frame.state.copy(), node.value))
        frame.state.alive = False

    def _do_raise(self, frame: Frame, node: ast.Raise) -> None:
        if node.exc is not None:
            frame.thrown |= frame.content(self.evaluate(frame, node.exc))
        frame.state.alive = False

    def _do_assert(self, frame: Frame, node: ast.Assert) -> None:
        self.evaluate(frame, node.test)
        self.refine(frame, node.test, truth=True)

    def _do_if(self, frame: Frame, node: ast.If) -> None:
        truth = fold.truth(self.evaluate(frame, node.test))
        other = frame.state.copy()
        frame.state.alive = truth is not False
        other.alive = truth is not True
        if frame.state.alive:
            self.refine(frame, node.test, truth=True)
            self.block(frame, node.body)
        one, frame.state = frame.state, other
        if other.alive:
            self.refine(frame, node.test, truth=False)
            self.block(frame, node.orelse)
        frame.state = join_states(one, frame.state) if one.alive or frame.state.alive else one

    def _do_try(self, frame: Frame, node: ast.Try) -> None:
        frame.raised.append([frame.state.copy()])
        outer, frame.thrown = frame.thrown, frozenset()
        self.block(frame, node.body)
        thrown = frame.raised.pop()
        self.block(frame, node.orelse)
        after = self._handled(frame, node.handlers, thrown, frame.state)
        frame.thrown |= outer
        was_alive = after.alive
        frame.state = after
        if node.finalbody:
            frame.state.alive = True
            self.block(frame, node.finalbody)
            frame.state.alive = frame.state.alive and was_alive

    def _handled(self, frame: Frame, handlers: list[ast.ExceptHandler], thrown: list[State], after: State) -> State:
        """Return `after` joined with the ends of handlers, which begin with any of the states where one may raise."""
        start = thrown[0]
        for each in thrown[1:]:
            start = join_states(start, State(each.names, each.heap))
        for handler in handlers:
            frame.state = start.copy()
            frame.state.alive = True
            if handler.name:
                label = Label("error", frame.step_at(handler, "the text of an error"))
                frame.state.names[handler.name] = external("error", frozenset({label}) | frame.thrown)
            self.block(frame, handler.body)
            after = join_states(after, frame.state)
        return after

    _do_trystar = _do_try

    def _do_with(self, frame: Frame, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.evaluate(frame, item.context_expr)
            if any(thing.kind == "list" for _, thing in frame.things(value)):
                value = frame.element(value)  # of a generator that `contextmanager` decorates
            if item.optional_vars is not None:
                self.assign(frame, item.optional_vars, value)
        self.block(frame, node.body)

    _do_asyncwith = _do_with

    def _do_match(self, frame: Frame, node: ast.Match) -> None:
        subject = self.evaluate(frame, node.subject)
        result = State({}, {}, alive=False)
        for case in node.cases:
            truth = self._matched(frame, case.pattern, subject)
            if truth is False:
                continue
            inner = frame.state.copy()
            kept, frame.state = frame.state, inner
            self._bind_pattern(frame, case.pattern, subject)
            if case.guard is not None:
                self.evaluate(frame, case.guard)
                self.refine(frame, case.guard, truth=True)
            self.block(frame, case.body)
            result = join_states(result, frame.state)
            frame.state = kept
            if truth is True and case.guard is None:
                frame.state = result
                return
        frame.state = join_states(result, frame.state)

    def _matched(self, frame: Frame, pattern: ast.pattern, subject: Value) -> bool | None:
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
            return True
        if isinstance(pattern, ast.MatchValue):
            return fold.truth(fold.compare(ast.Eq, subject, self.evaluate(frame, pattern.value)) or UNKNOWN)
        if isinstance(pattern, ast.MatchOr):
            found = [self._matched(frame, each, subject) for each in pattern.patterns]
            return True if True in found else None if None in found else False
        return None

    def _bind_pattern(self, frame: Frame, pattern: ast.pattern, subject: Value) -> None:
        value = labelled(UNKNOWN, frame.content(subject))
        for each in ast.walk(pattern):
            name = getattr(each, "name", None)
            if isinstance(each, ast.MatchAs | ast.MatchStar) and name:
                frame.state.names[name] = subject if each is pattern else value

    def _do_functiondef(self, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        function = frame.function.inner.get(node.name) if frame.function else frame.module.functions.get(node.name)
        if frame.function is not None:
            self.shared.closures[frame.function] = frame.state.names
        if function is None or function.node is not node:  # one of several of the name
            function = self.made_function(frame, node)
        frame.state.names[node.name] = reference("function", function)

    _do_asyncfunctiondef = _do_functiondef

    def _do_delete(self, frame: Frame, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                frame.state.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                key = self.evaluate(frame, target.slice).single()
                frame.change(self.evaluate(frame, target.value), lambda thing, key=key: thing.without(key))  # type: ignore[misc]


def _is_response(value: Value) -> bool:
    return any(each.endswith(("make_response()", ".Response()")) for each in value.names())


def _loaded(target: ast.expr) -> ast.expr:
    """Return a target as an expression that is read."""
    return target


def _has_place(thing: Thing, key: object) -> bool:
    if thing.kind == "dict":
        return True
    return thing.kind == "list" and thing.is_exact and isinstance(key, int) and 0 <= key < len(thing.items)
