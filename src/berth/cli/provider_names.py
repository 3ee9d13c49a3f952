"""Providers by uuid, by name, or, for commands that only read, by a unique part of either."""

from __future__ import annotations

from typing import Final

from berth.cli import consumer_names
from berth.cli.output.suggest import did_you_mean, suggestions
from berth.cli.session import Session
from berth.model.errors import ConsumerNotFound, Invalid, NotFound, ProviderNotFound
from berth.model.interface import LedgerInterface
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
        super().__init__(f"several names match {word!r}: {listed}")
        self.matches = names


def find_uuid(ledger: LedgerInterface, word: str) -> str | None:
    """Return the uuid of the provider with this uuid, else with this name; None if there is none.

    In this order, since a machine's serial number may look like a uuid.
    """
    uuid = parse_uuid(word)
    queries = [ProviderQuery(name=word)] if uuid is None else [ProviderQuery(uuid=uuid), ProviderQuery(name=word)]
    matches = next(filter(None, map(ledger.providers, queries)), [])
    return matches[0].uuid if matches else None


def resolve(session: Session, word: str) -> str:
    """Return the uuid of the provider with this uuid, else with this name.

    Raises ProviderNotFound for another uuid; NoSuchName, with similar names, for another word.
    """
    uuid = find_uuid(session.ledger, word)
    if uuid is not None:
        return uuid
    if parse_uuid(word) is not None:
        raise ProviderNotFound(word)
    raise NoSuchName(word, suggestions(word, (each.name for each in session.ledger.providers())))


def resolve_subject(session: Session, word: str) -> str:
    """Return the uuid of a provider or a consumer: by uuid, of what is deleted too, by name, or by its beginning.

    A provider goes before a consumer of the same name. Raises Ambiguous, ConsumerAmbiguous, NoSuchName.
    """
    known = find_uuid(session.ledger, word) or parse_uuid(word) or consumer_names.find_named(session, word)
    if known is not None:
        return known
    try:
        return resolve_prefix(session, word)
    except NoSuchName as unknown:
        try:
            return consumer_names.resolve(session, word)
        except ConsumerNotFound:
            raise unknown from None


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
