"""Errors about the names of aggregates."""

from __future__ import annotations

from collections.abc import Iterable

from berth.model.error_kinds import Conflict, NotFound


class AggregateNotFound(NotFound):
    """No aggregate has this name. suggestions: names of aggregates that are similar, the most similar first."""

    def __init__(self, name: str, suggestions: Iterable[str] = ()) -> None:
        self.name, self.suggestions = name, tuple(suggestions)
        similar = f" Did you mean {' or '.join(self.suggestions)}?" if self.suggestions else ""
        super().__init__(f"There is no aggregate {name}.{similar}")


class AggregateNameTaken(Conflict):
    """Another aggregate has this name. uuid: of the aggregate that has it."""

    def __init__(self, name: str, uuid: str) -> None:
        super().__init__(f"Aggregate {uuid} has the name {name} already.")
        self.name, self.uuid = name, uuid
