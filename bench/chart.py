"""The chart: one pair of bars for each row, on a logarithmic scale, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log10

WIDTH, LEFT, RIGHT, LINE, BAR = 960, 330, 110, 40, 13
TOP = 64
COLOURS = {"placement": "#8a94a6", "berth": "#0b7a75"}


@dataclass(frozen=True, slots=True)
class Bars:
    """A row of the chart: how many times Placement's work Berth does, and the ratio asked for (0: none)."""

    title: str
    ratio: float
    asked: float
    bound: bool
    """Placement had no answer in time, so that the ratio is a lower bound."""


def place(ratio: float, most: float) -> float:
    """Where a ratio lies, in pixels from the left."""
    return LEFT + (WIDTH - LEFT - RIGHT) * log10(max(ratio, 1.0)) / log10(most)


def chart(rows: Sequence[Bars], title: str, subtitle: str) -> str:
    """The SVG document."""
    most = 10 ** max(1, -(-int(1000 * log10(max([10.0, *(max(row.ratio, row.asked) for row in rows)]))) // 1000))
    height = TOP + LINE * len(rows) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="17" font-weight="600" fill="#1a2233">{escape(title)}</text>',
        f'<text x="16" y="46" fill="#5a6475">{escape(subtitle)}</text>',
    ]
    parts += grid(most, height)
    for k, row in enumerate(rows):
        parts += bar(row, TOP + LINE * k, most)
    return "\n".join([*parts, "</svg>", ""])


def grid(most: float, height: int) -> list[str]:
    """Lines at the powers of ten, with what they mean below."""
    parts, mark = [], 1
    while mark <= most:
        x = place(mark, most)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - 30}" stroke="#e3e7ee"/>')
        label = f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle" fill="#5a6475">{mark:,} x</text>'
        parts.append(label)
        mark *= 10
    return parts


def bar(row: Bars, y: int, most: float) -> list[str]:
    """A row's title, its bar with the ratio at its end, and a mark where the target is."""
    end = place(row.ratio, most)
    middle = y + LINE / 2
    said = ("> " if row.bound else "") + (f"{row.ratio:,.0f} x" if row.ratio >= 10 else f"{row.ratio:.1f} x")
    parts = [
        f'<text x="{LEFT - 10}" y="{middle + 4}" text-anchor="end" fill="#1a2233">{escape(row.title)}</text>',
        f'<rect x="{LEFT}" y="{middle - BAR / 2}" width="{max(end - LEFT, 1):.1f}" height="{BAR}" rx="2" '
        f'fill="{COLOURS["berth"]}"/>',
        f'<text x="{end + 6:.1f}" y="{middle + 4}" fill="#1a2233">{said}</text>',
    ]
    if row.asked:
        x = place(row.asked, most)
        line = (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 13}" y2="{middle + 13}" stroke="#c2410c" stroke-width="2"/>'
        )
        parts.append(line)
    return parts
