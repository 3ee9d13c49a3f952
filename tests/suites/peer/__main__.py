"""``python -m tests.suites.peer``: fuzz Berth against the real Placement for a time, or replay a saved sequence."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tests.suites.peer.compare import checkable
from tests.suites.peer.fuzz import Fuzzer, replay
from tests.suites.peer.placement_server import FAULTS
from tests.suites.peer.servers import Pair, pair, peer_python, tested_words
from tests.suites.peer.steps import dumped, listing, loaded
from tests.support.databases import KINDS


def main() -> int:
    """The exit status is 1 if anything differs that may not."""
    args = _arguments().parse_args()
    words = checkable(tested_words(peer_python()))
    with pair(args.berth_url, args.placement_url, args.fault, args.on) as both:
        if args.replay:
            return _replay(both, words, Path(args.replay))
        fuzzer = Fuzzer(both, words, args.seed, judge=args.judge, shrink_s=0.0 if args.no_shrink else 30.0)
        fuzzer.run(args.seconds, args.episodes, args.first)
    _summary(fuzzer, args.words, args.statuses)
    if args.allowed:
        _examples(fuzzer)
    if args.out:
        _save(fuzzer, Path(args.out))
    return 1 if fuzzer.reports else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.suites.peer", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to fuzz (60)")
    parser.add_argument("--episodes", type=int, help="how many episodes at most")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same episodes")
    parser.add_argument("--first", type=int, default=0, help="the number of the first episode")
    parser.add_argument("--berth-url", help="a Berth that runs already, and may be emptied")
    parser.add_argument("--placement-url", help="a Placement that runs already, and may be emptied")
    parser.add_argument(
        "--fault", choices=["none", *sorted(FAULTS)], help="a second Placement, faulty, takes Berth's part"
    )
    parser.add_argument("--on", default="sqlite", choices=KINDS, help="the database that Berth is run on (sqlite)")
    parser.add_argument("--judge", action="store_true", help="compare all candidates with the brute force as well")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--words", action="store_true", help="list the differences of wording too")
    parser.add_argument("--allowed", action="store_true", help="show examples of each difference that was let pass")
    parser.add_argument("--statuses", action="store_true", help="list what was sent and answered")
    parser.add_argument("--out", help="a folder for the sequences found")
    parser.add_argument("--replay", help="play one such file instead")
    return parser


def _replay(both: Pair, words: list[str], path: Path) -> int:
    sequence = loaded(path.read_text())
    tag = next(iter(re.findall(r"[0-9a-f]{8}(?=-000[1-4]-4)", " ".join(map(listing, sequence)))), "x" * 8)
    played, _ = replay(both, words, sequence, tag, judge=True)
    for finding in played.findings:
        print(f"{finding.step}: {listing(finding.exchange.request)}\n   {finding.difference}")
    return 1 if any(finding.difference.fails for finding in played.findings) else 0


def _summary(fuzzer: Fuzzer, words: bool, statuses: bool) -> None:
    counts = fuzzer.counts
    print(f"\nseed {fuzzer.seed}: {counts['episodes']} episodes, {counts['exchanges']} requests to each")
    print(
        f"{counts['differences']} differences of {len(fuzzer.reports)} kinds; {len(fuzzer.words)} kinds of other words"
    )
    print("allowed:", {name: len(exchanges) for name, exchanges in fuzzer.allowed.items()})
    if statuses:
        for name, count in sorted(fuzzer.statuses.items()):
            print(f"  {count:6} {name}")
    for finding in fuzzer.words.values() if words else ():
        request, difference = finding.exchange.request, finding.difference
        print(f"\n{listing(request)}\n  Placement: {difference.placement}\n  Berth:     {difference.berth}")


def _examples(fuzzer: Fuzzer) -> None:
    for name, exchanges in fuzzer.allowed.items():
        seen = {(e.request.method, e.placement.status, e.berth.status, e.placement.text[:240]): e for e in exchanges}
        for exchange in seen.values():
            print(f"\n--- {name}\n{listing(exchange.request)[:700]}")
            for who, answer in (("Placement", exchange.placement), ("Berth", exchange.berth)):
                print(f"  {who}: {answer.status} {answer.text[:300]}")


def _save(fuzzer: Fuzzer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, report in enumerate(fuzzer.reports.values(), 1):
        (folder / f"{fuzzer.seed}-{number}.json").write_text(dumped(report.sequence))
        (folder / f"{fuzzer.seed}-{number}.txt").write_text(f"{report}\n")


if __name__ == "__main__":
    sys.exit(main())
