"""Errors about the names of consumers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from berth.model.claim_errors import AllocationsNotFound
from berth.model.error_kinds import Conflict


class NamedConsumer(msgspec.Struct, frozen=True):
    """A consumer that a name may stand for. hosts: the names of some of the hosts that it holds something of."""

    uuid: str
    name: str
    project: str
    hosts: list[str]

    def __str__(self) -> str:
        of = f" on {', '.join(self.hosts)}" if self.hosts else ""
        return f"{self.name or self.uuid} of project {self.project}{of}{self.name and f' ({self.uuid})'}"


class ConsumerNotFound(AllocationsNotFound):
    """No consumer that holds something has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.args = (f"No consumer with claims has the name {name}.",)


class ConsumerAmbiguous(Conflict):
    """Several consumers could be meant. candidates: some of them; more: whether there are others."""

    FIELDS: ClassVar[dict[str, Any]] = {"candidates": tuple[NamedConsumer, ...]}

    def __init__(self, name: str, candidates: Iterable[NamedConsumer], *, more: bool = False) -> None:
        self.name, self.candidates, self.more = name, tuple(candidates), more
        listed = "; ".join(map(str, self.candidates))
        super().__init__(f"Several consumers match {name}: {listed}{'; and more' if more else ''}. Give the uuid.")
