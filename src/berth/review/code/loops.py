"""Turns of loops: when another one would bring nothing new."""

import ast

from msgspec.structs import replace

from berth.review.code.nodes import walk
from berth.review.code.values import State, join_states


def is_settled(before: State, after: State, node: ast.While | ast.For | ast.AsyncFor) -> bool:
    """Whether another turn of a loop begins like the last one: nothing but its own targets is different."""
    own = (
        {each.id for each in walk(node.target) if isinstance(each, ast.Name)}
        if not isinstance(node, ast.While)
        else set()
    )
    names, known = after.names, before.names
    if any(
        known.get(name) is not value and known.get(name) != value and name not in own for name, value in names.items()
    ):
        return False
    return all(after.heap.get(key) is thing or after.heap.get(key) == thing for key, thing in before.heap.items())


def widened(before: State, after: State) -> State:
    """Join the states before and after a turn of a loop; what changes with each turn may be anything."""
    if not after.alive:
        return State(before.names, before.heap)
    joined = join_states(before, after)
    for name, value in joined.names.items():
        known = before.names.get(name)
        if known is not None and known != value and any(kind in ("int", "float") for kind, _ in value.constants):
            joined.names[name] = replace(value, is_open=True)
    return joined
