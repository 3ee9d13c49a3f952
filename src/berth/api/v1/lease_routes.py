"""The routes of leases."""

from __future__ import annotations

from typing import Final

from berth.api.v1 import parameters
from berth.api.v1.bodies import LeaseGrant
from berth.api.v1.endpoints import consumers, leases
from berth.api.v1.route import Route
from berth.model import errors
from berth.model.lease import LeaseInfo, LeasePage, Renewal
from berth.model.lease_commands import RenewLeases
from berth.model.message import message_of

_LEASE: Final = "/v1/leases/{uuid}"

LEASES: Final = (
    Route(
        "leases.list",
        "GET",
        "/v1/leases",
        leases.list_,
        "Leases, including those that ended within the last week",
        "leases.list",
        query=parameters.LeaseQuery,
        reply=LeasePage,
        project=consumers.asked_project,
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "leases.show",
        "GET",
        _LEASE,
        leases.show,
        "One lease",
        "leases.list",
        reply=LeaseInfo,
        project=leases.its_project,
        dated=False,
        refusals=(errors.LeaseNotFound, errors.Invalid),
    ),
    Route(
        "leases.grant",
        "POST",
        "/v1/leases",
        leases.grant,
        "Grant a lease: claims with it last while it is renewed",
        "leases.grant",
        body=LeaseGrant,
        reply=LeaseInfo,
        status=201,
        keyed=True,
        refusals=(errors.LeaseExists, errors.LeaseEnded, errors.Invalid, errors.KeyReused, errors.Forbidden),
    ),
    Route(
        "leases.renew",
        "POST",
        "/v1/leases/renew",
        leases.renew,
        "Renew leases: each lasts for its full ttl again",
        "leases.renew",
        body=message_of(RenewLeases),
        reply=dict[str, Renewal],
        refusals=(errors.Invalid, errors.Forbidden),
    ),
    Route(
        "leases.end",
        "DELETE",
        _LEASE,
        leases.end,
        "End a lease: its claims are released, or kept without it",
        "leases.end",
        query=parameters.LeaseEnd,
        status=204,
        keyed=True,
        refusals=(errors.LeaseNotFound, errors.LeaseEnded, errors.Invalid, errors.KeyReused, errors.Forbidden),
    ),
)
