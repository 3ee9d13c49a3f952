"""What answers here, and who asks."""

from __future__ import annotations

from berth import __version__
from berth.api.auth.policy import OF_A_PROJECT
from berth.api.v1.route import Call
from berth.model.pages import CallerInfo, PolicyTable, ServerInfo


def about(call: Call) -> ServerInfo:
    """What answers here, and up to which change."""
    return ServerInfo(
        name="berth",
        version=__version__,
        head=call.ledger.head(),
        documentation={"openapi": "/v1/openapi.json", "placement": "/openapi.json"},
        auth=list(call.ways),
        caller=call.caller.called,
    )


def policy(call: Call) -> PolicyTable:
    """Every operation with the roles that may do it, here."""
    found = call.policy
    return PolicyTable(name=found.name, operations=found.table(), own_project=sorted(OF_A_PROJECT))


def me(call: Call) -> CallerInfo:
    """Who the caller is taken for."""
    caller, rules = call.caller, call.policy
    return CallerInfo(
        name=caller.called,
        user=caller.user,
        project=caller.project,
        roles=sorted(caller.roles),
        via=caller.via,
        may=sorted(each for each in rules.rules if rules.allows(each, caller, caller.project)),
    )
