"""How well unusual activity is distinguished from usual: python -m tests.suites.anomalies --seeds 100"""

from __future__ import annotations

import argparse
import sys
import time

from tests.suites.anomalies.fill_database import fill
from tests.suites.anomalies.judge import Verdict, judged


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.suites.anomalies", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--days", type=int, default=56, help="of each history")
    parser.add_argument("--scale", type=float, default=1.0, help="how busy the fleets are")
    parser.add_argument("--fill", metavar="URL", help="instead, write one history into this empty database")
    asked = parser.parse_args()
    if asked.fill:
        print(f"{fill(asked.fill, asked.days, asked.scale):,} records")
        return 0
    total, began = Verdict(), time.monotonic()
    for seed in range(asked.first, asked.first + asked.seeds):
        verdict = judged(seed, asked.days, asked.scale)
        total.add(verdict)
        for line in (*verdict.missed, *verdict.false):
            print("missed" if line in verdict.missed else "false ", line, flush=True)
    print(total)
    print(dict(total.planted), f"{time.monotonic() - began:.0f} s")
    return 1 if total.missed or len(total.false) >= 0.01 * total.days else 0


if __name__ == "__main__":
    sys.exit(main())
