"""Consumers by uuid, by name, or by a unique beginning of either."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from berth.cli.session import Session
from berth.model.consumer import ConsumerItem, ConsumerQuery
from berth.model.consumer_errors import NamedConsumer
from berth.model.errors import MOST_NAMED, ConsumerAmbiguous, ConsumerNotFound, Forbidden, Invalid
from berth.model.names import parse_uuid

FEWEST_DIGITS: Final = 4
"""How many digits of a uuid are enough, if they are of one only."""


def resolve(session: Session, word: str) -> str:
    """Return a uuid in its usual form; of another word that of the consumer with this name, else beginning.

    Raises ConsumerNotFound, ConsumerAmbiguous.
    """
    uuid = parse_uuid(word) or find_named(session, word)
    if uuid is not None:
        return uuid
    found = _beginning_with(session, word)
    if not found:
        raise ConsumerNotFound(word)
    if len(found) > 1:
        candidates = [_candidate(session, each) for each in found[:MOST_NAMED]]
        raise ConsumerAmbiguous(word, candidates, more=len(found) > MOST_NAMED)
    return found[0].uuid


def find_named(session: Session, name: str) -> str | None:
    """Return the uuid of the consumer with this name, None if there is none. Raises ConsumerAmbiguous."""
    try:
        return session.ledger.consumer(name).uuid
    except (ConsumerNotFound, Forbidden, Invalid):
        return None


def _beginning_with(session: Session, word: str) -> list[ConsumerItem]:
    """Return the consumers whose name or uuid begins with a word, one more than are listed at most."""
    queries = [ConsumerQuery(name=word)] if word else []
    if len(word.replace("-", "")) >= FEWEST_DIGITS:
        queries.append(ConsumerQuery(uuid=word))
    found: dict[str, ConsumerItem] = {}
    for query in queries:
        try:
            found.update((each.uuid, each) for each in _listed(session, query))
        except Invalid:  # it is not the beginning of a uuid
            continue
    return list(found.values())[: MOST_NAMED + 1]


def _listed(session: Session, query: ConsumerQuery) -> list[ConsumerItem]:
    """Return the first consumers of a list: of the caller's project, if it may not list others."""
    try:
        return session.ledger.consumers(query, limit=MOST_NAMED + 1).items
    except Forbidden:
        if not session.remote:
            raise
        own = replace(query, project=session.client.me().project)
        return session.ledger.consumers(own, limit=MOST_NAMED + 1).items


def _candidate(session: Session, item: ConsumerItem) -> NamedConsumer:
    try:
        hosts = sorted({session.name_of(uuid) for uuid in session.ledger.consumer(item.uuid).allocations})
    except Forbidden:  # who may not see hosts
        hosts = []
    return NamedConsumer(item.uuid, item.name or "", item.project, hosts[:MOST_NAMED])
