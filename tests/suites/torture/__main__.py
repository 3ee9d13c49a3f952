"""The long form: ``python -m tests.suites.torture [TRIAL...] [--on KIND] [--rounds N]``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.suites.torture.trials import TRIALS, Trial
from tests.support.databases import KINDS, why_missing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=", ".join(trial.name for trial in TRIALS))
    parser.add_argument("--on", action="append", choices=KINDS, help="only on this kind of database; may be repeated")
    parser.add_argument("--rounds", type=int, help="instead of those of the full form")
    parser.add_argument("--short", action="store_true", help="as many rounds as the tests have")
    args = parser.parse_args()
    unknown = set(args.trials) - {trial.name for trial in TRIALS}
    if unknown:
        parser.error(f"there is no trial {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, too
    failed = 0
    for trial in TRIALS:
        if not args.trials or trial.name in args.trials:
            for kind in trial.kinds:
                rounds = args.rounds or (trial.short if args.short else trial.full)
                if rounds and (not args.on or kind in args.on):
                    failed += _tried(trial, kind, rounds)
    return 1 if failed else 0


def _tried(trial: Trial, kind: str, rounds: int) -> bool:
    """Run one trial on one database, and say how it went; returns whether it failed."""
    print(f"\n{trial.name} on {kind}, {rounds} rounds: {trial.about}", flush=True)
    if why_missing(kind):
        print(f"  FAILED: {why_missing(kind)}")
        return True
    folder = Path(mkdtemp(prefix=f"berth-torture-{trial.name}-"))
    began = time.monotonic()
    try:
        found = trial.run(kind, folder, rounds)
    except pytest.skip.Exception as reason:
        print(f"  skipped: {reason}")
        return False
    for finding in found[:20]:
        print(f"  {finding}")
    print(f"  {'FAILED' if found else 'held'} after {time.monotonic() - began:.0f} s; see {folder}", flush=True)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
