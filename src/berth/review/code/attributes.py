"""The attributes of modules, classes, instances and things of outside."""

import ast

from berth.review.code.entries import is_number, is_text
from berth.review.code.frame import Arguments, Frame, owner_name
from berth.review.code.guards import Guards
from berth.review.code.project import Class, Module
from berth.review.code.values import (
    NOTHING,
    UNKNOWN,
    Ref,
    Value,
    external,
    join,
    join_all,
    labelled,
    made_safe,
    reference,
)

_RECORDS = frozenset({"dataclass", "define", "frozen", "Struct", "BaseModel", "TypedDict", "NamedTuple", "SQLModel"})
"""The decorators and bases of classes whose objects are data."""


class Attributes(Guards):
    """The layer that knows attributes."""

    def _attribute(self, frame: Frame, node: ast.Attribute) -> Value:
        return self.attribute(frame, node, self.evaluate(frame, node.value), node.attr)

    def attribute(self, frame: Frame, node: ast.AST, base: Value, name: str) -> Value:
        """Return an attribute of a value."""
        found: list[Value] = []
        for ref in base.refs:
            value = self._member(frame, node, base, ref, name)
            if value is not None:
                found.append(value)
        if (base.labels and not base.refs) or not found:
            found.append(labelled(self._unknown(name), base.labels))
        return join_all(found)

    def _unknown(self, name: str) -> Value:
        """Return an attribute of what is not known; its name is kept if it makes data harmless when it is called."""
        clean = self.shared.library.clean(f"?.{name}")
        return external(f"?.{name}") if clean is not None and clean.safe else UNKNOWN

    def _member(self, frame: Frame, node: ast.AST, base: Value, ref: Ref, name: str) -> Value | None:
        if ref.kind == "external":
            value = self.symbol(f"{ref.target}.{name}")
            sourced = self.sourced(labelled(value, value.labels | base.labels), frame, node)
            return UNKNOWN if name == "path" and _is_fixed_path(frame, ref) else sourced
        if isinstance(ref.target, Module):
            return self._of_module(frame, ref.target, name)
        if ref.kind == "object":
            return self._of_object(frame, node, base, ref, name)
        if ref.kind == "instance":
            is_safe = isinstance(ref.target, Class) and is_number(ref.target, name)
            labels = frozenset() if is_safe else base.labels
            rest = labelled(UNKNOWN, labels) if labels else NOTHING
            if labels and isinstance(ref.target, Class) and is_text(ref.target, name):
                rest = made_safe(rest, ("nosql-injection",))
            return self._of_instance(frame, node, Value(refs=frozenset({ref}), labels=labels), ref.target, name, rest)
        if ref.kind == "super" and isinstance(ref.target, Class):
            method = self.shared.project.method(ref.target, name)
            return Value(refs=frozenset({Ref("bound", method, ref.of)})) if method is not None else UNKNOWN
        if isinstance(ref.target, Class):
            return self._of_class(frame, ref.target, name)
        return None

    def _of_object(self, frame: Frame, node: ast.AST, base: Value, ref: Ref, name: str) -> Value:
        thing = frame.state.heap.get(ref.target)
        if thing is None:
            return labelled(UNKNOWN, base.labels)
        if thing.kind != "instance":
            return Value(refs=frozenset({Ref("bound", name, Value(refs=frozenset({ref})))}))
        known = thing.get(name)
        if known is not None:
            return known
        return self._of_instance(frame, node, Value(refs=frozenset({ref})), thing.owner, name, thing.rest)

    def _of_module(self, frame: Frame, module: Module, name: str) -> Value:
        if name in module.variables and name not in module.functions and name not in module.classes:
            value = self.variable(module, name)
            self._adopt(frame, module)
            return value
        return self.symbol(f"{module.name}.{name}")

    def _of_class(self, frame: Frame, owner: Class, name: str) -> Value | None:
        method = self.shared.project.method(owner, name)
        if method is not None:
            return reference("function", method)
        for each in self.shared.project.ancestry(owner):
            if name in each.attributes:
                inner = Frame(self.shared, each.module, frame.state, None)
                inner.state = frame.state
                return self.evaluate(inner, each.attributes[name]) if not self._is_deep() else UNKNOWN
        return self.shared.fields.get((owner.name, name))

    def _is_deep(self) -> bool:
        return len(self.shared.stack) > 12

    def _of_instance(self, frame: Frame, node: ast.AST, base: Value, owner: object, name: str, rest: Value) -> Value:
        if not isinstance(owner, Class):
            return labelled(UNKNOWN, rest.labels)
        method = self.shared.project.method(owner, name)
        if method is not None:
            if any(each.endswith("property") for each in method.decorators):
                return self.run(frame, node, method, Arguments([base]))
            return Value(refs=frozenset({Ref("bound", method, base)}))
        found = [] if rest == NOTHING else [rest]
        for each in self.shared.project.ancestry(owner):
            self.shared.read.add((each.name, name))
            field = self.shared.fields.get((each.name, name))
            if field is not None:
                found.append(field)
        if not found:
            of_class = self._of_class(frame, owner, name)
            found.append(of_class if of_class is not None else self._of_bases(frame, node, owner, name))
        typed = self.typed(owner, name)
        if typed is None:
            return join_all(found)
        if rest != NOTHING and not self._holds_data(typed):
            return join_all([*found[1:], typed])  # it is reached through data, but is none
        return join_all([*found, labelled(typed, rest.labels)])

    def _holds_data(self, typed: Value) -> bool:
        """Whether an object is a record of what was sent, not something that does work."""
        owners = [ref.target for ref in typed.refs if isinstance(ref.target, Class)]
        kinds = {name.rpartition(".")[2] for owner in owners for name in self._kinds(owner)}
        return bool(kinds & _RECORDS)

    def _kinds(self, owner: Class) -> set[str]:
        return {*owner.decorators, *self.shared.project.external_bases(owner)}

    def typed(self, owner: Class, name: str) -> Value | None:
        """Return an instance of the class that an attribute is annotated with, if it is one of the project."""
        key = (owner_name(owner), name)
        if key not in self.shared.types:
            self.shared.types[key] = NOTHING
            for each in self.shared.project.ancestry(owner):
                for statement in each.node.body:
                    if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == name:
                        self.shared.types[key] = self.annotated(each.module, statement.annotation)
        value = self.shared.types[key]
        return None if value == NOTHING else value

    def annotated(self, module: Module, annotation: ast.expr | None) -> Value:
        """Return an instance of a class of the project that an annotation names, or nothing."""
        if isinstance(annotation, ast.BinOp):
            return join(self.annotated(module, annotation.left), self.annotated(module, annotation.right))
        found = self.shared.project.resolve(module.dotted(annotation)) if annotation is not None else None
        return reference("instance", found) if isinstance(found, Class) else NOTHING

    def _of_bases(self, frame: Frame, node: ast.AST, owner: Class, name: str) -> Value:
        bases = self.shared.project.external_bases(owner)
        if any("RequestHandler" in each and not each.startswith("tornado") for each in bases):
            return self.sourced(external(f"http.server.handler.{name}"), frame, node)
        if any("RequestHandler" in each for each in bases):
            return self.sourced(external(f"tornado.web.handler.{name}"), frame, node)
        if name in ("args", "kwargs") and any(each.endswith(("View", "ViewSet", "APIView")) for each in bases):
            return self.sourced(external(f"view.{name}"), frame, node)
        if name == "cleaned_data":
            return self.sourced(external("form.cleaned_data"), frame, node)
        return external("request") if name == "request" else UNKNOWN


def _is_fixed_path(frame: Frame, ref: Ref) -> bool:
    """Whether a function answers requests of one path only, so that the path says nothing from outside."""
    if not str(ref.target).endswith("request"):
        return False
    decorators = getattr(frame.function.node, "decorator_list", ()) if frame.function else ()
    routes = [each.args[0] for each in decorators if isinstance(each, ast.Call) and each.args]
    texts = [each.value for each in routes if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return bool(texts) and all(each.startswith("/") and not set(each) & set("<{*:") for each in texts)
