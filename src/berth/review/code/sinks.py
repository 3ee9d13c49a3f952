"""Whether what reaches a sink does harm there."""

import ast
import re

from berth.review.code.content_types import is_other_type
from berth.review.code.frame import Arguments, Frame, Hit, sink_arguments
from berth.review.code.library import FlowRule, Sink
from berth.review.code.values import UNKNOWN, Label, Value, join_all, labelled, made_unsafe
from berth.review.model import CodePlace

_OWN_HOST = re.compile(r"(?i)[a-z][a-z0-9+.-]*://[^/?#@\\]+[/?#]")
_OWN_PATH = re.compile(r"/[^/\\]|[?#]|[\w.-]+/")
_EXPRESSION = re.compile(
    r"[?.](?:values|where|select|insert|update|delete|filter|filter_by|order_by|limit|returning|select_from|outerjoin|having"
    r"|group_by|distinct|with_for_update|on_conflict\w*)\(\)(?:\.join\(\))?$"
)
_PLACES = re.compile(r"(?<!%)%[-+ #0-9.*]*([a-zA-Z])")
_RUN = frozenset({"$where", "$function", "$accumulator"})
"""Keys of a document whose value a document database runs as JavaScript."""
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "cmd", "cmd.exe", "/bin/sh", "/bin/bash", "powershell", "ksh"})
_SAFE_LOADERS = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")


def check_call(frame: Frame, node: ast.Call, name: str, arguments: Arguments, receiver: Value | None) -> None:
    """Record what the arguments of a call do, if it is a sink."""
    for sink in frame.shared.library.sinks(name):
        if not _applies(sink, arguments):
            continue
        rule = frame.shared.library.rules[sink.rule]
        if sink.bare:
            _check_bare(frame, node, rule, arguments)
        elif sink.constant:
            _check_constant(frame, node, rule, sink, arguments)
        else:
            _check_arguments(frame, node, name, rule, sink, arguments, receiver)


def _check_arguments(
    frame: Frame,
    node: ast.Call,
    name: str,
    rule: FlowRule,
    sink: Sink,
    arguments: Arguments,
    receiver: Value | None,
) -> None:
    if sink.kind.startswith("page") and not _is_page(frame, sink.kind, arguments):
        frame.shared.safe[(rule.id, frame.place(node))] = "is sent as another type than HTML"
    elif sink.kind == "words":
        _check_words(frame, node, rule, arguments)
    elif sink.kind == "yaml" and _is_safe_loader(arguments):
        frame.shared.safe[(rule.id, frame.place(node))] = "uses a safe loader"
    elif rule.id == "log-injection" and _quotes_all(arguments):
        frame.shared.safe[(rule.id, frame.place(node))] = "writes data with %r, which quotes line ends"
    elif rule.id == "log-injection" and _is_escaped(frame, node):
        frame.shared.safe[(rule.id, frame.place(node))] = "is written by a log whose configuration escapes line ends"
    elif sink.kind == "entities" and not _reads_entities(name, arguments):
        frame.shared.safe[(rule.id, frame.place(node))] = "uses a parser without external entities"
    else:
        for value in sink_arguments(sink, arguments, receiver):
            if rule.id == "sql-injection" and any(map(_EXPRESSION.search, value.names())):
                frame.shared.safe[(rule.id, frame.place(node))] = "gets SQL expressions, which bind values"
                continue
            value = reply_body(frame, value) if rule.id == "cross-site-scripting" else value
            check(frame, node, rule, value, sink.origins, deep=sink.kind == "document")
            if rule.id == "nosql-injection":
                check(frame, node, rule, _scripts(frame, value), sink.origins)


def _scripts(frame: Frame, document: Value, depth: int = 3) -> Value:
    """Return what stands in a document where a database runs it as code: there, text is as dangerous as a document."""
    found: list[Value] = []
    for key, value in (item for _, thing in frame.things(document) for item in thing.items):
        if key in _RUN:
            found.append(made_unsafe(labelled(UNKNOWN, frame.content(value)), ("nosql-injection",)))
        elif depth:
            found.append(_scripts(frame, value, depth - 1))
    return join_all(found)


def _quotes_all(arguments: Arguments) -> bool:
    """Whether the first argument is a constant text, all of whose places are filled by `%r`, `%a` or numbers."""
    first = arguments.get(0)
    text = first.single() if first is not None else None
    places = _PLACES.findall(str(text[0])) if text else []
    return bool(places) and set(places) <= set("radfxg")


def _is_escaped(frame: Frame, node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and frame.shared.logs.escapes(frame.module, node.func.value)


def _is_page(frame: Frame, kind: str, arguments: Arguments) -> bool:
    """Whether a reply is HTML by its content type.

    Of the kind `page if said` it is only if one is given; of `page written` the function around the call may say it.
    """
    if kind == "page written":
        return frame.function is None or not is_other_type(frame.function)
    given = [arguments.named.get(name) for name in ("content_type", "mimetype", "media_type")]
    types = [str(each) for value in given if value is not None for each in value.only() or ("html",)]
    return any("html" in each for each in types) if types else kind == "page"


def reply_body(frame: Frame, value: Value) -> Value:
    """Return the body of a reply that is given with its status and headers, or in parts."""
    things = [thing for _, thing in frame.things(value)]
    if len(things) == 1 and things[0].kind == "tuple" and things[0].items:
        return things[0].items[0][1]
    return labelled(UNKNOWN, frame.content(value)) if any(each.kind == "list" for each in things) else value


def _applies(sink: Sink, arguments: Arguments) -> bool:
    for key, wanted in sink.when:
        value = arguments.named.get(key)
        if value is None or value.single() != (wanted,):
            return False
    return not any(
        (value := arguments.named.get(key)) is not None and value.single() == (given,) for key, given in sink.unless
    )


def _check_bare(frame: Frame, node: ast.AST, rule: FlowRule, arguments: Arguments) -> None:
    security = arguments.named.get("usedforsecurity")
    if security is None or security.single() != (False,):
        record_fact(frame, node, rule)


def _check_constant(frame: Frame, node: ast.AST, rule: FlowRule, sink: Sink, arguments: Arguments) -> None:
    security = arguments.named.get("usedforsecurity")
    if security is not None and security.single() == (False,):
        return
    for value in sink_arguments(sink, arguments, None):
        if any(str(each).lower() in sink.constant for each in value.only() or ()):
            record_fact(frame, node, rule)


def record_fact(frame: Frame, node: ast.AST, rule: FlowRule) -> None:
    """Record a defect that needs no data from outside."""
    place = frame.place(node)
    label = Label("", frame.step_at(node, rule.sentence))
    frame.shared.hits.setdefault(
        (rule.id, place), Hit(rule.id, label, place, frame.symbol, "", frame.module.code(place.line))
    )


def _is_safe_loader(arguments: Arguments) -> bool:
    loader = arguments.named.get("Loader") or arguments.get(1)
    return loader is not None and bool(loader.names()) and all(each.endswith(_SAFE_LOADERS) for each in loader.names())


def _reads_entities(name: str, arguments: Arguments) -> bool:
    parsers = [value for value in arguments.all()[1:] if value.names()]
    if any("entities-on" in each for value in parsers for each in value.names()):
        return True
    return name.startswith("lxml.") and not parsers and False


def _check_words(frame: Frame, node: ast.Call, rule: FlowRule, arguments: Arguments) -> None:
    command = arguments.get(0) or arguments.named.get("args")
    if command is None:
        return
    shell = arguments.named.get("shell")
    if shell is not None and shell.single() != (False,):
        labels = frame.content(command)
        check(frame, node, rule, Value(is_open=True, labels=labels))
        return
    for _, thing in frame.things(command):
        words = thing.values()
        texts = {str(each).lower() for word in words for each in word.only() or ()}
        if texts & _SHELLS and texts & {"-c", "/c", "-command"}:
            for word in words:
                check(frame, node, rule, word)
        elif thing.items and thing.is_exact:
            check(frame, node, rule, thing.items[0][1])
    check(frame, node, rule, command, deep=False)


def check(
    frame: Frame, node: ast.AST, rule: FlowRule, value: Value, origins: tuple[str, ...] = (), deep: bool = True
) -> None:
    """Record each label of a value that does harm of this kind; say why there is none otherwise."""
    labels = frame.content(value) if deep or _is_file(frame, value) else value.labels
    wanted = rule.origins or origins
    place = frame.place(node)
    harmful = [label for label in labels if not is_harmless(rule, label, value)]
    counted = [
        label
        for label in harmful
        if (label.origin in wanted if wanted else label.origin not in ("weak random", "error"))
    ]
    if counted:
        for label in sorted(counted, key=lambda each: (each.entry.place, each.origin)):
            _record(frame, node, rule, label, place)
    elif (rule.id, place) not in frame.shared.safe:
        frame.shared.safe[(rule.id, place)] = _reason(value, labels)


def _is_file(frame: Frame, value: Value) -> bool:
    """Whether a value is a file in memory: what reads it gets all that is in it."""
    return any(thing.kind == "store" for _, thing in frame.things(value))


def _reason(value: Value, labels: frozenset[Label]) -> str:
    if labels:
        return "gets data that is made harmless before"
    if value.only() is not None:
        return "gets constants"
    if any(name.startswith("sqlalchemy.") for name in value.names()):
        return "gets SQLAlchemy expressions"
    return "gets nothing from outside"


def is_harmless(rule: FlowRule, label: Label, value: Value) -> bool:
    """Whether what is known of a label rules this kind of harm out."""
    if rule.id in label.safe or "*" in label.safe:
        return True
    if any(all(character in label.absent for character in alternative) for alternative in rule.absent):
        return True
    if rule.id in ("open-redirect", "request-forgery"):
        own_path = rule.id == "open-redirect" and _OWN_PATH.match(value.prefix)
        return bool(_OWN_HOST.match(value.prefix) or own_path)
    if rule.id == "path-traversal":
        return "../" in label.absent and bool(value.prefix)
    return False


def _record(frame: Frame, node: ast.AST, rule: FlowRule, label: Label, place: CodePlace) -> None:
    key = (rule.id, place, label.entry.place, label.origin)
    if key not in frame.shared.hits:
        hit = Hit(
            rule.id, label.via(frame.step_at(node, "reaches")), place, frame.symbol, "", frame.module.code(place.line)
        )
        frame.shared.hits[key] = hit
