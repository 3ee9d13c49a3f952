"""Request bodies that are more than a value of the model."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from berth.model.commands import KEEP, Keep
from berth.model.lease import OnEnd
from berth.model.message import message_of, value
from berth.model.request import CandidateRequest

_REQUEST: Final = message_of(CandidateRequest)

FIND: Final = msgspec.defstruct(
    "Find",
    [("explain", bool, False)],
    bases=(_REQUEST,),
    namespace={"__doc__": "A candidate request. explain: return the funnel too: what each constraint removes."},
    module=__name__,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)


CLAIM: Final = msgspec.defstruct(
    "Claim",
    [
        ("request", _REQUEST),
        ("project", str),
        ("user", str),
        ("consumer", str | None, None),
        ("type", str | None, None),
        ("lasts", int | None, None),
        ("until", str | None, None),
        ("confirm_within", int | None, None),
        ("replaces", str | None, None),
        ("lease", str | None, None),
        ("name", str | Keep, KEEP),
        ("note", str | Keep, KEEP),
    ],
    namespace={
        "__doc__": (
            "Find where the request fits, and claim that. consumer: a new uuid if none is given; for: how long it "
            "counts, in seconds; until: instead of that, an instant in ISO 8601 with offset; confirm_within: a hold, "
            "to be confirmed within this time, in seconds; replaces: the consumer whose claim it becomes then; lease: "
            "it goes on while this lease does; name, note: what people call the consumer, and a note on it."
        )
    },
    rename={"lasts": "for"},
    module=__name__,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)


class LeaseGrant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Grant a lease. uuid: a new one if none is given; ttl, grace: in seconds, grace by default the ttl."""

    name: str
    project: str
    ttl: int
    grace: int | None = None
    on_end: OnEnd = OnEnd.RELEASE
    uuid: str | None = None


class Rotate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a token a new text. grace_seconds: how long the old one stays valid."""

    name: str
    grace_seconds: int = 0


class AggregateLabel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give an aggregate a name (null: remove it) and a kind, such as rack ("": none; left out: as before)."""

    name: str | None
    kind: str | Keep = KEEP


class ConsumerEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a consumer a name and a note (null: remove it; left out: as before)."""

    name: str | Keep | None = KEEP
    note: str | Keep | None = KEEP


class Revoke(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Revoke a token."""

    name: str


def request_of(body: Any) -> CandidateRequest:
    """Return the candidate request in a body with further fields."""
    request: CandidateRequest = value(_REQUEST(**{name: getattr(body, name) for name in _REQUEST.__struct_fields__}))
    return request
