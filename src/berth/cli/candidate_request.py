"""The request that the options of a command describe, and why it fits nowhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from berth.cli import aggregate_names, provider_names
from berth.cli.output import funnel
from berth.cli.output.table import Table
from berth.cli.request_options import RequestOptions, parse_request
from berth.cli.session import Session
from berth.model.request import CandidateRequest

if TYPE_CHECKING:
    from berth.model.funnel import Funnel


def candidate_request(session: Session, options: RequestOptions) -> CandidateRequest:
    """Return the request that the options describe; providers and aggregates may be given by name or uuid."""
    return parse_request(
        options, partial(provider_names.resolve_subject, session), partial(aggregate_names.resolve_prefix, session)
    )


def print_funnel(session: Session, why: Funnel) -> None:
    """Print what each constraint removed."""
    parts = [part.rich() if isinstance(part, Table) else part for part in funnel.parts(why)]
    session.output.print_result({"candidates": [], "funnel": why}, *parts)
