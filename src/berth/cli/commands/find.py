"""`berth find`: where a request fits, or why it fits nowhere."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer
from msgspec import structs

from berth.cli.candidate_request import candidate_request, print_funnel
from berth.cli.command import ledger_command
from berth.cli.options import DEFAULTS
from berth.cli.output import tables
from berth.cli.request_options import RequestOptions
from berth.cli.session import Session
from berth.model.request import CandidateRequest

if TYPE_CHECKING:
    pass

API_VERSION: Final = "1.39"


@ledger_command(csv=True, request=True)
def find(
    session: Session,
    options: RequestOptions,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of candidates to show.")] = 10,
    call: Annotated[
        bool, typer.Option("--call", help="Print the equivalent Placement API call instead of running it.")
    ] = False,
) -> None:
    """Find where a request fits. If it fits nowhere, show what each constraint removed, and exit with status 1.

    To apply an option to a named group, begin its value with the group's name and a colon.

    Example: berth find VCPU=4,MEMORY_MB=8G --group gpu:PGPU=1 --trait 'gpu:CUSTOM_A100|CUSTOM_H100'
    """
    request = candidate_request(session, structs.replace(options, limit=limit))
    if call:
        _print_call(session, request)
        return
    result = session.ledger.find(request)
    if not result.candidates:
        print_funnel(session, options, session.ledger.explain(request))
        raise typer.Exit(1)
    left = {uuid: summary.resources for uuid, summary in result.summaries.items()}
    session.output.show(result, tables.candidates(result.candidates, left, session.name_of))
    if len(result.candidates) == limit:
        session.output.note(f"only the first {limit} are shown; there may be more (--limit)")


def _print_call(session: Session, request: CandidateRequest) -> None:
    from berth.api.v1.placement_url import call_of

    url = (session.location.url or f"http://{DEFAULTS.host}:{DEFAULTS.port}").rstrip("/") + call_of(request)
    parts = (
        'curl -H "X-Auth-Token: $BERTH_TOKEN"',
        f"-H 'OpenStack-API-Version: placement {API_VERSION}'",
        shlex.quote(url),
    )
    session.output.print_result({"method": "GET", "url": url, "version": API_VERSION}, " ".join(parts))
