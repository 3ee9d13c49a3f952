"""Server and caller information, and the policy."""

from __future__ import annotations

from berth import __version__
from berth.api.auth.policy import OF_A_PROJECT
from berth.api.v1.route import Call
from berth.model.pages import CallerInfo, PolicyTable, ServerInfo


def about(call: Call) -> ServerInfo:
    """Return the server's name, version and head."""
    return ServerInfo(
        name="berth",
        version=__version__,
        head=call.ledger.head(),
        documentation={"openapi": "/v1/openapi.json", "placement": "/openapi.json"},
        auth=list(call.ways),
        caller=call.caller.called,
        keys=True,
    )


def policy(call: Call) -> PolicyTable:
    """Return every operation with the roles that may do it."""
    policy = call.policy
    return PolicyTable(name=policy.name, operations=policy.table(), own_project=sorted(OF_A_PROJECT))


def me(call: Call) -> CallerInfo:
    """Return the authenticated caller."""
    caller, rules = call.caller, call.policy
    return CallerInfo(
        name=caller.called,
        user=caller.user,
        project=caller.project,
        roles=sorted(caller.roles),
        via=caller.via,
        may=sorted(each for each in rules.rules if rules.allows(each, caller, caller.project)),
    )
