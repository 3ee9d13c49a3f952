"""What a row's figures mean: the ratio to Placement, and whether the target is met."""

from dataclasses import dataclass

from bench.measure import Figure
from bench.rows import Target
from bench.run import Result

BERTHS = ("berth-sqlite", "berth-postgresql")


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast one figure is as another. `bound`: at least, for the other had no answer in time."""

    times: float
    bound: bool = False

    def __str__(self) -> str:
        text = f"{self.times:,.0f} x" if self.times >= 10 else f"{self.times:.1f} x"
        return f"> {text}" if self.bound else text


def ratio(ours: Figure, theirs: Figure | None) -> Ratio | None:
    """The ratio of two figures of one kind; None where either has no right answer to compare."""
    if theirs is None or ours.late or ours.wrong or theirs.wrong or not ours.value or not theirs.value:
        return None
    times = theirs.value / ours.value if ours.unit == "ms" else ours.value / theirs.value
    return Ratio(times, theirs.late)


def figure(result: Result, key: str) -> Figure | None:
    """A server's figure in a row, if it took part."""
    turn = result.turns.get(key)
    return turn.figure if turn else None


def held_against(result: Result, berth: str) -> Ratio | None:
    """The ratio that the row's target is about; as shipped where the target names none."""
    ours = figure(result, berth)
    return ratio(ours, figure(result, result.target.against.value)) if ours else None


def asked(target: Target) -> list[str]:
    """A target in words, one for each part."""
    words = []
    if target.ratio:
        words.append(f"{target.ratio:,.0f} x")
    if target.at_most_ms:
        words.append(f"{target.at_most_ms:,.0f} ms")
    if target.at_least_per_s:
        words.append(f"{target.at_least_per_s:,.0f}/s")
    return words


def met(result: Result, berth: str) -> bool | None:
    """Whether all of a row's target is met; None where there is none, or nothing to hold it against."""
    ours, target = figure(result, berth), result.target
    if ours is None:
        return None
    if ours.wrong or ours.late:
        return False
    parts = []
    if target.ratio:
        found = held_against(result, berth)
        if found is None or (found.bound and found.times < target.ratio):
            return None
        parts.append(found.times >= target.ratio)
    if target.at_most_ms:
        parts.append(ours.value <= target.at_most_ms)
    if target.at_least_per_s:
        parts.append(ours.value >= target.at_least_per_s)
    return all(parts) if parts else None
