"""What a condition says about the values in it: a guard is read, not trusted by its name."""

import ast
import re
from collections.abc import Callable

from msgspec.structs import replace

from berth.review.code import fold
from berth.review.code.concrete import Checked
from berth.review.code.frame import Frame
from berth.review.code.nodes import walk
from berth.review.code.symbols import Symbols
from berth.review.code.values import (
    DANGEROUS,
    NOTHING,
    UNKNOWN,
    Label,
    Value,
    constants,
    join_states,
    labelled,
    made_safe,
)

_PLAIN = frozenset({"isalnum", "isalpha", "isdigit", "isdecimal", "isnumeric"})
_UNWRAPPED = frozenset(
    {
        "str",
        "pathlib.Path",
        "os.fspath",
        "os.fsdecode",
        "os.path.normpath",
        "os.path.abspath",
        "os.path.realpath",
        "Path",
    }
)
_SAME = frozenset({"lower", "strip", "upper", "casefold", "as_posix", "resolve", "absolute", "encode", "decode"})
_RESOLVED = "resolved"
_RESOLVERS = frozenset({"resolve", "realpath", "abspath", "commonpath", "commonprefix"})
_HOSTS = frozenset({"netloc", "hostname", "host"})
_HOST_KINDS = ("open-redirect", "request-forgery")
_NAMED = (ast.Name, ast.Attribute)
_NEGATED = (ast.NotEq, ast.NotIn, ast.IsNot)
_MEMBERSHIP = (ast.In, ast.NotIn)
_EQUALITY = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
_CLASS = re.compile(r"^\^?(?:\[((?:\\.|[^\]\\])+)\](?:[+*]|\{[\d,]+\})|((?:\\[wd][+*]?)+))(\$|\\Z|\\z)?$")


class Guards(Symbols):
    """The layer that refines values by conditions."""

    def refine(self, frame: Frame, test: ast.expr, truth: bool) -> None:
        """Change the frame's names to what they are where a condition is true, or false.

        The condition has been evaluated just before: its calls are not made again.
        """
        frame.refining += 1
        self._refine(frame, test, truth)
        frame.refining -= 1

    def _refine(self, frame: Frame, test: ast.expr, truth: bool) -> None:
        if isinstance(test, _NAMED):
            self._update(frame, test, lambda value: _truthy(value, truth))
        elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self.refine(frame, test.operand, not truth)
        elif isinstance(test, ast.BoolOp):
            self._refine_several(frame, test, truth)
        elif isinstance(test, ast.Compare) and len(test.ops) == 1:
            self._refine_comparison(frame, test, truth)
        elif isinstance(test, ast.Call):
            self._refine_call(frame, test, truth)
        elif isinstance(test, ast.NamedExpr):
            self.refine(frame, test.value, truth)
            self.refine(frame, test.target, truth)

    def _refine_several(self, frame: Frame, test: ast.BoolOp, truth: bool) -> None:
        if isinstance(test.op, ast.And) is truth:
            for each in test.values:
                self.refine(frame, each, truth)
            return
        # One of them decides: each in turn, after those before it went the other way.
        start = frame.state
        result = None
        before = start.copy()
        for each in test.values:
            frame.state = before.copy()
            self.refine(frame, each, truth)
            result = frame.state if result is None else join_states(result, frame.state)
            frame.state = before
            self.refine(frame, each, not truth)
        if result is not None:
            start.become(result)
        frame.state = start

    def _refine_comparison(self, frame: Frame, test: ast.Compare, truth: bool) -> None:
        operator, left, right = test.ops[0], test.left, test.comparators[0]
        if isinstance(operator, _NEGATED):
            truth = not truth
        if isinstance(operator, _MEMBERSHIP):
            self._refine_membership(frame, left, right, truth)
        elif isinstance(operator, _EQUALITY):
            self._refine_equality(frame, left, right, truth)

    def _refine_membership(self, frame: Frame, left: ast.expr, right: ast.expr, truth: bool) -> None:
        collection = self.evaluate(frame, right)
        things = frame.things(collection)
        if things:
            choices = frame.element(collection)
            if truth and not frame.content(collection):
                self._close(frame, left, choices)
            return
        needle = self.evaluate(frame, left).only()
        if needle is not None and not truth:
            absent = {str(each) for each in needle if isinstance(each, str)}
            absent |= {"../"} if ".." in absent else set()
            if isinstance(right, ast.Subscript) and isinstance(right.slice, ast.Slice):
                self._refine_literal(frame, right.value, tuple(absent & {"'", '"'}))
            self._update(frame, right, lambda value: made_safe(value, (), absent))
        elif truth and (collection.only() is not None or _is_fixed(collection)):
            self._close(frame, left, UNKNOWN)

    def _refine_literal(self, frame: Frame, node: ast.expr, quotes: tuple[str, ...]) -> None:
        """Note that a text is nothing but one literal: it begins and ends with a quote that is not within."""
        if quotes:
            self._update(
                frame,
                node,
                lambda value: made_safe(value, ("code-injection",)) if value.prefix.startswith(quotes) else value,
            )

    def _close(self, frame: Frame, node: ast.expr, choices: Value) -> None:
        """Note that an expression is one of a closed set."""
        if isinstance(node, ast.Attribute) and node.attr in _HOSTS:
            self._mark_everywhere(frame, self.evaluate(frame, node.value).labels, _HOST_KINDS)
        if choices.labels:
            return
        only = choices.only()
        closed = constants(only) if only is not None else UNKNOWN
        self._update(frame, node, lambda value: closed if value.is_open or value.labels else value)

    def _refine_equality(self, frame: Frame, left: ast.expr, right: ast.expr, truth: bool) -> None:
        one, other = self.evaluate(frame, left), self.evaluate(frame, right)
        if truth and isinstance(left, ast.Call) and isinstance(left.func, ast.Attribute) and _is_absence(left, right):
            self._refine_membership(frame, left.args[0], left.func.value, truth=False)
            return
        if isinstance(left, ast.Call) and isinstance(right, ast.Constant) and right.value is None:
            self.refine(frame, left, not truth)
            return
        for node, value in ((left, other), (right, one)):
            only = value.only()
            if only is not None and truth:
                self._close(frame, node, value)
            elif only is not None and len(only) == 1:
                gone = value.constants
                self._update(frame, node, lambda each, gone=gone: replace(each, constants=each.constants - gone))  # type: ignore[misc]
            elif truth and not frame.content(value) and _is_path_check(node):
                self._mark_everywhere(frame, self.evaluate(frame, node).labels, ("path-traversal",))

    def _refine_call(self, frame: Frame, test: ast.Call, truth: bool) -> None:
        if isinstance(test.func, ast.Attribute):
            self._refine_method(frame, test, test.func, truth)
        elif isinstance(test.func, ast.Name) and test.func.id == "isinstance" and len(test.args) == 2 and truth:
            names = {each.id for each in ast.walk(test.args[1]) if isinstance(each, ast.Name)}
            if names and names <= {"int", "float", "bool", "Decimal", "UUID"}:
                self._update(frame, test.args[0], lambda value: labelled(value, frozenset()))
        elif isinstance(test.func, ast.Name) and test.func.id == "all" and truth and test.args:
            self._refine_all(frame, test.args[0])
        self._refine_by_checker(frame, test, truth)

    def _refine_all(self, frame: Frame, node: ast.expr) -> None:
        if isinstance(node, ast.GeneratorExp) and len(node.generators) == 1:
            generator = node.generators[0]
            if isinstance(generator.target, ast.Name) and not generator.ifs:
                inner = frame.state.copy()
                kept, frame.state = frame.state, inner
                value = self.evaluate(frame, generator.iter)
                inner.names[generator.target.id] = labelled(UNKNOWN, value.labels)
                self.refine(frame, node.elt, truth=True)
                after = inner.names[generator.target.id]
                frame.state = kept
                self._update(frame, generator.iter, lambda each: labelled(each, after.labels))

    def refine_number(self, frame: Frame, node: ast.expr) -> None:
        """Note that an expression is the text of a number: `int` has taken it. A sign or a point does no harm."""
        self._update(frame, node, lambda value: made_safe(value, (), DANGEROUS | {"../"}))

    def _refine_method(self, frame: Frame, test: ast.Call, function: ast.Attribute, truth: bool) -> None:
        name = function.attr
        if (name in _PLAIN or name == "isidentifier") and truth:
            self._update(frame, function.value, lambda value: made_safe(value, (), DANGEROUS | {"../"}))
        elif name in ("match", "fullmatch") and truth:
            self._refine_pattern(frame, test, function)
        elif name in ("startswith", "is_relative_to") and truth:
            value = self.evaluate(frame, function.value)
            prefix = self.evaluate(frame, test.args[0]) if test.args else NOTHING
            if prefix.labels:
                return
            if any(_RESOLVED in label.safe for label in value.labels) or _is_path_check(function.value):
                self._mark_everywhere(frame, value.labels, ("path-traversal",))
            only = prefix.only()
            if name == "startswith" and only and len(only) == 1 and isinstance(only[0], str):
                self._update(frame, function.value, lambda each: replace(each, prefix=each.prefix or str(only[0])))

    def _refine_pattern(self, frame: Frame, test: ast.Call, function: ast.Attribute) -> None:
        called = self.evaluate(frame, function.value)
        names = called.names()
        if "re" in names and len(test.args) >= 2:
            pattern, target = self.evaluate(frame, test.args[0]).single(), test.args[1]
        elif test.args and called.prefix.startswith("pattern:"):
            pattern, target = (called.prefix.removeprefix("pattern:"),), test.args[0]
        else:
            return
        absent = excluded(str(pattern[0]) if pattern else "", is_full=function.attr == "fullmatch")
        if absent:
            self._update(frame, target, lambda value: made_safe(value, (), absent))

    def _refine_by_checker(self, frame: Frame, test: ast.Call, truth: bool | None) -> None:
        """Read what a function of the project checked, where it returned something true or false."""
        last = self.last_summary.get(id(test))
        if last is None or truth not in last.after:
            return
        for index, name in enumerate(last.parameters):
            value = last.value(truth, name)
            node = test.args[index] if index < len(test.args) else None
            node = node or next((each.value for each in test.keywords if each.arg == name), None)
            if value is not None and node is not None:
                self._update(frame, node, lambda each, value=value: _narrowed(each, value))  # type: ignore[misc]

    last_summary: dict[int, Checked] = {}  # noqa: RUF012 - of each interpretation

    def _mark_everywhere(self, frame: Frame, labels: frozenset[Label], kinds: tuple[str, ...]) -> None:
        """Note of every variable that has its data from the same entries that it can do no harm of these kinds."""
        entries = {label.entry for label in labels}
        for name, value in list(frame.state.names.items()):
            if value.labels and {label.entry for label in value.labels} <= entries:
                frame.state.names[name] = made_safe(value, kinds)

    def _update(self, frame: Frame, node: ast.expr, how: Callable[[Value], Value]) -> None:
        node = _unwrapped(frame, node)
        if isinstance(node, ast.Name):
            value = frame.state.names.get(node.id)
            if value is not None:
                frame.state.names[node.id] = how(value)
        elif isinstance(node, ast.Attribute):
            base = self.evaluate(frame, node.value)
            for key, thing in frame.things(base):
                known = thing.get(node.attr)
                if known is not None:
                    frame.state.heap[key] = thing.put(node.attr, how(known))
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            single = self.evaluate(frame, node.slice).single()
            for key, thing in frame.things(self.evaluate(frame, node.value)):
                known = thing.get(single[0]) if single else None
                if single and known is not None:
                    frame.state.heap[key] = thing.put(single[0], how(known))


def _unwrapped(frame: Frame, node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        return node
    for _ in range(6):
        if isinstance(node, ast.NamedExpr):
            node = node.target
        elif isinstance(node, ast.Call) and node.args and frame.module.dotted(node.func) in _UNWRAPPED:
            node = node.args[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SAME:
            node = node.func.value
        else:
            break
    return node


def _is_absence(call: ast.Call, result: ast.expr) -> bool:
    """Whether a result says that a text is not in another one: `text.find(part) == -1`."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    wanted = {"find": -1, "rfind": -1, "count": 0}.get(name)
    return isinstance(result, ast.UnaryOp | ast.Constant) and bool(call.args) and _integer(result) == wanted is not None


def _integer(node: ast.expr) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, int) else None
    return node.value if isinstance(node, ast.Constant) else None


def _is_path_check(node: ast.expr) -> bool:
    """Whether an expression is a path after links and `..` were resolved."""
    return any(isinstance(each, ast.Attribute) and each.attr in _RESOLVERS for each in walk(node))


def _is_fixed(value: Value) -> bool:
    return bool(value.refs) and not value.labels and all(ref.kind in ("class", "module") for ref in value.refs)


def _truthy(value: Value, truth: bool) -> Value:
    if not value.constants and (truth or not value.labels):
        return value
    kept = frozenset(each for each in value.constants if bool(each[1]) is truth)
    if truth or not value.is_open:
        return replace(value, constants=kept)
    # What is empty has no data in it.
    return replace(value, constants=kept, labels=frozenset()) if not value.refs else value


def _narrowed(value: Value, checked: Value) -> Value:
    """Return a value with what a checker found out about the same data."""
    if not value.labels:
        return value
    entries = {label.entry for label in value.labels}
    if not checked.labels <= frozenset(each for each in checked.labels if each.entry in entries):
        return value
    return labelled(value, checked.labels)


def excluded(pattern: str, is_full: bool) -> frozenset[str]:
    """Return the dangerous texts that a whole text of a pattern such as `^[a-z]+$` cannot have in it."""
    found = _CLASS.match(pattern)
    if found is None or not (is_full or found[3]):
        return frozenset()
    inside = found[1] or r"\w"
    if inside.startswith("^"):
        return frozenset()
    try:
        allowed = re.compile(f"[{inside}]")
    except re.error:
        return frozenset()
    absent = frozenset(each for each in DANGEROUS if not allowed.match(each))
    return absent | ({"../"} if absent & {"/", "."} else set())


def removed(pattern: str) -> frozenset[str]:
    """Return the dangerous texts of which none is left where all that is of a pattern such as `[^a-z]+` is removed."""
    found = re.fullmatch(r"\[((?:\\.|[^\]\\])+)\]\+?", pattern)
    try:
        gone = re.compile(f"[{found[1]}]") if found is not None else None
    except re.error:
        gone = None
    absent = frozenset(each for each in DANGEROUS if gone is not None and gone.match(each))
    return absent | ({"../"} if absent & {"/", "."} else set())


__all__ = ["Guards", "excluded", "fold", "removed"]
