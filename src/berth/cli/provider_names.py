"""Providers by uuid, by name, or, for commands that only read, by a unique part of either."""

from __future__ import annotations

from typing import Final

from berth.cli.output.suggest import did_you_mean, suggestions
from berth.cli.session import Session
from berth.model.errors import Invalid, NotFound
from berth.model.names import parse_uuid
from berth.model.overview import ProviderFilter
from berth.model.request import ProviderQuery

MOST_LISTED: Final = 10


class NoSuchName(NotFound):
    """There is no provider of this name."""

    def __init__(self, word: str, names: list[str]) -> None:
        super().__init__(f"there is no provider {word!r}" + (f": {did_you_mean(names)}" if names else ""))
        self.name, self.suggestions = word, names


class Ambiguous(Invalid):
    """Several providers could be meant."""

    def __init__(self, word: str, names: list[str]) -> None:
        listed = ", ".join(names[:MOST_LISTED]) + (" and more" if len(names) > MOST_LISTED else "")
        super().__init__(f"{word!r} could be {listed}")
        self.matches = names


def resolve(session: Session, word: str) -> str:
    """Return the uuid of the provider with this uuid or name. Raises NoSuchName, with similar names."""
    uuid = parse_uuid(word)
    if uuid is not None:
        return session.ledger.provider(uuid).uuid
    matches = session.ledger.providers(ProviderQuery(name=word))
    if not matches:
        raise NoSuchName(word, suggestions(word, (each.name for each in session.ledger.providers())))
    return matches[0].uuid


def resolve_prefix(session: Session, word: str) -> str:
    """Return the uuid of the provider with this uuid or name, or of the only one that matches.

    A provider matches if its name contains the word or its uuid begins with it. Raises Ambiguous, NoSuchName.
    """
    try:
        return resolve(session, word)
    except NoSuchName:
        for query in (ProviderFilter(name=word), ProviderFilter(uuid=word.lower())):
            matches = session.ledger.search(query, limit=MOST_LISTED + 1).items
            if len(matches) == 1:
                return matches[0].uuid
            if matches:
                raise Ambiguous(word, [each.name for each in matches]) from None
        raise
