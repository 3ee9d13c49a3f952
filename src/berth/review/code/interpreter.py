"""Functions of the project: what a call with certain values does, computed once for each kind of call."""

import ast

from msgspec.structs import replace

from berth.review.code import fold
from berth.review.code.concrete import Checked, Given, concrete, concrete_thing
from berth.review.code.frame import Arguments, Frame, Shared, Summary, reachable
from berth.review.code.nodes import walk, walk_function
from berth.review.code.project import Class, Function
from berth.review.code.statements import Statements
from berth.review.code.values import (
    NOTHING,
    UNKNOWN,
    Label,
    Ref,
    State,
    Thing,
    Value,
    join,
    join_states,
    join_things,
    label_of,
    labelled,
)
from berth.review.model import Step

DEEPEST_CALLS = 14
MOST_CONTEXTS = 2
MOST_NAMED_CONTEXTS = 5

GIVEN = "is given to"


class Interpreter(Statements):
    """The highest layer: functions and their summaries."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._lambdas = {}
        self.last_summary = {}
        self._assigned: dict[Function, frozenset[str]] = {}
        self._generators: dict[Function, bool] = {}
        self._annotations: dict[Function, tuple[tuple[str, Value], ...]] = {}
        self._parameters: dict[object, Step] = {}

    def run(self, frame: Frame, node: ast.AST, function: Function, arguments: Arguments) -> Value:
        """Return what a function of the project gives, and apply its effects on the objects that it is given."""
        shared = self.shared
        shared.called.add(function)
        if len(shared.stack) >= DEEPEST_CALLS or shared.stack.count(function) > 1:
            return labelled(UNKNOWN, _labels(frame, arguments))
        given: Given = {}
        called = function.name.removeprefix(f"{function.module.name}.")
        call = frame.step_at(node, f"{GIVEN} {called}()")
        summary = self._summary_of(frame, function, self._bind(frame, node, function, arguments), given, call)
        heap = frame.state.heap
        for each, thing in summary.things:
            heap[each] = concrete_thing(thing, given) if given else thing
        for each, thing in summary.shared:
            made = concrete_thing(thing, given) if given else thing
            known = heap.get(each)
            heap[each] = made if known is None else join_things(known, made)
        if summary.after:
            self.last_summary[id(node)] = Checked(_call_parameters(function, node), summary.after, given)
        if not summary.returns:
            frame.state.alive = False
        return concrete(summary.value, given)

    def _summary_of(
        self, frame: Frame, function: Function, values: dict[str, Value], given: Given, call: Step
    ) -> Summary:
        """Return the summary of a function for these values of its parameters; of many, one for what they share."""
        shared = self.shared
        bound = {
            name: self._abstract(function, name, value, given, call) if value.labels else value
            for name, value in values.items()
        }
        things = reachable(frame.state.heap, list(bound.values()))
        key = (function, tuple(bound.values()), tuple(things.items()))
        summary = shared.memo.get(key)
        if summary is not None:
            return summary
        count = self._counted(function)
        if count >= MOST_CONTEXTS:
            blurred = {name: self._blurred(frame, value, count) for name, value in bound.items()}
            bound = {name: self._abstract(function, name, value, given, call) for name, value in blurred.items()}
            things, key = {}, (function, tuple(bound.values()), ())
            summary = shared.memo.get(key)
        if summary is None:
            summary = shared.memo[key] = self._summarize(function, bound, things)
        return summary

    def _counted(self, function: Function) -> int:
        """Count a way in which a function is called. Return how many there were before."""
        count = self.shared.contexts.get(function, 0)
        self.shared.contexts[function] = count + 1
        return count

    def _abstract(self, function: Function, name: str, value: Value, given: Given, call: Step) -> Value:
        """Name data after the parameter that it is given by, so that one summary serves every caller."""
        if not value.labels:
            return value
        made: set[Label] = set()
        for label in value.labels:
            if label.entry in given:
                made.add(label)
                continue
            step = self._parameter(function, name, label)
            given[step] = given[step] | {label} if step in given else frozenset({label})
            self.shared.given.setdefault(step, label)
            self.shared.callers.setdefault(step, {}).setdefault((call, label.entry), label)
            made.add(label_of(label.origin, step, label.safe, label.absent))
        return labelled(value, frozenset(made))

    def _parameter(self, function: Function, name: str, label: Label) -> Step:
        key = (function, name, label.origin, label.safe, label.absent)
        known = self._parameters.get(key)
        if known is None:
            what = f"parameter {name} ({label.origin} {len(self._parameters)})"
            known = self._parameters[key] = Step(function.place, what, function.module.code(function.place.line))
        return known

    @staticmethod
    def _blurred(frame: Frame, value: Value, count: int) -> Value:
        """Return a value without what makes calls differ: constants, and of a function with many callers, names."""
        leaked = frame.leak(value)
        if count >= MOST_NAMED_CONTEXTS:
            kept = frozenset(
                ref
                for ref in leaked.refs
                if ref.kind in ("instance", "function") or str(ref.target).endswith("request")
            )
            leaked = replace(leaked, refs=kept if len(kept) < 2 else frozenset(), prefix="", is_open=True)
        if len(leaked.constants) == 0:
            return leaked
        return replace(leaked, constants=frozenset(), is_open=True)

    def _bind(self, frame: Frame, node: ast.AST, function: Function, arguments: Arguments) -> dict[str, Value]:
        """Return what the parameters are given by a call, defaults included."""
        spec = function.node.args
        positional = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        bound = dict(zip(positional, arguments.positional, strict=False))
        named = dict(arguments.named)
        for name in function.parameters:
            if name in named and name not in bound:
                bound[name] = named.pop(name)
        self._bind_defaults(frame, function, bound, arguments.rest)
        exact = arguments.rest == NOTHING
        if function.varargs:
            more = arguments.positional[len(positional) :]
            thing = Thing("tuple", tuple(enumerate(more)), arguments.rest, is_exact=exact)
            bound[function.varargs] = frame.make(node, thing)
        if function.kwargs:
            thing = Thing("dict", tuple(sorted(named.items())), arguments.rest, is_exact=exact)
            bound[function.kwargs] = frame.make(node, thing)
        return self._typed(function, bound)

    def _bind_defaults(self, frame: Frame, function: Function, bound: dict[str, Value], rest: Value) -> None:
        missing = [name for name in function.parameters if name not in bound]
        if not missing:
            return
        defaults = _defaults(function)
        home = Frame(self.shared, function.module, State({}, frame.state.heap))
        for name in missing:
            default = self.evaluate(home, defaults[name]) if name in defaults else UNKNOWN
            bound[name] = join(default, rest)

    def _typed(self, function: Function, bound: dict[str, Value]) -> dict[str, Value]:
        """Give parameters that are not known the class that they are annotated with."""
        for name, typed in self._annotated_in(function):
            value = bound.get(name, UNKNOWN)
            if not value.refs and not value.constants:
                bound[name] = labelled(typed, value.labels)
        return bound

    def _annotated_in(self, function: Function) -> tuple[tuple[str, Value], ...]:
        """Return the parameters that are annotated with classes of the project, with instances of these."""
        known = self._annotations.get(function)
        if known is None:
            spec = function.node.args
            given = ((each.arg, each.annotation) for each in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs))
            typed = ((name, self.annotated(function.module, each)) for name, each in given if each is not None)
            known = self._annotations[function] = tuple((name, value) for name, value in typed if value != NOTHING)
        return known

    def _summarize(self, function: Function, bound: dict[str, Value], things: dict[object, Thing]) -> Summary:
        frame = Frame(self.shared, function.module, State(dict(bound), dict(things)), function)
        self.shared.stack.append(function)
        node = function.node
        if isinstance(node, ast.Lambda):
            frame.returned.append((self.evaluate(frame, node.body), frame.state.copy(), node.body))
        else:
            self.block(frame, node.body)
            if frame.state.alive:
                frame.returned.append((Value(frozenset({("NoneType", None)})), frame.state, None))
        self.shared.stack.pop()
        return self._summary(function, bound, frame)

    def _summary(self, function: Function, bound: dict[str, Value], frame: Frame) -> Summary:
        value = NOTHING
        state = State({}, {}, alive=False)
        after: dict[bool | None, dict[str, Value]] = {}
        names = [name for name in bound if bound[name].labels and name not in self._assigned_in(function)]
        for result, ended, expression in frame.returned:
            value = join(value, result)
            state = join_states(state, ended)
            for outcome in _outcomes(result) if names else ():
                state_then = self._state_where(frame, ended, result, expression, outcome)
                _note(after.setdefault(outcome, {}), names, state_then)
        is_generator = self._is_generator(function)
        if is_generator:
            frame.state = state = state if state.alive else State({}, {})
            value = frame.make(function.node, Thing("list", (), frame.yielded, is_exact=False))
        changed = reachable(state.heap, [value, *bound.values()]) if state.heap else {}
        shared = self._changed_globals(function, state)
        return Summary(value, tuple(changed.items()), after, bool(frame.returned) or is_generator, shared)

    def _changed_globals(self, function: Function, state: State) -> tuple[tuple[object, Thing], ...]:
        """Return the objects of the function's module that it changed."""
        known = self.shared.globals.get(function.module.name)
        if known is None or not known.heap:
            return ()
        return tuple(
            (key, after)
            for key, before in known.heap.items()
            if (after := state.heap.get(key, before)) is not before and after != before
        )

    def _state_where(
        self, frame: Frame, ended: State, result: Value, expression: ast.expr | None, outcome: bool | None
    ) -> State:
        """Return the state at a `return` where what is returned is true, false, or either (None)."""
        if outcome is None or expression is None or fold.truth(result) is not None:
            return ended
        frame.state = ended.copy()
        self.refine(frame, expression, outcome)
        return frame.state

    def _assigned_in(self, function: Function) -> frozenset[str]:
        found = self._assigned.get(function)
        if found is None:
            stores = (each for each in walk(function.node) if isinstance(each, ast.Name))
            found = frozenset(each.id for each in stores if isinstance(each.ctx, ast.Store))
            self._assigned[function] = found
        return found

    def _is_generator(self, function: Function) -> bool:
        found = self._generators.get(function)
        if found is None:
            written = function.module.lines[function.node.lineno - 1 : function.node.end_lineno]
            found = any("yield" in each for each in written) and any(
                isinstance(each, ast.Yield | ast.YieldFrom) for each in walk_function(function.node)
            )
            self._generators[function] = found
        return found

    def run_root(self, function: Function, bound: dict[str, Value], reply: str) -> None:
        """Run a function that is called from outside of the project, with what it is given there."""
        frame = Frame(self.shared, function.module, State(dict(bound), {}), function, reply=reply)
        for name in (function.varargs, function.kwargs):
            if name and name not in bound:
                frame.state.names[name] = UNKNOWN
        self.shared.stack.append(function)
        if not isinstance(function.node, ast.Lambda):
            self.block(frame, function.node.body)
        self.shared.stack.pop()

    def receiver(self, owner: Class) -> Value:
        """Return the object that a method of a class is called on from outside."""
        return Value(refs=frozenset({Ref("instance", owner)}))


def _defaults(function: Function) -> dict[str, ast.expr]:
    """Return the defaults of a function's parameters, by name."""
    spec = function.node.args
    positional = [each.arg for each in (*spec.posonlyargs, *spec.args)]
    named = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    return {
        **dict(zip(reversed(positional), reversed(spec.defaults), strict=False)),
        **{each.arg: value for each, value in named if value is not None},
    }


def _outcomes(result: Value) -> tuple[bool | None, ...]:
    truth = fold.truth(result)
    return (None, True, False) if truth is None else (None, truth)


def _note(known: dict[str, Value], names: list[str], state: State) -> None:
    for name in names:
        value = state.names.get(name, UNKNOWN)
        known[name] = join(known[name], value) if name in known else value


def _labels(frame: Frame, arguments: Arguments) -> "frozenset":  # type: ignore[type-arg]
    return frozenset(label for each in arguments.all() for label in frame.content(each))


def _call_parameters(function: Function, node: ast.AST) -> tuple[str, ...]:
    """Return the parameters that the arguments of a call stand for, without the one that a method is bound to."""
    is_bound = function.owner is not None and "staticmethod" not in function.decorators
    return function.parameters[1:] if is_bound and isinstance(node, ast.Call) else function.parameters
