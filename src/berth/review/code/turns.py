"""Loops: what is true after any number of turns, or after as many as are certain."""

import ast

from berth.review.code import fold
from berth.review.code.calls import Calls
from berth.review.code.frame import Frame
from berth.review.code.loops import is_settled, widened
from berth.review.code.values import State, Value, join_states


class Loops(Calls):
    """The layer that knows loops."""

    def _do_while(self, frame: Frame, node: ast.While) -> None:
        self._loop(frame, node, None)

    def _do_for(self, frame: Frame, node: ast.For | ast.AsyncFor) -> None:
        self._loop(frame, node, frame.element(self.evaluate(frame, node.iter)))

    _do_asyncfor = _do_for

    def _loop(self, frame: Frame, node: ast.While | ast.For | ast.AsyncFor, element: Value | None) -> None:
        frame.breaks.append([])
        frame.continues.append([])
        start = frame.state.copy()
        turns = None if isinstance(node, ast.While) else self._turns_of(frame, node.iter)
        for turn in range(0 if turns == 0 else 2):
            if self._turn_once(frame, node, element, is_certain=turn == 0 and bool(turns)):
                break
        if isinstance(node, ast.While):
            self._leave(frame, node, start)
        self.block(frame, node.orelse)
        frame.continues.pop()
        for each in frame.breaks.pop():
            frame.state = join_states(frame.state, each)

    def _turn_once(
        self, frame: Frame, node: ast.While | ast.For | ast.AsyncFor, element: Value | None, *, is_certain: bool
    ) -> bool:
        """Go through a loop's body once more, and return whether another time would bring nothing new."""
        before = frame.state.copy()
        self._turn(frame, node, element)
        for each in frame.continues[-1]:
            frame.state = join_states(frame.state, each)
        frame.continues[-1].clear()
        if not is_certain or not frame.state.alive:
            frame.state = widened(before, frame.state)
        return not is_certain and is_settled(before, frame.state, node)

    def _turns_of(self, frame: Frame, node: ast.expr) -> int | None:
        """Return how often a loop turns, or None if it cannot be known."""
        if isinstance(node, ast.Call) and frame.module.dotted(node.func) == "range" and len(node.args) == 1:
            count = self.evaluate(frame, node.args[0]).single()
            return max(count[0], 0) if count and isinstance(count[0], int) else None
        if not isinstance(node, ast.Tuple | ast.List | ast.Name):
            return None
        value = self.evaluate(frame, node)
        things = [thing for _, thing in frame.things(value)]
        is_one = len(things) == 1 and len(value.refs) == 1 and not value.is_open and things[0].is_exact
        return len(things[0].items) if is_one else None

    def _leave(self, frame: Frame, node: ast.While, start: State) -> None:
        """Go on after a loop whose condition is false; one that is always true is left by `break` only."""
        truth = fold.truth(self.evaluate(frame, node.test))
        if truth is True and isinstance(node.test, ast.Constant):
            frame.state = State(start.names, start.heap, alive=False)
        if frame.state.alive:
            self.refine(frame, node.test, truth=False)

    def _turn(self, frame: Frame, node: ast.While | ast.For | ast.AsyncFor, element: Value | None) -> None:
        if isinstance(node, ast.While):
            if fold.truth(self.evaluate(frame, node.test)) is False:
                frame.state.alive = False
                return
            self.refine(frame, node.test, truth=True)
        elif element is not None:
            self.assign(frame, node.target, element)
        self.block(frame, node.body)

    def _do_break(self, frame: Frame, _node: ast.Break) -> None:
        if frame.breaks:
            frame.breaks[-1].append(frame.state.copy())
        frame.state.alive = False

    def _do_continue(self, frame: Frame, _node: ast.Continue) -> None:
        if frame.continues:
            frame.continues[-1].append(frame.state.copy())
        frame.state.alive = False
