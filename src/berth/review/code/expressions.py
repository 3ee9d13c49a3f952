"""The values of expressions."""

import ast
from typing import Any

from msgspec.structs import replace

from berth.review.code import fold
from berth.review.code.attributes import Attributes
from berth.review.code.format_parts import percent_parts
from berth.review.code.frame import Arguments, Frame
from berth.review.code.project import Class, Function, make_function
from berth.review.code.values import (
    NOTHING,
    UNKNOWN,
    Label,
    Thing,
    Value,
    constant,
    external,
    join,
    join_all,
    join_states,
    labelled,
    made_safe,
    reference,
)

_XSS = "cross-site-scripting"
PUT_TOGETHER = "is put together with other text"


class Expressions(Attributes):
    """The layer that knows expressions, one method per kind of node."""

    def evaluate(self, frame: Frame, node: ast.expr) -> Value:
        """Return the value of an expression, with its effects on the frame."""
        method = self._methods.get(type(node)) or self._method(node)
        value: Value = method(frame, node)
        return value

    def _method(self, node: ast.expr) -> Any:
        """Return the method that evaluates a kind of node."""
        kind = type(node)
        self._methods[kind] = getattr(self, f"_{kind.__name__.lower()}", self._other)
        return self._methods[kind]

    def _other(self, frame: Frame, node: ast.expr) -> Value:
        return join_all(
            labelled(UNKNOWN, self.evaluate(frame, child).labels)
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.expr)
        )

    def _constant(self, _frame: Frame, node: ast.Constant) -> Value:
        known = self._constants.get(id(node))
        if known is None:
            known = self._constants[id(node)] = UNKNOWN if node.value is ... else constant(node.value)
        return known

    def _name(self, frame: Frame, node: ast.Name) -> Value:
        return self.lookup(frame, node.id)

    def _namedexpr(self, frame: Frame, node: ast.NamedExpr) -> Value:
        value = self.evaluate(frame, node.value)
        frame.state.names[node.target.id] = value
        return value

    def _await(self, frame: Frame, node: ast.Await) -> Value:
        return self.evaluate(frame, node.value)

    def _starred(self, frame: Frame, node: ast.Starred) -> Value:
        return frame.element(self.evaluate(frame, node.value))

    def _yield(self, frame: Frame, node: ast.Yield) -> Value:
        if node.value is not None:
            value = self.evaluate(frame, node.value)
            frame.yielded = join(frame.yielded, value)
        return UNKNOWN

    def _yieldfrom(self, frame: Frame, node: ast.YieldFrom) -> Value:
        frame.yielded = join(frame.yielded, frame.element(self.evaluate(frame, node.value)))
        return UNKNOWN

    def _lambda(self, frame: Frame, node: ast.Lambda) -> Value:
        made = self.made_function(frame, node)
        self.shared.closures[made] = frame.state.names
        return reference("function", made)

    _lambdas: dict[object, Function] = {}  # noqa: RUF012 - replaced for each interpretation

    def made_function(self, frame: Frame, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
        """Return the function that a node makes where it stands: always the same one."""
        made = self._lambdas.get(id(node))
        if made is None:
            name = f"{frame.symbol}.{getattr(node, 'name', '<lambda>')}"
            made = self._lambdas[id(node)] = make_function(node, frame.module, name, None, frame.function)
        return made

    def _ifexp(self, frame: Frame, node: ast.IfExp) -> Value:
        truth = fold.truth(self.evaluate(frame, node.test))
        if truth is not None:
            return self.evaluate(frame, node.body if truth else node.orelse)
        other = frame.state.copy()
        self.refine(frame, node.test, truth=True)
        one = self.evaluate(frame, node.body)
        frame.state, kept = other, frame.state
        self.refine(frame, node.test, truth=False)
        value = join(one, self.evaluate(frame, node.orelse))
        frame.state.become(join_states(kept, frame.state))
        return value

    def _boolop(self, frame: Frame, node: ast.BoolOp) -> Value:
        is_and = isinstance(node.op, ast.And)
        found: list[Value] = []
        kept = frame.state.names
        frame.state.names = dict(kept)
        for operand in node.values:
            value = self.evaluate(frame, operand)
            truth = fold.truth(value)
            found.append(value if truth is not is_and or operand is node.values[-1] else NOTHING)
            if truth is not None and truth is not is_and:
                break
            self.refine(frame, operand, truth=is_and)
        for name, value in frame.state.names.items():
            if name not in kept:
                kept[name] = value
        frame.state.names = kept
        return join_all(found)

    def _unaryop(self, frame: Frame, node: ast.UnaryOp) -> Value:
        value = self.evaluate(frame, node.operand)
        if isinstance(node.op, ast.Not):
            truth = fold.truth(value)
            return UNKNOWN if truth is None else constant(not truth)
        only = value.only()
        if only is None or not isinstance(node.op, ast.USub):
            return UNKNOWN
        return fold.apply(lambda each: -each, [only])

    def _binop(self, frame: Frame, node: ast.BinOp) -> Value:
        one, other = self.evaluate(frame, node.left), self.evaluate(frame, node.right)
        folded = fold.binary(type(node.op), one, other)
        if folded is not None:
            return folded
        if isinstance(node.op, ast.Div) and any(name.startswith("pathlib.") for name in one.names()):
            return self._path(frame, node, one, other)
        if isinstance(node.op, ast.Add) and frame.things(one):
            return self._sum(frame, node, one, other)
        parts = percent_parts(frame, one, other) if isinstance(node.op, ast.Mod) else [one, other]
        made = self.assembled(frame, node, parts)
        # HTML that is marked as such escapes what it is put together with.
        is_marked = any(each.endswith("Markup()") for value in (one, other) for each in value.names())
        return (
            replace(made_safe(made, ("cross-site-scripting",)), refs=external("?.Markup()").refs) if is_marked else made
        )

    def _path(self, frame: Frame, node: ast.BinOp, one: Value, other: Value) -> Value:
        made = self.assembled(frame, node, [one, other])
        return replace(external("pathlib.Path()", made.labels), prefix=made.prefix or one.prefix or "folder")

    def _sum(self, frame: Frame, node: ast.AST, one: Value, other: Value) -> Value:
        owners = [thing.owner for _, thing in frame.things(one) if isinstance(thing.owner, Class)]
        methods = [self.shared.project.method(owner, "__add__") for owner in owners]
        if not owners:
            return self._added(frame, node, one, other)
        found = [self.run(frame, node, each, Arguments([one, other])) for each in methods if each is not None]
        return join_all(found) if found else self.assembled(frame, node, [one, other])

    def _added(self, frame: Frame, node: ast.AST, one: Value, other: Value) -> Value:
        parts = [thing for value in (one, other) for _, thing in frame.things(value)]
        if len(parts) == 2 and all(each.is_exact and each.kind in ("list", "tuple") for each in parts):
            values = [*parts[0].values(), *parts[1].values()]
            return frame.make(node, Thing(parts[0].kind, tuple(enumerate(values))))
        return frame.make(node, Thing("list", (), join(frame.element(one), frame.element(other)), is_exact=False))

    def assembled(self, frame: Frame, node: ast.AST, parts: list[Value]) -> Value:
        """Return text that is put together from parts, with a step on its path."""
        labels: frozenset[Label] = frozenset()
        prefix, is_prefix = "", True
        for part in parts:
            found = frame.content(part)
            if found:
                prefix += part.prefix if is_prefix else ""
                is_prefix = False
            elif is_prefix:
                single = part.single()
                prefix += str(single[0]) if single else (part.prefix or "\0" if part.is_open else part.prefix)
                is_prefix = single is not None
            labels |= found
        if not labels:
            return UNKNOWN if not prefix else Value(is_open=True, prefix=prefix)
        step = frame.step_at(node, PUT_TOGETHER)
        return Value(is_open=True, labels=frozenset(each.via(step) for each in labels), prefix=prefix)

    def _compare(self, frame: Frame, node: ast.Compare) -> Value:
        left = self.evaluate(frame, node.left)
        results: list[Value] = []
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(frame, comparator)
            results.append(self._compared(frame, operator, left, right))
            left = right
        if len(results) == 1:
            return results[0]
        truths = [fold.truth(each) for each in results]
        return constant(value=False) if False in truths else constant(value=True) if None not in truths else UNKNOWN

    def _compared(self, frame: Frame, operator: ast.cmpop, left: Value, right: Value) -> Value:
        if isinstance(operator, ast.In | ast.NotIn):
            things = frame.things(right)
            only = left.only()
            if len(things) == 1 and things[0][1].is_exact and only is not None and len(only) == 1:
                return self._contained(things[0][1], only[0], isinstance(operator, ast.In))
        is_something = bool(left.refs) and not left.is_open and not left.constants
        if isinstance(operator, ast.Is | ast.IsNot) and right.single() == (None,) and is_something:
            return constant(value=isinstance(operator, ast.IsNot))
        return fold.compare(type(operator), left, right) or UNKNOWN

    @staticmethod
    def _contained(thing: Thing, wanted: object, positive: bool) -> Value:
        if thing.kind == "dict":
            return constant((thing.get(wanted) is not None) is positive)
        choices = [value.only() for _, value in thing.items]
        if any(each is None or len(each) > 1 for each in choices):
            return UNKNOWN
        return constant(any(wanted in (each or ()) for each in choices) is positive)

    def _joinedstr(self, frame: Frame, node: ast.JoinedStr) -> Value:
        parts = [self.evaluate(frame, each) for each in node.values]
        singles = [each.single() for each in parts]
        if all(each is not None for each in singles):
            text = "".join(str(each[0]) for each in singles if each is not None)
            return constant(text) if len(text) < fold.LONGEST else UNKNOWN
        return self.assembled(frame, node, parts)

    def _formattedvalue(self, frame: Frame, node: ast.FormattedValue) -> Value:
        value = self.evaluate(frame, node.value)
        if node.format_spec is None and node.conversion == -1:
            return value
        if node.format_spec is not None:
            spec = self.evaluate(frame, node.format_spec).single()
            if spec and str(spec[0])[-1:] in tuple("dxXofFeEgGn%b"):
                return UNKNOWN
            return labelled(UNKNOWN, value.labels)
        if node.conversion != ord("s"):
            return self.call(frame, ast.Call(ast.Name("repr"), [], []), external("repr"), Arguments([value]))
        return value

    def _list(self, frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
        kind = type(node).__name__.lower()
        values = [self.evaluate(frame, each) for each in node.elts]
        if any(isinstance(each, ast.Starred) for each in node.elts) or len(values) > 60:
            return frame.make(node, Thing(kind, (), join_all(values), is_exact=False))
        return frame.make(node, Thing(kind, tuple(enumerate(values))))

    _tuple = _set = _list

    def _dict(self, frame: Frame, node: ast.Dict) -> Value:
        thing = Thing("dict")
        for key, each in zip(node.keys, node.values, strict=True):
            value = self.evaluate(frame, each)
            if key is None:
                inner = [found for _, found in frame.things(value)]
                for other in inner:
                    for name, item in other.items:
                        thing = thing.put(name, item)
                if not inner or any(not other.is_exact for other in inner):
                    thing = thing.blurred(labelled(UNKNOWN, frame.content(value)))
                continue
            single = self.evaluate(frame, key).single()
            thing = thing.put(single[0], value) if single else thing.blurred(value)
        return frame.make(node, thing)

    def _listcomp(self, frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        value = self._comprehended(frame, node.generators, node.elt)
        return frame.make(node, Thing("list", (), value, is_exact=False))

    _setcomp = _generatorexp = _listcomp

    def _dictcomp(self, frame: Frame, node: ast.DictComp) -> Value:
        value = self._comprehended(frame, node.generators, node.value)
        return frame.make(node, Thing("dict", (), value, is_exact=False))

    def _comprehended(self, frame: Frame, generators: list[ast.comprehension], wanted: ast.expr) -> Value:
        kept = frame.state.names
        frame.state.names = dict(kept)
        for each in generators:
            self.assign(frame, each.target, frame.element(self.evaluate(frame, each.iter)))
            for test in each.ifs:
                self.evaluate(frame, test)
                self.refine(frame, test, truth=True)
        value = self.evaluate(frame, wanted)
        frame.state.names = kept
        return value

    def _slice(self, frame: Frame, node: ast.Slice) -> Value:
        for each in (node.lower, node.upper, node.step):
            if each is not None:
                self.evaluate(frame, each)
        return UNKNOWN

    def _subscript(self, frame: Frame, node: ast.Subscript) -> Value:
        base = self.evaluate(frame, node.value)
        if isinstance(node.slice, ast.Slice):
            return self._sliced(frame, node, base, node.slice)
        index = self.evaluate(frame, node.slice)
        only = base.only()
        if only is not None and index.only() is not None:
            return fold.apply(lambda text, at: text[at], [only, index.only() or []])
        return self.item(frame, node, base, index)

    def item(self, frame: Frame, node: ast.AST, base: Value, index: Value) -> Value:
        """Return what is at an index of a value."""
        found: list[Value] = []
        key = index.single()
        for _, thing in frame.things(base):
            if thing.kind == "instance":
                found.append(self._magic(frame, node, base, thing, index))
            else:
                found.append(_entry(thing, key[0] if key else None, has_key=key is not None))
        for name in base.names():
            at = f".{key[0]!s}" if key and name == "wsgi.environ" else "[]"
            found.append(self.sourced(external(f"{name}{at}", base.labels), frame, node))
        if (base.labels and not base.names()) or not found:
            found.append(labelled(UNKNOWN, base.labels))
        return join_all(found)

    def _magic(self, frame: Frame, node: ast.AST, base: Value, thing: Thing, index: Value) -> Value:
        method = self.shared.project.method(thing.owner, "__getitem__") if isinstance(thing.owner, Class) else None
        if method is None:
            return labelled(UNKNOWN, frame.content(base))
        return self.run(frame, node, method, Arguments([base, index]))

    def _sliced(self, frame: Frame, node: ast.Subscript, base: Value, part: ast.Slice) -> Value:
        bounds = [
            constant(None) if each is None else self.evaluate(frame, each)
            for each in (part.lower, part.upper, part.step)
        ]
        only, given = base.only(), [each.single() for each in bounds]
        where: slice[Any, Any, Any] | None = slice(*(each[0] for each in given if each)) if all(given) else None
        if only is not None and where is not None:
            return fold.apply(lambda text: text[where], [only])
        things = [thing for _, thing in frame.things(base)]
        if len(things) == 1 and things[0].is_exact and things[0].kind in ("list", "tuple") and where is not None:
            return frame.make(node, Thing(things[0].kind, tuple(enumerate(things[0].values()[where]))))
        if things:
            return frame.make(node, Thing("list", (), frame.element(base), is_exact=False))
        prefix = base.prefix if part.lower is None else ""
        return replace(base, constants=frozenset(), is_open=True, prefix=prefix)


def _entry(thing: Thing, key: object, has_key: bool) -> Value:
    if not has_key:
        return join_all(thing.values()) if thing.values() else UNKNOWN
    if thing.kind in ("list", "tuple") and isinstance(key, int) and thing.is_exact and key < 0:
        key += len(thing.items)
    found = thing.get(key)
    if found is not None:
        return found if thing.is_exact else join(found, thing.rest)
    return thing.rest if thing.rest != NOTHING else UNKNOWN
