"""The names of aggregates as a batch sees them: those of the fleet, and on top of them what has been decided."""

from __future__ import annotations

from collections.abc import Iterable

from berth.fleet.state.aggregate_names import AggregateNames
from berth.model.aggregate import AggregateName, nearest_names
from berth.model.errors import AggregateNotFound
from berth.model.names import parse_uuid


class DraftAggregates:
    """Names of aggregates. given: those that were given or removed (NO_NAME), by uuid."""

    def __init__(self, stored: AggregateNames) -> None:
        self._stored = stored
        self.given: dict[str, AggregateName] = {}
        self._uuids: dict[str, str | None] = {}

    def named(self, uuid: str) -> AggregateName:
        """Return the name of an aggregate; NO_NAME if it has none."""
        return self.given.get(uuid) or self._stored.named(uuid)

    def uuid_of(self, name: str) -> str | None:
        """Return the uuid of the aggregate with this name; None if there is none."""
        return self._uuids[name] if name in self._uuids else self._stored.uuid_of(name)

    def resolve(self, given: str) -> str:
        """Return a uuid as given, and the uuid of a name. Raises AggregateNotFound, with similar names."""
        if parse_uuid(given) is not None:
            return given
        uuid = self.uuid_of(given)
        if uuid is None:
            raise AggregateNotFound(given, nearest_names(given, self._stored))
        return uuid

    def resolved(self, given: Iterable[str]) -> tuple[str, ...]:
        """Return each of these aggregates once, as uuids: the first spelling of each. Raises AggregateNotFound."""
        first: dict[str, str] = {}
        for uuid in map(self.resolve, given):
            first.setdefault(parse_uuid(uuid) or uuid, uuid)
        return tuple(first.values())

    def put(self, uuid: str, named: AggregateName) -> None:
        """Give an aggregate a name, or remove it (NO_NAME)."""
        old = self.named(uuid).name
        if old:
            self._uuids[old] = None
        self.given[uuid] = named
        if named.name:
            self._uuids[named.name] = uuid
