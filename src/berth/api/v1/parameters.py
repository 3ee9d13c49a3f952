"""Query parameters of routes, a field each."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from berth.model.consumer import ConsumerOrder
from berth.model.lease import LeaseClaims, LeaseState
from berth.model.overview import GroupBy, ProviderOrder
from berth.model.report import MOST_ROWS, ReportBy
from berth.model.term import LONGEST_S

MOST_ITEMS = 1_000
"""The most items on one page."""

MOST_CELLS = 100_000
"""The most cells on one map."""

PageSize = Annotated[int, msgspec.Meta(ge=1, le=MOST_ITEMS, description="The most items to return.")]
After = Annotated[str, msgspec.Meta(max_length=300, description="Go on where the page ended whose `next` this was.")]
Text = Annotated[str, msgspec.Meta(max_length=255)]
NamePart = Annotated[str, msgspec.Meta(max_length=255, description="A part of the name, ignoring case.")]
AmountsText = Annotated[str, msgspec.Meta(max_length=4096, description="Amounts: VCPU=4,MEMORY_MB=8G.")]
LogPlace = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{1,19}(-[0-9a-f]{16})?$", description="The number of a change, or the id of its event."
    ),
]
Due = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_S, description="Only those that end or lapse within these seconds.")]
NameOrNote = Annotated[str, msgspec.Meta(max_length=255, description="A part of the name or of the note.")]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of a collection."""

    limit: PageSize = 100
    after: After = ""


class Names(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Classes, traits or aggregates."""

    name: NamePart = ""


class Projects(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Projects. totals: false leaves out what they hold."""

    name: NamePart = ""
    totals: bool = True


class Map(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See berth.model.overview.MapQuery."""

    classes: Annotated[tuple[Text, ...], msgspec.Meta(max_length=64)] = msgspec.field(default=(), name="class")
    by: GroupBy = GroupBy.AUTO
    within: Text = ""
    name: Text = ""
    trait: Text = ""
    aggregate: Text = ""
    room: AmountsText = ""
    mark: Annotated[tuple[Text, ...], msgspec.Meta(max_length=MOST_ITEMS)] = ()
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_CELLS)] | None = None


class ClassQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One resource class."""

    resource_class: Text = msgspec.field(name="class")


class UsersQuery(ClassQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The users who hold the most of a class."""

    limit: PageSize = 10


class Few(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list that is not continued."""

    limit: PageSize = 20


class RefusedQuery(Few, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Claims that were refused within the last seconds."""

    within: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3_600
    project: Text = ""


class Find(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `POST /v1/find` takes as its body."""

    request: Annotated[str, msgspec.Meta(max_length=65_536, description="The body of `POST /v1/find`, as JSON.")]


class Providers(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See berth.model.overview.ProviderFilter and ProviderOrder. reverse: backwards in that order."""

    name: Text = ""
    uuid: Text = ""
    trait: Text = ""
    aggregate: Text = ""
    resource_class: Text = msgspec.field(default="", name="class")
    room: AmountsText = ""
    root: Text = ""
    drained: bool = False
    order: ProviderOrder = ProviderOrder.OLDEST
    reverse: bool = False


class Uuids(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Providers whose names to return. uuid: repeatable."""

    uuids: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)] = msgspec.field(name="uuid")


class Consumers(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See berth.model.consumer.ConsumerQuery."""

    project: Text = ""
    user: Text = ""
    type: Text = ""
    provider: Text = ""
    resource_class: Text = msgspec.field(default="", name="class")
    order: ConsumerOrder = ConsumerOrder.UUID
    state: Literal["", "pending", "confirmed", "overdue"] = ""
    due: Due | None = None
    name: Text = ""
    uuid: Text = ""
    text: Annotated[str, msgspec.Meta(max_length=255, description="A part of the name or of the note.")] = (
        msgspec.field(default="", name="q")
    )


class AgendaQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ends next. until: up to this instant, in microseconds since 1970 UTC; project: only its consumers."""

    until: Number | None = None
    project: Text = ""


class LeaseQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leases. project: only its leases; state: only those in this state."""

    project: Text = ""
    state: LeaseState | None = None


class LeaseEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to the claims of a lease that is ended."""

    claims: LeaseClaims = LeaseClaims.RELEASE


class Usages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project or a user whose usage to return."""

    project: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    user: Text = ""


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries of the change log. after: the number of an entry, or the id of its event; a stream without it begins now.

    With the id, the entry must be of the same history.
    """

    limit: PageSize = 100
    after: LogPlace | None = None


class Audit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Records of the audit log, newest first.

    since, until: microseconds since 1970 UTC; facts: false leaves out what was touched, as it was and as it is;
    summary: a summary of the change in its place.
    """

    limit: PageSize = 100
    after: Number | None = None
    since: Number | None = None
    until: Number | None = None
    actor: Text | None = None
    provider: Text | None = None
    consumer: Text | None = None
    operation: Text | None = None
    outcome: Text | None = None
    facts: bool = True
    summary: bool = False


class AnomalyQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unusual activity that ended in this span. since, until: microseconds since 1970 UTC."""

    since: Number | None = None
    until: Number | None = None


class History(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Records about one provider or consumer, newest first. after: the number of the last one received."""

    limit: PageSize = 100
    after: Number | None = None


class ReportQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was held for how long. since, until: microseconds since 1970 UTC; by default the last 30 days."""

    by: ReportBy = ReportBy.PROJECT
    since: Number | None = None
    until: Number | None = None
    resource_class: Text = msgspec.field(default="", name="class")
    project: Text = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS, description="The most rows to return.")] = MOST_ROWS
