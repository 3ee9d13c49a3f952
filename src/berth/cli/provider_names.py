"""Which provider is meant: its uuid, its name, or, where nothing is written, a part of either that no other has."""

from __future__ import annotations

from typing import Final

from berth.cli.output.suggest import perhaps, suggestions
from berth.cli.session import Session
from berth.model.errors import Invalid, NotFound
from berth.model.names import parse_uuid
from berth.model.overview import ProviderFilter
from berth.model.request import ProviderQuery

MOST_TOLD: Final = 10


class NoSuchName(NotFound):
    """There is no provider of this name."""

    def __init__(self, word: str, names: list[str]) -> None:
        super().__init__(f"there is no provider {word!r}" + (f": {perhaps(names)}" if names else ""))
        self.name, self.suggestions = word, names


class Ambiguous(Invalid):
    """Several providers could be meant."""

    def __init__(self, word: str, names: list[str]) -> None:
        told = ", ".join(names[:MOST_TOLD]) + (" and more" if len(names) > MOST_TOLD else "")
        super().__init__(f"{word!r} could be {told}")
        self.matches = names


def resolve(session: Session, word: str) -> str:
    """The uuid of the provider of this uuid or name; NoSuchName, with the names most like it."""
    uuid = parse_uuid(word)
    if uuid is not None:
        return session.ledger.provider(uuid).uuid
    found = session.ledger.providers(ProviderQuery(name=word))
    if not found:
        raise NoSuchName(word, suggestions(word, (each.name for each in session.ledger.providers())))
    return found[0].uuid


def resolve_prefix(session: Session, word: str) -> str:
    """The same, or else that of the only provider whose name has this part, or whose uuid begins so; Ambiguous."""
    try:
        return resolve(session, word)
    except NoSuchName:
        for wanted in (ProviderFilter(name=word), ProviderFilter(uuid=word.lower())):
            found = session.ledger.search(wanted, limit=MOST_TOLD + 1).items
            if len(found) == 1:
                return found[0].uuid
            if found:
                raise Ambiguous(word, [each.name for each in found]) from None
        raise
