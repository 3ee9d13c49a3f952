"""The table of docs/policy.md, from the code. `python -m tests.suites.docs.policy_table` writes it into the page."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from berth.api.auth.policy import ANYONE, DEFAULT, OF_A_PROJECT, PROJECT_ROLES
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.rule_names import RULE_NAMES
from berth.api.v1.routes import ROUTES
from berth.model.caller import OWNER, ROLES
from tests.support.document_blocks import ROOT

PAGE: Final = ROOT / "docs/policy.md"
_READING: Final = ("list", "show", "export", "history")


def asked_with() -> dict[str, list[str]]:
    """Return the routes of both APIs for each operation."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for operation in OPERATIONS:
        found[operation.name].append(f"`{operation.method} {operation.path}`")
    for route in ROUTES:
        found[route.operation].append(f"`{route.method} {route.path}`")
    found["metrics.show"].append("`GET /metrics`")
    return found


def _cell(operation: str, role: str) -> str:
    if role not in DEFAULT[operation] and ANYONE not in DEFAULT[operation]:
        return ""
    if role in PROJECT_ROLES and (operation in OF_A_PROJECT or operation.startswith("allocations.")):
        return "own project"
    if role == OWNER and ANYONE not in DEFAULT[operation] and operation.rpartition(".")[2] not in _READING:
        return "own trees"
    return "yes"


def rows() -> list[str]:
    """Yield every operation, with the roles that may do it and its routes."""
    asked = asked_with()
    head = ["operation", *ROLES, "asked for with", "rule of Placement"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for operation in sorted(DEFAULT):
        rule = f"`{RULE_NAMES[operation]}`" if operation in RULE_NAMES else ""
        cells = [f"`{operation}`", *(_cell(operation, role) for role in ROLES), ", ".join(asked[operation]), rule]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def filled(text: str) -> str:
    """Return the page with its table up to date."""
    table = "\n".join(rows())
    text, count = re.subn(
        r"(<!-- policy -->\n).*?(<!-- end of policy -->)",
        lambda found: f"{found[1]}\n{table}\n\n{found[2]}",
        text,
        flags=re.DOTALL,
    )
    assert count == 1
    return text


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
