"""The routes of candidates: find them, or claim one."""

from __future__ import annotations

from typing import Final

from berth.api.v1 import parameters
from berth.api.v1.bodies import CLAIM, FIND
from berth.api.v1.endpoints import candidates
from berth.api.v1.route import Route
from berth.model import errors, pages
from berth.model.candidate import Grant

_CLAIM_REFUSALS: Final = (
    errors.ClassNotFound,
    errors.TraitsNotFound,
    errors.AggregateNotFound,
    errors.Invalid,
    errors.InvalidTerm,
    errors.HoldTooLong,
    errors.ConsumerGenerationConflict,
    errors.ConsumerNotFound,
    errors.ConsumerAmbiguous,
    errors.NothingFits,
    errors.KeyReused,
    errors.Forbidden,
)

UNKNOWN_NAMES: Final = (errors.ClassNotFound, errors.TraitsNotFound, errors.AggregateNotFound, errors.Invalid)

CANDIDATES: Final[tuple[Route, ...]] = (
    Route(
        "find",
        "POST",
        "/v1/find",
        candidates.find,
        "Find where a request fits",
        "candidates.list",
        body=FIND,
        reply=pages.Found,
        refusals=UNKNOWN_NAMES,
    ),
    Route(
        "find.show",
        "GET",
        "/v1/find",
        candidates.find_by_query,
        "The same, with the body in the query: the target of a link",
        "candidates.list",
        query=parameters.Find,
        reply=pages.Found,
        refusals=UNKNOWN_NAMES,
    ),
    Route(
        "claims.create",
        "POST",
        "/v1/claims",
        candidates.claim,
        "Find where a request fits and claim it, in one step",
        "allocations.post",
        body=CLAIM,
        reply=Grant,
        status=201,
        keyed=True,
        refusals=_CLAIM_REFUSALS,
    ),
    Route(
        "holds.create",
        "POST",
        "/v1/holds",
        candidates.hold,
        "Find where a request fits and hold it until it is confirmed, in one step",
        "allocations.post",
        body=CLAIM,
        reply=Grant,
        status=201,
        keyed=True,
        refusals=_CLAIM_REFUSALS,
    ),
)
