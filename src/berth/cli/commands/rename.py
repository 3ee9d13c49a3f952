"""`berth rename`: another name for a provider, or for a whole tree."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.confirm import DryRun
from berth.cli.options import ProviderName
from berth.cli.session import Session
from berth.model.errors import ProviderExists
from berth.model.overview import ProviderDetails
from berth.model.request import ProviderQuery

RenamedTo = Annotated[str, typer.Argument(metavar="NEW", help="The new name.")]
WithTree = Annotated[
    bool, typer.Option("--tree", help="Also rename the providers below it whose names start with the old name.")
]


@ledger_command()
def rename(
    session: Session,
    name: ProviderName,
    new: RenamedTo,
    tree: WithTree = False,
    dry_run: DryRun = False,
) -> None:
    """Rename a provider. Its uuid and the claims on it stay the same.

    With --tree, the providers below it whose names start with its old name are renamed, too: node-2-gpu-0 becomes
    node-2b-gpu-0. If one of the new names is taken, nothing is renamed.

    Example: berth rename node-2 node-2b --tree
    """
    details = session.ledger.details(provider_names.resolve(session, name))
    renames = {details.uuid: new} | (_below(details, new) if tree else {})
    for uuid, each in renames.items():
        for other in session.ledger.providers(ProviderQuery(name=each)):
            if other.uuid != uuid:
                raise ProviderExists("name", each, other.uuid, each)
    old = {node.uuid: node.name for node in details.tree}
    for uuid in () if dry_run else renames:
        session.ledger.update_provider(uuid, name=renames[uuid])
    verb, key = ("would rename", "would_rename") if dry_run else ("renamed", "renamed")
    data = [{"uuid": uuid, "name": each, "was": old[uuid]} for uuid, each in renames.items()]
    session.output.print_result({key: data}, *(f"{verb} {old[uuid]} to {each}" for uuid, each in renames.items()))


def _below(details: ProviderDetails, new: str) -> dict[str, str]:
    """Return the new names of those below a provider whose names begin with its name, by uuid."""
    below, renames = {details.uuid}, dict[str, str]()
    for node in details.tree:  # parents come before their children
        if node.parent in below:
            below.add(node.uuid)
            if node.name.startswith(details.name):
                renames[node.uuid] = new + node.name.removeprefix(details.name)
    return renames
