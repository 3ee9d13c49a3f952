"""Records: whole providers, imported with everything that they have."""

from __future__ import annotations

from berth.ledger.write.decide import inventories, providers
from berth.ledger.write.decide.aggregates import give_name
from berth.ledger.write.decide.record_aggregates import record_aggregates
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.model import commands
from berth.model.aggregate import AggregateName
from berth.model.change import NameKind
from berth.model.errors import ClassNotFound, Invalid, ParentNotFound, ProviderExists, Refusal, TraitsNotFound
from berth.model.inventory import Inventory, checked
from berth.model.names import is_custom_name, parse_uuid
from berth.model.record import ProviderRecord, RecordOutcome, RecordStatus
from berth.model.text import checked_text, storable_text
from berth.model.validation import PROVIDER_NAME_LENGTH


def put(draft: Draft, command: commands.PutRecords) -> list[RecordOutcome]:
    """Import each record in turn. Return the outcome of each."""
    outcomes = []
    for record, new_uuid in zip(command.records, command.new_uuids, strict=True):
        try:
            outcomes.append(RecordOutcome(_put(draft, record, new_uuid)))
        except Refusal as refusal:
            outcomes.append(RecordOutcome(RecordStatus.REFUSED, str(refusal)))
    return outcomes


def _put(draft: Draft, record: ProviderRecord, new_uuid: str) -> RecordStatus:
    """Import one record. Everything is checked before anything is changed, so that a refused record leaves no trace."""
    new_inventories = {name: checked(each.inventory()) for name, each in record.inventories.items()}
    traits = frozenset(record.traits)
    aggregates, new_names = record_aggregates(draft, record)
    _check_names(draft, new_inventories, traits)
    parent = _parent(draft, record)
    existing = _existing(draft, record, parent)
    for name, inventory in new_inventories.items():
        inventories.check_inventory(record.uuid or record.name, name, inventory)
    if existing is not None:
        inventories.check_not_in_use(draft, existing, new_inventories)
        _give_names(draft, new_names)
        return _change(draft, existing, new_inventories, traits, aggregates)
    # One with a uuid is an export's: it may have every name that the Placement API has given a provider.
    with_rules = checked_text if record.uuid is None else storable_text
    with_rules(record.name, "the provider's name", PROVIDER_NAME_LENGTH)
    uuid = new_uuid if record.uuid is None else _uuid(record.uuid)
    created = commands.CreateProvider(uuid=uuid, name=record.name, parent=parent)
    providers.create(draft, created, may_lack_name=record.uuid is not None)
    _give_names(draft, new_names)
    _change(draft, draft.provider(uuid), new_inventories, traits, aggregates)
    return RecordStatus.CREATED


def _give_names(draft: Draft, new_names: dict[str, AggregateName]) -> None:
    for uuid, named in new_names.items():
        give_name(draft, uuid, named)


def _existing(draft: Draft, record: ProviderRecord, parent: str | None) -> DraftProvider | None:
    """Return the provider that a record updates, or None. Raises a Refusal if it has another name or parent."""
    uuid = draft.provider_named(record.name) if record.uuid is None else _uuid(record.uuid)
    existing = None if uuid is None else draft.find_provider(uuid)
    if existing is None:
        return None
    if existing.name != record.name:
        raise ProviderExists("uuid", existing.uuid, existing.uuid, existing.name, why="records do not rename providers")
    if existing.parent != parent:
        present = existing.parent or "nothing"
        raise Invalid(f"{record.name} is there already, below {present}: records do not move providers")
    return existing


def _change(
    draft: Draft,
    provider: DraftProvider,
    new_inventories: dict[str, Inventory],
    traits: frozenset[str],
    aggregates: tuple[str, ...],
) -> RecordStatus:
    """Set what a provider has. Its generation rises by one if that changes anything."""
    for name in new_inventories:
        if draft.class_id(name) is None:
            draft.add_name(NameKind.CLASS, name)
    for name in sorted(traits):
        if draft.id_of(NameKind.TRAIT, name) is None:
            draft.add_name(NameKind.TRAIT, name)
    changed = False
    if new_inventories != draft.inventories(provider):
        draft.set_inventories(provider, new_inventories)
        changed = True
    if traits != draft.traits(provider):
        draft.set_traits(provider, traits)
        changed = True
    aggregates = _as_spelled(draft, provider, aggregates)
    if set(aggregates) != draft.aggregates(provider):
        draft.set_aggregates(provider, aggregates)
        changed = True
    if changed:
        draft.touch(provider)
    return RecordStatus.CHANGED if changed else RecordStatus.UNCHANGED


def _as_spelled(draft: Draft, provider: DraftProvider, aggregates: tuple[str, ...]) -> tuple[str, ...]:
    """Return aggregates, canonical ones in the spelling in which the provider has them: a name has no spelling."""
    spelled = {parse_uuid(given): given for given in draft.aggregates(provider)}
    return tuple(spelled.get(uuid, uuid) for uuid in aggregates)


def _parent(draft: Draft, record: ProviderRecord) -> str | None:
    if record.parent is None:
        return None
    uuid = parse_uuid(record.parent)
    if uuid is None or draft.find_provider(uuid) is None:  # a machine's serial number may look like a uuid
        uuid = draft.provider_named(record.parent)
    if uuid is None:
        raise ParentNotFound(record.parent)
    return uuid


def _check_names(draft: Draft, new_inventories: dict[str, Inventory], traits: frozenset[str]) -> None:
    """Raise a Refusal for a name that neither exists nor is a legal custom name: those are created."""
    for name in new_inventories:
        if draft.class_id(name) is None and not is_custom_name(name):
            raise ClassNotFound(name)
    missing = [name for name in traits if draft.id_of(NameKind.TRAIT, name) is None and not is_custom_name(name)]
    if missing:
        raise TraitsNotFound(missing)


def _uuid(text: str) -> str:
    uuid = parse_uuid(text)
    if uuid is None:
        raise Invalid(f"{text!r} is not a uuid")
    return uuid
