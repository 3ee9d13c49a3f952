"""`berth find`: where does it fit, and if nowhere, why?"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer
from msgspec import structs

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.options import DEFAULTS
from berth.cli.output import funnel, tables
from berth.cli.output.table import Table
from berth.cli.request_options import RequestOptions, request
from berth.cli.session import Session
from berth.model.names import parse_uuid
from berth.model.request import CandidateRequest

if TYPE_CHECKING:
    from berth.model.funnel import Funnel

API_VERSION: Final = "1.39"


@ledger_command(csv=True, asking=True)
def find(
    session: Session,
    words: RequestOptions,
    limit: Annotated[int, typer.Option(min=1, help="At most so many candidates.")] = 10,
    call: Annotated[
        bool, typer.Option("--call", help="Show the call of the API that asks this, and ask nothing.")
    ] = False,
) -> None:
    """Find where something fits. If it fits nowhere, say what each constraint took away; exit status 1.

    A word about a group with a name begins with that name and a colon.

    Example: berth find VCPU=4,MEMORY_MB=8G --group gpu:PGPU=1 --trait 'gpu:CUSTOM_A100|CUSTOM_H100'
    """
    asked = asked_of(session, structs.replace(words, limit=limit))
    if call:
        _show_call(session, asked)
        return
    found = session.ledger.find(asked)
    if not found.candidates:
        nothing_fits(session, session.ledger.explain(asked))
        raise typer.Exit(1)
    left = {uuid: summary.resources for uuid, summary in found.summaries.items()}
    session.output.show(found, tables.candidates(found.candidates, left, session.name_of))
    if len(found.candidates) == limit:
        session.output.note(f"the first {limit}; there may be more (--limit)")


def asked_of(session: Session, words: RequestOptions) -> CandidateRequest:
    """The request that these words make, of this ledger's providers."""
    return request(words, lambda word: parse_uuid(word) or provider_names.resolve(session, word))


def nothing_fits(session: Session, why: Funnel) -> None:
    """Show what each constraint took away."""
    parts = [part.rich() if isinstance(part, Table) else part for part in funnel.parts(why)]
    session.output.tell({"candidates": [], "funnel": why}, *parts)


def _show_call(session: Session, asked: CandidateRequest) -> None:
    from berth.api.v1.placement_url import call_of

    url = (session.where.url or f"http://{DEFAULTS.host}:{DEFAULTS.port}").rstrip("/") + call_of(asked)
    words = (
        'curl -H "X-Auth-Token: $BERTH_TOKEN"',
        f"-H 'OpenStack-API-Version: placement {API_VERSION}'",
        shlex.quote(url),
    )
    session.output.tell({"method": "GET", "url": url, "version": API_VERSION}, " ".join(words))
