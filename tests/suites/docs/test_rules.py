"""Rules of what comes in and goes out: each is said on the page where a reader looks for it."""

from __future__ import annotations

import pytest

from tests.support.document_blocks import ROOT

RULES = [
    ("v1.md", "Uuids may be given in any spelling"),
    ("v1.md", "what is not a uuid, most of all in a prohibition"),
    ("v1.md", "a limit or an amount below 1"),
    ("v1.md", "with no name twice in one object"),
    ("v1.md", "are returned exactly once, whatever is written at the same time"),
    ("v1.md", "A page costs what it shows"),
    ("v1.md", "A cursor that is of another order is 400"),
    ("v1.md", "All pages of `largest` have the order of the moment of the first one"),
    ("v1.md", 'choose the consumer\'s uuid (`"consumer": UUID`)'),
    ("v1.md", "a reshape each provider as well"),
    ("v1.md", "which unit rule is broken, what the consumer holds"),
    ("api.md", "in any usual spelling"),
    ("api.md", "Its `detail` has Placement's form"),
    ("api.md", "which look at none"),
    ("model.md", "units likewise bind what changes"),
    ("model.md", "`reserved` may be as much as `total`, not more, and `min_unit` as much as `max_unit`"),
    ("model.md", "The ratio counts as the decimal that was sent"),
    ("model.md", "An overcommitted host is reshaped in three steps"),
    ("model.md", "It matches in any spelling, and comes back"),
    ("explaining.md", "are tried before they are given"),
    ("explaining.md", "without candidates has a link to it"),
    ("cli.md", "one that looks like a uuid is reachable"),
    ("cli.md", "(`-` reads them from standard input, one per line)"),
    ("cli.md", "An option with an empty value"),
    ("configuration.md", "may have every name that the Placement API gives"),
    ("configuration.md", "`-` for standard output"),
    ("configuration.md", "A target (path and query) of more than 65,534 bytes"),
    ("configuration.md", "is known to about a minute"),
    ("configuration.md", "`WWW-Authenticate: Keystone uri="),
    ("configuration.md", "`X-Service-Token`"),
    ("policy.md", "names the rule as Placement's documents do"),
    ("embedding.md", "A value of another type is refused"),
    ("databases.md", "An early Berth took a float or a bool"),
    ("audit.md", "has the project, user and type of each consumer"),
    ("decisions/007-where-we-differ.md", "lets only `service` reshape"),
]


@pytest.mark.parametrize(("page", "rule"), RULES)
def test_a_rule_is_said_where_a_reader_looks_for_it(page: str, rule: str) -> None:
    assert rule in " ".join((ROOT / "docs" / page).read_text().split())
