"""What an interpretation shares, and what each function under interpretation has of its own."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from berth.review.code.library import Library, Sink
from berth.review.code.log_configuration import LogConfiguration
from berth.review.code.project import Class, Function, Module, Project
from berth.review.code.values import NOTHING, UNKNOWN, Label, Ref, State, Thing, Value, join, join_all, labelled
from berth.review.model import CodePlace, Step

MOST_REACHABLE = 40


@dataclass(slots=True)
class Arguments:
    """What a call gives: by position, by name, and unpacked from what is not known in detail."""

    positional: list[Value]
    named: dict[str, Value] = field(default_factory=dict)
    rest: Value = NOTHING

    def all(self) -> list[Value]:
        """Return every value that is given."""
        return [*self.positional, *self.named.values(), *([] if self.rest == NOTHING else [self.rest])]

    def labels(self) -> frozenset[Label]:
        """Return the labels of everything that is given."""
        return frozenset().union(*(each.labels for each in self.all()))

    def get(self, which: int | str) -> Value | None:
        """Return the argument at a position or of a name."""
        if isinstance(which, int):
            if which < len(self.positional):
                return self.positional[which]
            return None if self.rest == NOTHING else self.rest
        return self.named.get(which)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a function does, called with certain values: its result, the objects that it changed or made.

    `after` are the values of its parameters where it returns something true (True), false (False), or at all (None).
    """

    value: Value
    things: tuple[tuple[object, Thing], ...] = ()
    after: dict[bool | None, dict[str, Value]] = field(default_factory=dict)
    returns: bool = True
    shared: tuple[tuple[object, Thing], ...] = ()  # objects of its module that it changed


@dataclass(frozen=True, slots=True)
class Hit:
    """Data that reaches a sink."""

    rule: str
    label: Label
    place: CodePlace
    symbol: str
    text: str
    code: str


@dataclass(slots=True)
class Shared:
    """What the interpretation of a whole project shares."""

    project: Project
    library: Library
    memo: dict[object, Summary] = field(default_factory=dict)
    contexts: dict[Function, int] = field(default_factory=dict)
    called: set[Function] = field(default_factory=set)
    fields: dict[tuple[str, str], Value] = field(default_factory=dict)
    globals: dict[str, "State"] = field(default_factory=dict)
    closures: dict[Function, dict[str, Value]] = field(default_factory=dict)
    hits: dict[object, Hit] = field(default_factory=dict)
    safe: dict[tuple[str, CodePlace], str] = field(default_factory=dict)  # (rule, sink) -> why nothing is wrong
    calls: dict[CodePlace, bool] = field(default_factory=dict)  # call -> resolved
    stack: list[Function] = field(default_factory=list)
    ticks: int = 0
    limit: int = 0
    grown: bool = False
    read: set[tuple[str, str]] = field(default_factory=set)  # attributes whose values were used
    exhausted: set[Function] = field(default_factory=set)
    types: dict[tuple[str, str], Value] = field(default_factory=dict)
    given: dict[Step, Label] = field(default_factory=dict)  # a parameter -> the first data that it was given
    callers: dict[Step, dict[tuple[Step, Step], Label]] = field(default_factory=dict)  # ... all data, by call and entry
    made: dict[object, Value] = field(default_factory=dict)  # an object's name -> the value that refers to it
    logs: LogConfiguration = field(init=False)

    def __post_init__(self) -> None:
        """Prepare what is known of the project's logs, which is looked up when it is needed."""
        renderers = (each for rule in self.library.rules.values() for each in rule.renderers)
        self.logs = LogConfiguration(self.project, renderers)


@dataclass(slots=True)
class Frame:
    """A function, or the body of a module, under interpretation."""

    shared: Shared
    module: Module
    state: State
    function: Function | None = None
    returned: list[tuple[Value, State, ast.expr | None]] = field(default_factory=list)
    yielded: Value = NOTHING
    breaks: list[list[State]] = field(default_factory=list)
    continues: list[list[State]] = field(default_factory=list)
    raised: list[list[State]] = field(default_factory=list)
    thrown: frozenset[Label] = frozenset()  # what is in the errors that were raised
    refining: int = 0  # how many conditions are being read, whose calls were evaluated already
    results: dict[int, Value] = field(default_factory=dict)  # of calls, by the node's id
    reply: str = ""  # the rule that what is returned must obey, of the function that answers a request

    @property
    def symbol(self) -> str:
        """The dotted name of what is interpreted."""
        return self.function.name if self.function else self.module.name

    def place(self, node: ast.AST) -> CodePlace:
        """Return where a node stands."""
        return CodePlace(self.module.path, getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1)

    def key(self, node: ast.AST, kind: str = "") -> tuple[str, int, int, str]:
        """Return the name of an object that a node makes."""
        return (self.module.path, getattr(node, "lineno", 0), getattr(node, "col_offset", 0), kind)

    def make(self, node: ast.AST, thing: Thing) -> Value:
        """Put an object on the heap, and return the value that refers to it."""
        key = self.key(node, thing.kind)
        self.state.heap[key] = thing
        made = self.shared.made.get(key)
        if made is None:
            made = self.shared.made[key] = Value(refs=frozenset({Ref("object", key)}))
        return made

    def things(self, value: Value) -> list[tuple[object, Thing]]:
        """Return the objects that a value refers to, with their keys."""
        refs = value.refs
        if not refs:
            return []
        heap = self.state.heap
        if len(refs) == 1:
            (ref,) = refs
            thing = heap.get(ref.target) if ref.kind == "object" else None
            return [] if thing is None else [(ref.target, thing)]
        return [(ref.target, heap[ref.target]) for ref in value.of_kind("object") if ref.target in heap]

    def change(self, value: Value, how: Callable[[Thing], Thing]) -> None:
        """Change the objects that a value refers to; where there are several, each may be unchanged, too."""
        found = self.things(value)
        for key, thing in found:
            changed = how(thing)
            if len(found) > 1:
                changed = replace(changed, rest=join(changed.rest, thing.rest))
            self.state.heap[key] = changed

    def content(self, value: Value, depth: int = 3) -> frozenset[Label]:
        """Return the labels of a value and of what is in the objects that it refers to."""
        labels = value.labels
        if depth and value.refs:
            for _, thing in self.things(value):
                for each in thing.values():
                    labels |= self.content(each, depth - 1)
            for ref in value.of_kind("bound"):
                if isinstance(ref.of, Value):
                    labels |= self.content(ref.of, depth - 1)
        return labels

    def element(self, value: Value) -> Value:
        """Return what iterating over a value gives."""
        found: list[Value] = []
        for _, thing in self.things(value):
            if thing.kind == "dict":
                keys = [Value(frozenset({(type(key).__name__, key)})) for key, _ in thing.items]  # type: ignore[arg-type]
                found += [*keys, *([] if thing.is_exact else [labelled(UNKNOWN, self.content(thing.rest))])]
            else:
                found += thing.values()
        only = value.only()
        if only is not None and all(isinstance(each, str) for each in only):
            found += [Value(is_open=True)]
        elif value.labels or value.is_open or any(ref.kind != "object" for ref in value.refs):
            found.append(replace(UNKNOWN, labels=value.labels, refs=frozenset(_called(value.refs))))
        return join_all(found)

    def leak(self, value: Value) -> Value:
        """Return a value as seen where this frame's objects are not known."""
        if not value.refs or not any(ref.kind == "object" for ref in value.refs):
            return value
        refs = {ref for ref in value.refs if ref.kind != "object"}
        for _, thing in self.things(value):
            if thing.kind == "instance":
                refs.add(Ref("instance", thing.owner))
        return replace(value, refs=frozenset(refs), is_open=True, labels=self.content(value))

    def step_at(self, node: ast.AST, what: str) -> Step:
        """Make a step of a path out of a node."""
        return self.module.step_at(node, what)


def _called(refs: frozenset[Ref]) -> list[Ref]:
    return [Ref("external", f"{ref.target}[]") for ref in refs if ref.kind == "external" and len(str(ref.target)) < 120]


def owner_name(owner: object) -> str:
    """Return the dotted name of a class."""
    return owner.name if isinstance(owner, Class) else str(owner)


def reachable(heap: dict[object, Thing], values: list[Value]) -> dict[object, Thing]:
    """Return the objects that can be reached from values, the first `MOST_REACHABLE`."""
    found: dict[object, Thing] = {}
    waiting = [ref.target for value in values if value.refs for ref in value.of_kind("object")]
    while waiting and len(found) < MOST_REACHABLE:
        key = waiting.pop()
        if key in found or key not in heap:
            continue
        found[key] = heap[key]
        waiting += [ref.target for value in heap[key].values() if value.refs for ref in value.of_kind("object")]
    return found


def sink_arguments(sink: Sink, arguments: Arguments, receiver: Value | None) -> list[Value]:
    """Return the arguments that a sink looks at."""
    if "*" in sink.arguments:
        return arguments.all()
    found = [arguments.get(which) for which in sink.arguments if which != "self"]
    if "self" in sink.arguments:
        found.append(receiver)
    return [each for each in found if each is not None]
