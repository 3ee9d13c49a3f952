"""Provider trees, drawn as trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from berth.cli.output.escape import escape
from berth.cli.output.table import Fill
from berth.model.overview import TreeNode

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree


def tree(nodes: Sequence[TreeNode], here: str) -> Tree:
    """Return a drawing of a tree.

    nodes: parents before their children; here: the uuid of the provider to highlight.
    """
    from rich.tree import Tree

    drawn: dict[str, Tree] = {}
    root: Tree | None = None
    for node in nodes:
        above = drawn.get(node.parent or "")
        label = _label(node, here=node.uuid == here)
        drawn[node.uuid] = Tree(label, guide_style="dim") if above is None else above.add(label)
        root = root or drawn[node.uuid]
    assert root is not None
    return root


def _label(node: TreeNode, *, here: bool) -> Text:
    from rich.text import Text

    text = Text(escape(node.name), style="bold" if here else "")
    for name, usage in node.resources.items():
        fill = Fill(usage.used, usage.capacity, width=6)
        text.append(f"  {escape(name)} ", style="dim")
        text.append(fill.bar, style=fill.colour)
        text.append(f" {usage.used:,}/{usage.capacity:,}", style="dim")
    if node.drained:
        text.append("  drained", style="yellow")
    return text
