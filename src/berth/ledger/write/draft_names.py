"""The names of consumers, and the notes on them, as a batch decides them."""

from __future__ import annotations

from berth.ledger.write.draft_entities import DraftConsumer
from berth.model.change import Facts
from berth.model.commands import Keep
from berth.model.consumer_name import UNNAMED, ConsumerName


def given_name(present: ConsumerName, name: str | Keep | None, note: str | Keep | None) -> ConsumerName:
    """Return a name and a note as a command gives them. KEEP: as at present; None: none."""
    return ConsumerName(
        present.name if isinstance(name, Keep) else name or "",
        present.note if isinstance(note, Keep) else note or "",
    )


def put_name(facts: Facts, before: Facts, consumer: DraftConsumer, named: ConsumerName) -> None:
    """Give a consumer a name and a note; UNNAMED removes both. What is so already is not recorded."""
    if named == consumer.named:
        return
    end_name(before, consumer)
    consumer.named, consumer.renamed = named, True
    facts.consumer_names[consumer.uuid] = named


def end_name(before: Facts, consumer: DraftConsumer) -> None:
    """Let the name and the note of a consumer end, as they do when it has nothing any more."""
    if consumer.named != UNNAMED:
        before.consumer_names.setdefault(consumer.uuid, consumer.named)
        consumer.named, consumer.renamed = UNNAMED, True
