"""Makes several claims in one commit, in each of several ledgers at the same time: ``URL NUMBER``, as one word each."""

from __future__ import annotations

import sys
from threading import Thread

from berth.ledger import open_ledger
from berth.model.commands import SetAllocations
from tests.suites.torture.forks import claim_of


def claim(url: str, number: int) -> None:
    """Make this many claims, each a change of its own."""
    with open_ledger(url) as ledger:
        for _ in range(number):
            ledger.queue(SetAllocations(claims=(claim_of(1),)))
        ledger.work()


if __name__ == "__main__":
    for word in sys.argv[1:]:
        url, number = word.split()
        Thread(target=claim, args=(url, int(number))).start()
