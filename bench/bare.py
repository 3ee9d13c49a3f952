"""`python -m bench.bare serve ...`: a Berth that asks nobody who they are and records nothing of what they did.

Only to have something that the cost of both can be held against. What it leaves out is taken out in this process: in
Berth itself there is no switch for it.
"""

from typing import Any

from berth.api.auth.gate import Gate
from berth.cli.main import main
from berth.ledger.write import batch
from berth.model.caller import Caller
from berth.model.change import Change
from berth.store.changes import text_of

ANYBODY = Caller(user="anybody", roles=frozenset({"admin"}), name="anybody", via="bare")


def _anybody(*_: Any, **__: Any) -> Caller:
    return ANYBODY


def _nothing(*_: Any) -> None:
    pass


def only_logged(done: batch.DecidedBatch, change: Change, *_: Any) -> int:
    """Instead of `batch._enter`: a change for the change log, and no record of who made it, but its number."""
    text = text_of(change.facts)
    done.log.append(change)
    done.texts.append(text)
    done.chain.number += 1
    return len(text)


if __name__ == "__main__":
    Gate.who, Gate.may, Gate.turned_away = _anybody, _nothing, _nothing  # type: ignore[method-assign]
    batch._enter = only_logged  # noqa: SLF001 - there is no other way in
    main()
