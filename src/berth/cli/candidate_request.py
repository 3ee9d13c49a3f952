"""The request that the options of a command describe, and why it fits nowhere."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import typer
from msgspec.structs import replace

from berth.cli import aggregate_names, provider_names
from berth.cli.output import funnel
from berth.cli.output.table import Table
from berth.cli.request_options import RequestOptions, parse_request
from berth.cli.session import Session
from berth.cli.split_request import command_of, split_requests
from berth.model.errors import BerthError
from berth.model.request import CandidateRequest

if TYPE_CHECKING:
    from berth.model.funnel import Funnel


def candidate_request(session: Session, options: RequestOptions) -> CandidateRequest:
    """Return the request that the options describe; providers and aggregates may be given by name or uuid."""
    return parse_request(
        options, partial(provider_names.resolve_subject, session), partial(aggregate_names.resolve_prefix, session)
    )


def print_funnel(session: Session, options: RequestOptions, why: Funnel) -> None:
    """Print what each constraint removed, and the command that would do, if there is one with the amount in parts."""
    parts = [part.rich() if isinstance(part, Table) else part for part in funnel.parts(why)]
    data: dict[str, object] = {"candidates": [], "funnel": why}
    command = _split_command(session, options, why)
    if command:
        data["command"] = command
        parts += ["Several providers of one host have it together. Try:", f"  {command}"]
    session.output.print_result(data, *parts)


def command_within(session: Session, options: RequestOptions, name: str, uuid: str) -> str:
    """Return the command that asks the whole tree of a provider for what it lacks itself, "" if that does not fit."""
    options = replace(options, in_tree=(uuid if ":" in name else name,))  # what stands before a colon is a group
    try:
        request = replace(candidate_request(session, options), limit=1)
        if session.ledger.find(request).candidates:
            return command_of(options, sys.argv[1:], options.resources)
        return _split_command(session, options, session.ledger.explain(request))
    except (BerthError, typer.BadParameter):  # the refusal itself is what must be said
        return ""


def _split_command(session: Session, options: RequestOptions, why: Funnel) -> str:
    """Return the command with an amount split over providers of one host, "" if that does not fit either."""
    for split in split_requests(options, why):
        try:
            request = replace(candidate_request(session, split), limit=1)
            if session.ledger.find(request).candidates:
                return command_of(split, sys.argv[1:], options.resources)
        except (BerthError, typer.BadParameter):  # a filter that the rest of the request cannot have
            continue
    return ""
