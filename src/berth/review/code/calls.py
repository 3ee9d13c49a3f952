"""Calls: of what the project defines, by what is in it; of everything else, by what models say."""

import ast

from msgspec.structs import replace

from berth.review.code import fold
from berth.review.code.builtins import BUILTINS
from berth.review.code.containers import STORES, call_container
from berth.review.code.entries import is_request
from berth.review.code.expressions import Expressions
from berth.review.code.format_parts import brace_parts
from berth.review.code.frame import Arguments, Frame
from berth.review.code.guards import removed
from berth.review.code.project import Class, Function
from berth.review.code.sinks import check_call, reply_body
from berth.review.code.values import (
    NOTHING,
    UNKNOWN,
    Label,
    Ref,
    Thing,
    Value,
    constant,
    external,
    join,
    join_all,
    labelled,
    made_safe,
    made_unsafe,
    reference,
)

LARGEST_TRACKED_CLASS = 150
NEVER_RETURN = frozenset(
    {"flask.abort", "werkzeug.exceptions.abort", "bottle.abort", "sys.exit", "os._exit", "exit", "quit", "os.abort"}
)
TEXT_METHODS = (fold.METHODS | {"rsplit", "rjust", "ljust", "zfill"}) - {"count", "find", "index", "rfind", "rindex"}
_NUMBERS = frozenset({"int", "float"})
_TEXT_CODECS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "iso-8859-1"})
_ENUMERATIONS = frozenset({"Enum", "StrEnum", "IntEnum"})
_RESOLVING = frozenset({"os.path.realpath", "os.path.abspath", "os.path.normpath"})
_SAME_TEXT = frozenset({"strip", "lower", "upper", "lstrip", "rstrip", "title", "casefold", "encode", "decode"})
"""Methods whose result is dangerous where their text is."""
_ADDS = frozenset({"append", "add", "extend", "update", "appendleft", "insert"})


class Calls(Expressions):
    """The layer that knows calls."""

    def _call(self, frame: Frame, node: ast.Call) -> Value:
        if frame.refining and id(node) in frame.results:
            return frame.results[id(node)]
        receiver = name = None
        if isinstance(node.func, ast.Attribute):
            receiver, name = self.evaluate(frame, node.func.value), node.func.attr
        callee = UNKNOWN if receiver is not None else self.evaluate(frame, node.func)
        arguments = self._arguments(frame, node)
        self.last_summary.pop(id(node), None)
        if receiver is not None and name is not None:
            if name in _ADDS:
                self._add_below(frame, node, receiver, arguments)
            value = self.call_method(frame, node, receiver, name, arguments)
        else:
            value = self.call(frame, node, callee, arguments)
        if node.args and not _NUMBERS.isdisjoint(callee.names()):
            self.refine_number(frame, node.args[0])
        frame.results[id(node)] = value
        return value

    def _add_below(self, frame: Frame, node: ast.Call, receiver: Value, arguments: Arguments) -> None:
        """Keep what is added to an entry that is made by asking for it: `groups[key].append(item)`."""
        entry = getattr(node.func, "value", None)
        if not isinstance(entry, ast.Subscript) or not isinstance(entry.value, ast.Name) or frame.things(receiver):
            return
        labels = frozenset[Label]().union(*(frame.content(each) for each in arguments.all()))
        if labels:
            base = self.evaluate(frame, entry.value)
            frame.change(base, lambda thing: thing.blurred(labelled(UNKNOWN, labels)))

    def _arguments(self, frame: Frame, node: ast.Call) -> Arguments:
        made = Arguments([])
        for each in node.args:
            value = self.evaluate(frame, each)
            if isinstance(each, ast.Starred):
                self._unpack_positional(frame, made, value, each, is_last=each is node.args[-1])
            else:
                made.positional.append(value)
        for keyword in node.keywords:
            value = self.evaluate(frame, keyword.value)
            if keyword.arg is not None:
                made.named[keyword.arg] = value
                continue
            for _, thing in frame.things(value):
                made.named |= {key: item for key, item in thing.items if isinstance(key, str)}
                made.rest = join(made.rest, thing.rest)
            made.rest = join(made.rest, labelled(NOTHING, value.labels))
        return made

    def _unpack_positional(
        self, frame: Frame, made: Arguments, value: Value, node: ast.Starred, *, is_last: bool
    ) -> None:
        things = [thing for _, thing in frame.things(self.evaluate(frame, node.value))]
        if len(things) == 1 and things[0].is_exact and is_last:
            made.positional += things[0].values()
        else:
            made.rest = join(made.rest, value)

    def call_method(self, frame: Frame, node: ast.Call, receiver: Value, name: str, arguments: Arguments) -> Value:
        """Return what a call of a method gives: of a container, of an instance, of a text, of a thing of outside."""
        found: list[Value] = []
        for key, thing in frame.things(receiver):
            if thing.kind != "instance":
                one = Value(refs=frozenset({Ref("object", key)}))
                found.append(call_container(frame, node, one, thing, name, arguments))
        others = replace(
            receiver, refs=frozenset(each for each in receiver.refs if not self._is_container(frame, each))
        )
        if others.labels and name in TEXT_METHODS and all(ref.kind == "external" for ref in others.refs):
            others = replace(others, refs=frozenset(), is_open=True)
        if others.refs:
            attribute = self.attribute(frame, node, others, name)
            found.append(self.call(frame, node, attribute, arguments, receiver=others, name=name))
        elif others.constants or others.labels or others.is_open or not found:
            found.append(self._call_text(frame, node, others, name, arguments))
        return join_all(found)

    @staticmethod
    def _is_container(frame: Frame, ref: Ref) -> bool:
        thing = frame.state.heap.get(ref.target) if ref.kind == "object" else None
        return thing is not None and thing.kind != "instance"

    def _call_text(self, frame: Frame, node: ast.Call, receiver: Value, name: str, arguments: Arguments) -> Value:
        if name == "join" and receiver.only() is not None and arguments.positional:
            return self._joined(frame, node, receiver, arguments.positional[0])
        folded = fold.method(name, receiver, arguments.positional) if not arguments.named else None
        if folded is not None and receiver.only() is not None:
            if name in ("split", "rsplit", "splitlines", "partition"):
                return self._split_constant(frame, node, receiver, name, arguments)
            return folded
        return self._call_open_text(frame, node, receiver, name, arguments)

    def _call_open_text(self, frame: Frame, node: ast.Call, receiver: Value, name: str, arguments: Arguments) -> Value:
        if name == "format":
            return self.assembled(frame, node, brace_parts(frame, receiver, arguments))
        if name == "replace" and len(arguments.positional) >= 2:
            return self._replaced(receiver, arguments)
        if name in ("split", "rsplit", "splitlines", "partition", "rpartition"):
            return frame.make(node, Thing("list", (), labelled(UNKNOWN, receiver.labels), is_exact=False))
        if name in _SAME_TEXT and receiver.labels:
            return replace(receiver, constants=frozenset(), is_open=True)
        return self.call_external(frame, node, f"?.{name}", receiver, arguments)

    def _split_constant(self, frame: Frame, node: ast.Call, receiver: Value, name: str, arguments: Arguments) -> Value:
        single = receiver.single()
        given = [each.single() for each in arguments.positional]
        if single is None or not all(given) or not isinstance(single[0], str):
            return frame.make(node, Thing("list", (), UNKNOWN, is_exact=False))
        try:
            parts = getattr(single[0], name)(*(each[0] for each in given if each))
        except fold.ERRORS:
            return UNKNOWN
        return frame.make(node, Thing("list", tuple(enumerate(constant(each) for each in parts[:60]))))

    def _joined(self, frame: Frame, node: ast.Call, receiver: Value, given: Value) -> Value:
        things = [thing for _, thing in frame.things(given)]
        separator = receiver.single()
        if len(things) == 1 and things[0].is_exact and separator is not None:
            values = things[0].values()
            singles = [each.single() for each in values]
            if all(each is not None and isinstance(each[0], str) for each in singles) and isinstance(separator[0], str):
                return constant(separator[0].join(str(each[0]) for each in singles if each))
            return self.assembled(frame, node, values)
        return self.assembled(frame, node, [labelled(UNKNOWN, frame.content(given))])

    @staticmethod
    def _replaced(receiver: Value, arguments: Arguments) -> Value:
        old, new = arguments.positional[0].only(), arguments.positional[1]
        value = replace(receiver, constants=frozenset(), is_open=True, labels=receiver.labels | new.labels)
        texts = new.only()
        if not old or len(old) != 1 or texts is None or not isinstance(old[0], str):
            return value
        # What is replaced by something that begins otherwise is gone, unless it can arise from what is left.
        if all(not str(each).startswith(old[0]) or str(each) == old[0] * 2 for each in texts) and len(old[0]) == 1:
            return made_safe(value, (), {old[0]})
        return value

    def call(
        self,
        frame: Frame,
        node: ast.Call,
        callee: Value,
        arguments: Arguments,
        receiver: Value | None = None,
        name: str = "?",
    ) -> Value:
        """Return what a call gives."""
        refs = list(callee.refs)
        if len(refs) > 1:
            refs.sort(key=lambda ref: (ref.kind, ref.order))
        called = (self._call_ref(frame, node, ref, arguments, receiver) for ref in refs[:6])
        found = [value for value in called if value is not None]
        return join_all(found or [self.call_external(frame, node, f"?.{name}", receiver, arguments)])

    def _call_ref(
        self, frame: Frame, node: ast.Call, ref: Ref, arguments: Arguments, receiver: Value | None
    ) -> Value | None:
        """Return what a call of one thing gives, or None if it cannot be called."""
        if ref.kind == "external":
            return self.call_external(frame, node, str(ref.target), receiver, arguments)
        if isinstance(ref.target, Function):
            value = self.run(frame, node, ref.target, _with_receiver(ref, ref.target, arguments, receiver))
            self.shared.calls[frame.place(node)] = True
            return value
        if isinstance(ref.target, Class) and ref.kind == "class":
            value = self._construct(frame, node, ref.target, arguments)
            self.shared.calls[frame.place(node)] = True
            return value
        if ref.kind == "bound" and isinstance(ref.of, Value):
            return self.call_method(frame, node, ref.of, str(ref.target), arguments)
        return None

    def _construct(self, frame: Frame, node: ast.Call, owner: Class, arguments: Arguments) -> Value:
        size = (owner.node.end_lineno or 0) - owner.node.lineno
        start = self.shared.project.method(owner, "__init__")
        if any(each.rpartition(".")[2] in _ENUMERATIONS for each in self.shared.project.external_bases(owner)):
            return reference("instance", owner)
        if size > LARGEST_TRACKED_CLASS or len(self.shared.stack) > 8:
            made = reference("instance", owner)
        else:
            made = frame.make(node, Thing("instance", owner=owner))
        if start is not None:
            self.run(frame, node, start, Arguments([made, *arguments.positional], arguments.named, arguments.rest))
            return made
        for name, value in [*zip(_fields(owner), arguments.positional, strict=False), *arguments.named.items()]:
            self.set_attribute(frame, made, name, value)
        return made

    def call_external(
        self, frame: Frame, node: ast.Call, name: str, receiver: Value | None, arguments: Arguments
    ) -> Value:
        """Return what a call of something outside of the project gives, by its model."""
        self.shared.calls.setdefault(frame.place(node), not name.startswith("?"))
        check_call(frame, node, name, arguments, receiver)
        if name in STORES:
            kept = frozenset[Label]().union(*(frame.content(each) for each in arguments.all()))
            rest = labelled(UNKNOWN, kept) if kept else NOTHING
            return frame.make(node, Thing("store", (), rest, is_exact=not kept, owner=name))
        builtin = BUILTINS.get(name.removeprefix("builtins."))
        value = builtin(self, frame, node, arguments) if builtin is not None else None
        if value is not None:
            return value
        if name in NEVER_RETURN:
            frame.state.alive = False
            return NOTHING
        self._run_callbacks(frame, node, name, arguments)
        if name.endswith(".make_response") and arguments.positional:  # status and headers are no part of the page
            arguments = Arguments([reply_body(frame, arguments.positional[0])])
        labels = frozenset[Label]().union(*(frame.content(each) for each in (*arguments.all(), receiver or NOTHING)))
        result = self._modelled(frame, node, name, labels, arguments)
        # What is done with data gives the same data, which may have been checked since it entered.
        origins = {label.origin for label in receiver.labels} if receiver is not None else set()
        return self.sourced(result, frame, node, origins)

    def _modelled(
        self, frame: Frame, node: ast.Call, name: str, labels: frozenset[Label], arguments: Arguments
    ) -> Value:
        clean = self.shared.library.clean(name)
        variant = self._variant(name, arguments)
        if variant is not None:
            return external(variant, labels)
        result = external(f"{name}()", labels)
        if clean is not None and clean.drops:
            return external(f"{name}()")
        if clean is not None:
            result = made_safe(result, clean.safe, clean.absent)
            result = made_unsafe(result) if clean.restores and not _is_text_codec(name, arguments) else result
            result = made_unsafe(result, clean.undoes) if clean.undoes else result
        result = _as_path(name, result, arguments)
        if name == "re.sub":
            result = made_safe(result, (), _replaced_by(arguments))
        if name == "re.compile" and arguments.positional:
            pattern = arguments.positional[0].single()
            result = replace(result, prefix=f"pattern:{pattern[0]!s}" if pattern else "")
        if name.endswith((".setFeature", ".setfeature")) and isinstance(node.func, ast.Attribute):
            self._set_feature(frame, node.func.value, arguments)
        return result

    def _variant(self, name: str, arguments: Arguments) -> str | None:
        """Return the name of what a call makes because of an argument, or None if the argument does not matter."""
        for each in self.shared.library.variants(name):
            value = arguments.named.get(each.given)
            single = value.single() if value is not None else None
            known = single[0] if single is not None else None
            if value is not None and (known in each.when if each.when else known not in each.unless):
                return each.becomes
        return None

    @staticmethod
    def _set_feature(frame: Frame, node: ast.expr, arguments: Arguments) -> None:
        feature, on = arguments.get(0), arguments.get(1)
        if feature is None or on is None or not isinstance(node, ast.Name) or fold.truth(on) is not True:
            return
        if any("external" in each for each in feature.names()) or "external" in str(feature.only()):
            frame.state.names[node.id] = external("entities-on")

    def _run_callbacks(self, frame: Frame, node: ast.Call, name: str, arguments: Arguments) -> None:
        """Run the functions that are passed on, with the data that is given along."""
        given = [value for value in arguments.all() if any(ref.kind in ("function", "bound") for ref in value.refs)]
        if not given or name.startswith("sqlalchemy.") or len(self.shared.stack) > 10:
            return
        labels = frozenset(label for value in arguments.all() if value not in given for label in frame.content(value))
        for value in given:
            for ref in value.refs:
                if isinstance(ref.target, Function) and (labels or ref.target not in self.shared.called):
                    positional = [ref.of] if isinstance(ref.of, Value) else []
                    self.run(frame, node, ref.target, Arguments([*positional, *_callback(ref.target, labels)]))
                    frame.state.alive = True  # it may never be called


def _callback(function: Function, labels: frozenset[Label]) -> list[Value]:
    """Return what a library gives a function that it calls: a request where the parameter is one, else its data."""
    names = [each for each in function.parameters if each not in ("self", "cls")][:3]
    return [external("request") if is_request(function, each) else labelled(UNKNOWN, labels) for each in names]


def _with_receiver(ref: Ref, function: Function, arguments: Arguments, receiver: Value | None) -> Arguments:
    """Return the arguments of a call with the object or class that the function is bound to, if it is bound."""
    if isinstance(ref.of, Value) and "staticmethod" not in function.decorators:
        return Arguments([ref.of, *arguments.positional], arguments.named, arguments.rest)
    if ref.kind == "function" and "classmethod" in function.decorators:
        return Arguments([receiver or UNKNOWN, *arguments.positional], arguments.named, arguments.rest)
    return arguments


def _fields(owner: Class) -> list[str]:
    """Return the names that a class annotates in its body, which its generated constructor takes in this order."""
    annotated = (each.target for each in owner.node.body if isinstance(each, ast.AnnAssign))
    return [each.id for each in annotated if isinstance(each, ast.Name)]


def _as_path(name: str, result: Value, arguments: Arguments) -> Value:
    """Return the result of a call that makes a path, with what is known of how it begins; others unchanged."""
    if name in _RESOLVING or name.endswith(("Path().resolve", "?.resolve")):
        result = made_safe(result, ("resolved",))
    if name.startswith("pathlib.Path") or name in ("os.path.join", "os.path.realpath", "os.path.abspath"):
        first = arguments.get(0)
        single = first.single() if first is not None and not first.labels else None
        prefix = str(single[0]) if single else "folder" if first is not None and not first.labels else ""
        result = replace(result, prefix=prefix)
        if name.startswith("pathlib.Path()."):
            result = replace(external("pathlib.Path()", result.labels), prefix=prefix)
    return result


def _replaced_by(arguments: Arguments) -> frozenset[str]:
    """Return the dangerous texts that `re.sub` takes out: those of a class of which it leaves nothing."""
    given = [None if each is None else each.single() for each in (arguments.get(0), arguments.get(1))]
    if given[0] is None or given[1] is None:
        return frozenset()
    gone = removed(str(given[0][0]))
    return frozenset(each for each in gone if each not in str(given[1][0]))


def _is_text_codec(name: str, arguments: Arguments) -> bool:
    """Whether a decoder gives the text that its bytes are, and does not undo an encoding of it."""
    codec = arguments.get(1) or arguments.get("encoding")
    single = codec.single() if codec is not None else ("utf-8",)
    return name == "codecs.decode" and single is not None and str(single[0]).lower() in _TEXT_CODECS
