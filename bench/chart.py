"""The chart: one bar for each row with a ratio, on a logarithmic scale, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

WIDTH, LEFT, RIGHT, LINE, BAR = 960, 330, 120, 26, 12
TOP = 64
INK, PALE, RULE = "#1a2233", "#5a6475", "#e3e7ee"
REACHED, MISSED, UNKNOWN, MARK = "#0b7a75", "#c98a1b", "#8fb8b5", "#c2410c"


@dataclass(frozen=True, slots=True)
class Bars:
    """A row of the chart: how many times Placement's work Berth does, and the ratio asked for (0: none).

    `bound`: Placement had no answer in time, so that the ratio is a lower bound.
    """

    fleet: str
    title: str
    ratio: float
    asked: float
    bound: bool


def place(ratio: float, most: float) -> float:
    """Where a ratio lies, in pixels from the left."""
    return LEFT + (WIDTH - LEFT - RIGHT) * log10(max(ratio, 1.0)) / log10(most)


def chart(rows: Sequence[Bars], title: str, subtitle: str) -> str:
    """The SVG document."""
    most = 10.0 ** ceil(log10(max([10.0, *(max(row.ratio, row.asked) for row in rows)])))
    drawn: list[str] = []
    y, fleet = TOP, ""
    for row in rows:
        if row.fleet != fleet:
            fleet = row.fleet
            drawn.append(text(16, y + 19, fleet, PALE, 'font-weight="600"'))
            y += LINE
        drawn += bar(row, y, most)
        y += LINE
    height = y + 40
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{escape(title)}">'
    )
    parts = [
        head,
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        text(16, 26, title, INK, 'font-size="17" font-weight="600"'),
        text(16, 46, subtitle, PALE),
        *grid(most, height),
        *drawn,
    ]
    return "\n".join([*parts, "</svg>", ""])


def text(x: float, y: float, words: str, colour: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" {more}>{escape(words)}</text>'


def grid(most: float, height: int) -> list[str]:
    """Lines at the powers of ten, with what they mean below."""
    parts = []
    for power in range(round(log10(most)) + 1):
        x = place(10.0**power, most)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - 30}" stroke="{RULE}"/>')
        parts.append(text(x, height - 12, f"{10**power:,} x", PALE, 'text-anchor="middle"'))
    return parts


def bar(row: Bars, y: int, most: float) -> list[str]:
    """A row's title, its bar, the ratio at the right edge, and a mark where the target is."""
    middle = y + LINE / 2
    colour = REACHED if row.ratio >= row.asked else UNKNOWN if row.bound else MISSED
    length = max(place(row.ratio, most) - LEFT, 1)
    parts = [
        text(LEFT - 10, middle + 4, row.title, INK, 'text-anchor="end"'),
        f'<rect x="{LEFT}" y="{middle - BAR / 2}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
        text(WIDTH - 16, middle + 4, said(row), INK, 'text-anchor="end"'),
    ]
    if row.asked:
        x = place(row.asked, most)
        ends = f'y1="{middle - 11}" y2="{middle + 11}"'
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" {ends} stroke="{MARK}" stroke-width="2"/>')
    return parts


def said(row: Bars) -> str:
    """A ratio in words."""
    times = f"{row.ratio:,.0f} x" if row.ratio >= 10 else f"{row.ratio:.1f} x"
    return f"> {times}" if row.bound else times
