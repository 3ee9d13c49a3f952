"""What a run found, as a table for the terminal, as Markdown with a chart, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.chart import Bars, chart
from bench.headroom import Headroom
from bench.machine import Machine
from bench.measure import Figure
from bench.million import Million
from bench.run import Result
from bench.stands import TITLES
from bench.verdict import BERTHS, asked, figure, held_against, met, ratio

DISTURBED_CORES = 0.3
"""What other programs may use in a row without being warned of."""

VERDICTS = {True: "met", False: "**not met**", None: ""}


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told about a run."""

    command: str
    date: str
    machine: Machine
    versions: dict[str, str]
    durability: dict[str, str]
    headroom: Headroom
    results: list[Result]
    unlike: list[str] = field(default_factory=list)
    million: Million | None = None
    seconds: float = 0.0


def cell(found: Figure | None) -> str:
    """A figure as a table has it: median and p99, or a rate and p99."""
    if found is None:
        return "–"
    if found.late:
        return f"> {found.value / 1e3:,.0f} s"
    if found.wrong:
        return f"wrong: {found.wrong[:60]}"
    if found.unit == "ms":
        return f"{number(found.value)} ms ({number(found.p99_ms)})"
    refused = f", {found.conflicts} × 409" if found.conflicts else ""
    refused += f", {found.errors} × no answer or 500" if found.errors else ""
    return f"{found.value:,.0f}/s ({number(found.p99_ms)} ms{refused})"


def number(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def keys(results: Sequence[Result]) -> list[str]:
    """The servers that took part, in the order of `TITLES`."""
    return [key for key in TITLES if any(key in result.turns for result in results)]


def header(results: Sequence[Result]) -> list[str]:
    """The names of the columns."""
    found = keys(results)
    ratios = [f"{TITLES[b]} : {TITLES[p]}" for b in BERTHS if b in found for p in found if p not in BERTHS]
    return ["work", *(TITLES[key] for key in found), *ratios, "target", ""]


def cells(result: Result, found: Sequence[str]) -> list[str]:
    """One row of the table."""
    berths = [key for key in found if key in BERTHS]
    ratios = [said(result, b, p) for b in berths for p in found if p not in BERTHS]
    verdict = VERDICTS[met(result, berths[0])] if berths else ""
    values = (cell(figure(result, key)) for key in found)
    return [result.title, *values, *ratios, " and ".join(asked(result.target)), verdict]


def said(result: Result, berth: str, peer: str) -> str:
    """A ratio as the table has it."""
    ours = figure(result, berth)
    times = ratio(ours, figure(result, peer)) if ours else None
    return str(times) if times else "–"


def table(results: Sequence[Result]) -> list[str]:
    """The table in Markdown, with a line for each fleet above its rows."""
    found, names = keys(results), header(results)
    lines = [line(names), line(["---", *("--:" for _ in names[1:-2]), "--:", "---"])]
    fleet = ""
    for result in results:
        if result.scenario != fleet:
            fleet = result.scenario
            lines.append(line([f"**{fleet}**", *("" for _ in names[1:])]))
        lines.append(line(cells(result, found)))
    return lines


def line(values: Sequence[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"


def terminal(report: Report) -> str:
    """The same, for a terminal: columns aligned, no Markdown."""
    found = keys(report.results)
    rows = [header(report.results)]
    rows += [cells(result, found) for result in report.results]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    fleet, lines = "", []
    for k, row in enumerate(rows):
        if k and report.results[k - 1].scenario != fleet:
            fleet = report.results[k - 1].scenario
            lines.append(f"\n{fleet}")
        lines.append("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    lines += [
        "",
        *(
            f"- {text}"
            for text in [*warning(report), *notes(report), *(report.million.lines() if report.million else [])]
        ),
    ]
    return "\n".join(lines).replace("**", "").replace("`", "") + "\n"


def notes(report: Report) -> list[str]:
    """What a reader must know to believe the table."""
    room = report.headroom
    rates = ", ".join(f"{rate:,.0f}/s with {clients}" for clients, rate in room.claims_per_s.items())
    fastest = max((r.turns[b].figure.value for r in report.results for b in BERTHS if writes(r, b)), default=0.0)
    factor = f" It is {room.factor(32, fastest):.0f} times as fast as the fastest row with claims." if fastest else ""
    idle = max((t.idle_cores for r in report.results for t in r.turns.values()), default=0.0)
    return [
        "Finds: median (p99) of one client asking in a row; the rest: a second (p99 of one call). `> n s`: no answer "
        "within n seconds, the server was killed and started again; its ratio is then a lower bound.",
        f"The load generator against a server that does nothing: {rates} clients ({room.cpu_us:.0f} µs of processor a "
        f"claim); a find's round trip is {room.small_ms:.2f} ms ({room.large_ms:.2f} ms with a reply of "
        f"{room.reply_bytes / 1e6:.0f} MB), which is in every figure.{factor}",
        *flushed(report),
        f"While one server was measured, the others used {idle:.2f} cores at most, and programs that are no part of "
        f"the benchmark {disturbance(report):.2f}.",
        *(f"{name}: {what}" for name, what in report.durability.items()),
        *(f"**Unlike**: {what}" for what in report.unlike),
    ]


def disturbance(report: Report) -> float:
    """The most cores that programs which are no part of the benchmark used in any turn."""
    return max((turn.other_cores for result in report.results for turn in result.turns.values()), default=0.0)


def warning(report: Report) -> list[str]:
    """What to say first of a run that had no machine to itself."""
    if disturbance(report) <= DISTURBED_CORES:
        return []
    rows = sum(any(t.other_cores > DISTURBED_CORES for t in r.turns.values()) for r in report.results)
    return [
        f"**This run was disturbed: other programs used up to {disturbance(report):.1f} of {report.machine.cores} "
        f"cores, and more than {DISTURBED_CORES} in {rows} of {len(report.results)} rows. Do not quote its figures.**"
    ]


def flushed(report: Report) -> list[str]:
    """How often the disks were told to be durable in the row with the most clients."""
    for result in report.results:
        if result.title == "PUT /allocations, 32 clients":
            each = (f"{TITLES[key]} {turn.flushes_per_s:,.0f}" for key, turn in result.turns.items())
            return [f"Flushes of the disks a second, while 32 clients claimed: {', '.join(each)}."]
    return []


def writes(result: Result, berth: str) -> bool:
    """Whether a row is about claims one by one on a Berth."""
    turn = result.turns.get(berth)
    return turn is not None and turn.figure.unit == "per_s" and "PUT" in result.title


def markdown(report: Report, picture: str) -> str:
    """The page for docs/."""
    machine = report.machine
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    lines = [
        "# Benchmarks",
        "",
        "Berth and OpenStack Placement, loaded with the same fleets and measured in one run. "
        "[How](../bench/README.md), [the figures as JSON](benchmarks.json).",
        "",
        *(f"{text}\n" for text in warning(report)),
        f"![Berth's ratio to Placement, row by row]({picture})",
        "",
        *table(report.results),
        "",
        *(f"- {text}" for text in notes(report)),
        "",
        *(
            ["## One million hosts", "", *(f"- {text}" for text in report.million.lines()), ""]
            if report.million
            else []
        ),
        "## Where and how",
        "",
        f"- Machine: {machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, Linux {machine.kernel}",
        f"- Versions: Python {machine.python}, {versions}",
        f"- Command: `{report.command}`",
        f"- Date: {report.date}, {report.seconds / 60:.0f} minutes",
        "",
    ]
    return "\n".join(lines)


def bars(report: Report) -> list[Bars]:
    """The chart's rows: those that have a ratio."""
    found = keys(report.results)
    berth = next((key for key in BERTHS if key in found), "")
    rows = ((result, held_against(result, berth)) for result in report.results)
    return [
        Bars(result.scenario, result.title, times.times, result.target.ratio, times.bound)
        for result, times in rows
        if times is not None and result.target.against.value in found
    ]


def write(report: Report, folder: Path) -> None:
    """Write benchmarks.md, benchmarks.json and benchmarks.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    subtitle = (
        f"times Placement's speed (logarithmic); the mark is the target. {report.machine.cores} cores, {report.date}"
    )
    (folder / "benchmarks.svg").write_text(chart(bars(report), "Berth and Placement", subtitle))
    (folder / "benchmarks.md").write_text(markdown(report, "benchmarks.svg"))
    (folder / "benchmarks.json").write_text(
        json.dumps(asdict(report), indent=1, default=lambda value: value.value) + "\n"
    )
