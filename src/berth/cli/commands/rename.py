"""`berth rename`: another name for a provider, or for a whole tree."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.confirm import DryRun
from berth.cli.options import ProviderName
from berth.cli.session import Session
from berth.model.edits import RenamedProvider
from berth.model.errors import ProviderExists
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
    uuid = provider_names.resolve(session, name)
    renamed = session.ledger.rename_tree(uuid, new, dry_run=dry_run) if tree else _renamed(session, uuid, new, dry_run)
    verb, key = ("would rename", "would_rename") if dry_run else ("renamed", "renamed")
    session.output.print_result({key: renamed}, *(f"{verb} {each.was} to {each.name}" for each in renamed))


def _renamed(session: Session, uuid: str, new: str, dry_run: bool) -> list[RenamedProvider]:
    """Rename one provider. Raises ProviderExists."""
    was = session.ledger.provider(uuid).name
    for other in session.ledger.providers(ProviderQuery(name=new)):
        if other.uuid != uuid:
            raise ProviderExists("name", new, other.uuid, new)
    if not dry_run:
        session.ledger.update_provider(uuid, name=new)
    return [RenamedProvider(uuid, new, was)]
