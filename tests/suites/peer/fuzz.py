"""Episodes: generated, played, shrunk if they find something, with one finding of each kind kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from tests.suites.peer.compare import Exchange
from tests.suites.peer.generate import episode
from tests.suites.peer.play import Finding, Play
from tests.suites.peer.reset import reset
from tests.suites.peer.servers import Pair
from tests.suites.peer.shrink import shrink
from tests.suites.peer.steps import listing, retag
from tests.suites.peer.wire import Answer, Request
from tests.suites.peer.world import World

LENGTH = 60


@dataclass(frozen=True, slots=True)
class Report:
    """A finding with the shortest sequence that shows it."""

    finding: Finding
    sequence: list[Request]
    origin: str

    def __str__(self) -> str:
        difference = self.finding.difference
        lines = [f"{difference.kind} {difference.where}  [{self.origin}]", *map(listing, self.sequence)]
        last = self.finding.exchange.request
        if not self.sequence or self.finding.step < 0:
            lines.append(f"then, to look: {last.method} {last.target}")
        return "\n".join([*lines, f"  Placement: {difference.placement}", f"  Berth:     {difference.berth}"])


@dataclass
class Fuzzer:
    """Episodes on one pair of servers; ``reports`` has one report for each kind of failure."""

    pair: Pair
    tested: list[str]
    seed: int
    judge: bool = False
    shrink_s: float = 30.0
    """How long to shrink each kind of difference; 0 for not at all."""
    say: Callable[[str], None] = print
    reports: dict[str, Report] = field(default_factory=dict)
    words: dict[str, Finding] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    allowed: dict[str, list[Exchange]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float = 1e9, episodes: int | None = None, first: int = 0, most: int = 10**9) -> None:
        """Play episodes until the time is over, or all have been played, or ``most`` kinds of difference are known."""
        deadline, number = time.monotonic() + seconds, first
        last = first + episodes if episodes is not None else 10**9
        while time.monotonic() < deadline and number < last and len(self.reports) < most:
            self.episode(number)
            number += 1

    def episode(self, number: int) -> None:
        """Make and play one episode, then report what it found."""
        dice = Random(f"{self.seed}/{number}")
        tag = new_tag(dice)
        world = World(tag, dice)
        reset(self.pair)
        play = Play(self.pair, self.tested, self.judge)
        sent: list[Request] = []
        for step in episode(world, LENGTH):
            sent.append(step.request)
            exchange = play.do(step.request, len(sent) - 1)
            if exchange is None:
                continue
            self._count(exchange.request, exchange.placement)
            if exchange.placement.fine:
                step.learn(exchange.placement)
            if play.parted:
                break
        if not play.parted:
            play.audit()
        self.counts["episodes"] += 1
        self.counts["exchanges"] += play.exchanges
        self.counts["parted"] += play.parted
        for name, exchange in play.allowed:
            self.allowed.setdefault(name, []).append(exchange)
        self._report(play, sent, tag, f"seed {self.seed}, episode {number}")

    def _count(self, request: Request, answer: Answer) -> None:
        noun = request.path.split("/")[-1 if request.path.count("/") == 3 else 1]
        self.statuses[f"{request.method} {noun} {answer.status}"] += 1
        if noun == "allocation_candidates" and answer.status == 200:
            groups = len({name.partition("=")[0] for name in request.query.split("&") if name.startswith("resources")})
            offered = answer.body.count(b'"allocations"')
            self.statuses[
                f"{request.method} {noun} of {groups} groups: {min(offered, 3)}{'+' * (offered > 3)} offered"
            ] += 1

    def _report(self, play: Play, sent: list[Request], tag: str, origin: str) -> None:
        for finding in play.findings:
            signature = finding.signature
            if not finding.difference.fails:
                self.words.setdefault(signature, finding)
                continue
            self.counts["differences"] += 1
            if signature not in self.reports:
                report = self._shrunk(finding, sent, tag, origin)
                self.reports[signature] = report
                self.say(f"\n=== {len(self.reports)}: {report}")

    def _shrunk(self, finding: Finding, sent: list[Request], tag: str, origin: str) -> Report:
        sequence = sent[: finding.step + 1] if finding.step >= 0 else [*sent, finding.exchange.request]
        if not self.shrink_s:
            return Report(finding, sequence, origin)
        latest: list[Finding] = []

        def shows(tried: list[Request]) -> bool:
            played, new = replay(self.pair, self.tested, tried, tag, self.judge)
            found = [other for other in played.findings if other.likeness == finding.likeness]
            latest[:] = [renamed(other, new, tag) for other in found[-1:]] or latest
            return bool(found)

        if not shows(sequence):
            return Report(finding, sequence, f"{origin}; does not happen again")
        shortest = shrink(sequence, shows, self.shrink_s)
        return Report(latest[0], shortest, origin)


_tags = Random(0)


def new_tag(dice: Random) -> str:
    """Eight hex digits; a letter first, so that they differ from the same in capitals."""
    return f"{dice.choice('abcdef')}{dice.randrange(16**7):07x}"


def replay(pair: Pair, tested: list[str], sequence: list[Request], tag: str, judge: bool = False) -> tuple[Play, str]:
    """Play a sequence on empty servers under a new tag; what was found, and the tag."""
    new = new_tag(_tags)
    reset(pair)
    play = Play(pair, tested, judge)
    for number, request in enumerate(sequence):
        if play.parted:
            break
        play.do(retag(request, tag, new), number)
    return play, new


def renamed(finding: Finding, new: str, tag: str) -> Finding:
    """The finding with the names of the sequence that it was found with."""
    difference = finding.difference
    there, here = (
        text.replace(new, tag).replace(new.upper(), tag.upper()) for text in (difference.placement, difference.berth)
    )
    return replace(finding, difference=replace(difference, placement=there, berth=here))
