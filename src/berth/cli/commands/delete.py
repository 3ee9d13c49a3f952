"""`berth delete` and `berth rm`: a provider, or a whole tree."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.confirm import DryRun, Yes, confirm_count
from berth.cli.options import ProviderName
from berth.cli.session import Session
from berth.model.plural import plural


@ledger_command()
def delete(
    session: Session,
    name: ProviderName,
    tree: Annotated[bool, typer.Option("--tree", help="Also delete all providers below it.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete a provider, or with --tree a provider and all below it: all of them, or none.

    A provider with claims is not deleted: the error says who holds them, and `berth release --holders-of NAME` releases
    them. If --tree selects several providers, the command asks you to confirm their number.

    Example: berth delete node-2
    """
    if dry_run and not tree:
        raise typer.BadParameter("--dry-run needs --tree")
    uuid = provider_names.resolve(session, name)
    nodes = {node.uuid: node.name for node in session.ledger.details(uuid).tree}
    going = session.ledger.delete_tree(uuid, dry_run=True) if tree else [uuid]
    if not dry_run:
        if len(going) > 1:
            confirm_count(session, len(going), f"delete {plural(len(going), 'provider')}", yes=yes)
        going = _delete(session, uuid, tree=tree)
    verb, key = ("would delete", "would_delete") if dry_run else ("deleted", "deleted")
    lines = (f"{verb} {nodes.get(each, each)}  {each}" for each in going)
    session.output.print_result({key: [{"uuid": each, "name": nodes.get(each, "")} for each in going]}, *lines)


@ledger_command()
def rm(
    session: Session,
    name: ProviderName,
    tree: Annotated[bool, typer.Option("--tree", help="Also remove all providers below it.")] = False,
    yes: Yes = False,
) -> None:
    """Remove a provider, or with --tree a provider and all below it: all of them, or none. It asks for confirmation.

    The same as `berth delete`, which asks only if there are several. A provider with claims is not removed.

    Example: berth rm node-2
    """
    uuid = provider_names.resolve(session, name)
    nodes = {node.uuid: node.name for node in session.ledger.details(uuid).tree}
    going = session.ledger.delete_tree(uuid, dry_run=True) if tree else [uuid]
    what = nodes[uuid] if len(going) == 1 else f"{nodes[uuid]} and {plural(len(going) - 1, 'provider')} below it"
    confirm_count(session, len(going), f"remove {what}", yes=yes)
    gone = _delete(session, uuid, tree=tree)
    lines = (f"removed {nodes.get(each, each)}  {each}" for each in gone)
    session.output.print_result({"deleted": [{"uuid": each, "name": nodes.get(each, "")} for each in gone]}, *lines)


def _delete(session: Session, uuid: str, *, tree: bool) -> list[str]:
    """Delete a provider or its tree. Return what was deleted."""
    if tree:
        return session.ledger.delete_tree(uuid)
    session.ledger.delete_provider(uuid)
    return [uuid]
