"""Claims of the audit log as sentences: whose consumer took, gave up or handed over what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from berth.model.amounts import as_text
from berth.model.audit import AuditRecord
from berth.model.change import Facts
from berth.model.consumer import Owner, Resources
from berth.model.plural import plural

NameOf = Callable[[str], str]

MOST: Final = 3
"""Up to this many consumers have a sentence each; of more only the number is given."""

_NOTHING: Final = Facts()


def owner_text(owner: Owner | None) -> str:
    """Return an owner as `user (project)`. None: the log does not say, for it is of an earlier Berth."""
    return "unknown owner" if owner is None else f"{owner.user} ({owner.project})"


def owners_text(record: AuditRecord) -> str:
    """Return the owners of a record's consumers in few words; "" if it is about no consumer."""
    facts = record.after or _NOTHING
    names = list(dict.fromkeys(owner_text(facts.owners.get(consumer)) for consumer in facts.claims))
    return plural(len(names), "owner") if len(names) > MOST else ", ".join(names)


def claims_text(record: AuditRecord, subject: str, name_of: NameOf) -> str:
    """Return what a record says of claims, as far as it concerns a provider or a consumer. name_of: a provider's."""
    sentences = list(_sentences(record, subject, name_of))
    return plural(len(sentences), "consumer") if len(sentences) > MOST else "; ".join(sentences)


def last_owner(records: list[AuditRecord], consumer: str) -> Owner | None:
    """Return the owner of a consumer by the newest of these records, newest first, that is about it."""
    about = (each.after for each in records if each.after is not None and consumer in each.after.claims)
    return next((facts.owners.get(consumer) for facts in about), None)


def _sentences(record: AuditRecord, subject: str, name_of: NameOf) -> Iterator[str]:
    before, after = record.before or _NOTHING, record.after or _NOTHING
    for consumer, held in after.claims.items():
        had = _amounts(_concerning(before.claims.get(consumer, {}), consumer, subject), name_of)
        has = _amounts(_concerning(held, consumer, subject), name_of)
        sentence = _sentence(had, has, owner_text(after.owners.get(consumer)), before.owners.get(consumer))
        if sentence:
            yield sentence


def _sentence(before: str, after: str, owner: str, earlier: Owner | None) -> str:
    """Return what became of a claim. before, after: the amounts as text; earlier: who had it, if another."""
    if not after:
        return before and f"released {before}, held by {owner if earlier is None else owner_text(earlier)}"
    if not before:
        return f"{owner} claimed {after}"
    if earlier is not None:
        return f"{owner} took over {after} from {owner_text(earlier)}"
    return f"{owner} now holds {after}"


def _concerning(held: dict[str, Resources], consumer: str, subject: str) -> dict[str, Resources]:
    return held if consumer == subject else {uuid: each for uuid, each in held.items() if uuid == subject}


def _amounts(held: dict[str, Resources], name_of: NameOf) -> str:
    return " and ".join(f"{as_text(resources)} of {name_of(uuid)}" for uuid, resources in held.items())
