"""What a handler answers with: a page that a browser shows, or another kind of text."""

import ast
from typing import Final

from berth.review.code.content_types import SHOWN, says_html
from berth.review.code.frame import Frame
from berth.review.code.sinks import check
from berth.review.code.values import UNKNOWN, Value, labelled, made_safe

_TYPES: Final = frozenset({"content-type", "content_type", "mimetype", "media_type"})


def check_reply(frame: Frame, node: ast.Return, value: Value) -> None:
    """Record what a handler returns as text, alone or with a status: its framework makes a page of it."""
    things = [thing for _, thing in frame.things(value)]
    if frame.function is not None and frame.function.parameters[-1:] == ("start_response",):
        value, things = (labelled(UNKNOWN, frame.content(value)) if says_html(frame.function) else UNKNOWN), []
    if any(thing.kind in ("dict", "list") for thing in things):
        return  # sent as JSON
    first = [thing.items[0][1] for thing in things if thing.kind == "tuple" and thing.items]
    rule = frame.shared.library.rules[frame.reply]
    for each in first or [value]:
        if not any(thing.kind in ("dict", "list", "instance") for _, thing in frame.things(each)):
            check(frame, node, rule, each, ("network", "row", "file"))


def note_type(frame: Frame, node: ast.expr, name: str, value: Value) -> None:
    """Note that a reply is no page, if that is what its type is set to: `response.headers["Content-Type"] = ...`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    known = value.only()
    if name.lower() not in _TYPES or not known or not isinstance(node, ast.Name) or node.id not in frame.state.names:
        return
    if not any(page in str(each).lower() for each in known for page in SHOWN):
        frame.state.names[node.id] = made_safe(frame.state.names[node.id], ("cross-site-scripting",))
