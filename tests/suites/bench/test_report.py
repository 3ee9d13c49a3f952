"""The report of a run: ratios, verdicts, the table, the chart."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from bench.chart import Bars, chart
from bench.headroom import Headroom
from bench.machine import Machine
from bench.measure import Figure
from bench.report import Report, table, terminal, write
from bench.rows import Against, Target
from bench.run import Result, Turn
from bench.verdict import Ratio, held_against, met

BERTH = "berth-sqlite"


def ms(value: float, *, late: bool = False, wrong: str = "") -> Figure:
    return Figure("ms", value, value, 9, late=late, wrong=wrong)


def per_s(value: float) -> Figure:
    return Figure("per_s", value, 1.0, 9)


def result(target: Target, **figures: Figure) -> Result:
    named = {"placement": "placement", "tuned": "placement-tuned", "berth": BERTH}
    return Result("fleet", "row", target, {named[key]: Turn(figure) for key, figure in figures.items()})


TUNED = Target(200, Against.TUNED)

VERDICTS = {
    "fast enough": (result(Target(200), placement=ms(200), berth=ms(1)), Ratio(200), True),
    "too slow": (result(Target(200), placement=ms(199), berth=ms(1)), Ratio(199), False),
    "more a second is better": (result(Target(30), placement=per_s(40), berth=per_s(1200)), Ratio(30), True),
    "fewer a second": (result(Target(30), placement=per_s(41), berth=per_s(1200)), Ratio(1200 / 41), False),
    "the tuned one counts": (
        result(TUNED, placement=ms(9000, late=True), tuned=ms(100), berth=ms(1)),
        Ratio(100),
        False,
    ),
    "no answer in time is a bound": (
        result(Target(200), placement=ms(5e3, late=True), berth=ms(1)),
        Ratio(5e3, bound=True),
        True,
    ),
    "a bound too low to tell": (
        result(Target(200), placement=ms(100, late=True), berth=ms(1)),
        Ratio(100, bound=True),
        None,
    ),
    "no target": (result(Target(), placement=ms(2), berth=ms(1)), Ratio(2), None),
    "a limit kept": (result(Target(at_most_ms=10), berth=ms(10)), None, True),
    "a limit broken": (result(Target(at_most_ms=10), berth=ms(10.1)), None, False),
    "one of two broken": (
        result(Target(30, at_least_per_s=1000), placement=per_s(1), berth=per_s(999)),
        Ratio(999),
        False,
    ),
    "a wrong answer is never met": (result(Target(at_most_ms=10), berth=ms(1, wrong="9 candidates")), None, False),
    "a peer's wrong answer gives no ratio": (result(Target(2), placement=ms(9, wrong="x"), berth=ms(1)), None, None),
    "no answer is never met": (result(Target(at_most_ms=1e6), berth=ms(5e3, late=True)), None, False),
    "Berth did not take part": (result(Target(2), placement=ms(9)), None, None),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_verdicts(case: str) -> None:
    told, times, verdict = VERDICTS[case]
    assert (held_against(told, BERTH), met(told, BERTH)) == (times, verdict)


def test_the_table_has_what_matters() -> None:
    shown = table([result(Target(200), placement=ms(5e3, late=True), tuned=ms(150), berth=ms(0.5))])
    assert shown[0].split(" | ")[1:4] == ["Placement", "Placement, tuned", "Berth (SQLite)"]
    assert shown[2].startswith("| **fleet** |")
    assert shown[3] == ("| row | > 5 s | 150 ms (150) | 0.5 ms (0.5) | > 10,000 x | 300 x | 200 x | met |")


def test_the_chart_is_a_picture_of_all_rows() -> None:
    bars = [Bars("one", "a & b", 2345.6, 200, bound=False), Bars("two", "none asked", 0.4, 0, bound=True)]
    drawn = ET.fromstring(chart(bars, "title", "subtitle"))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"one", "two", "a & b", "2,346 x", "none asked", "> 0.4 x", "10,000 x"} <= set(texts)
    marks = [element for element in drawn.iter("{http://www.w3.org/2000/svg}line") if element.get("stroke-width")]
    assert len(marks) == 1


def report(other_cores: float) -> Report:
    row = result(Target(200), placement=ms(200), berth=ms(1))
    turns = {key: replace(turn, other_cores=other_cores) for key, turn in row.turns.items()}
    machine = Machine("a processor", 2, 24, "6.1", "3.11")
    headroom = Headroom({1: 10.0, 8: 20.0, 32: 30.0}, 15.0, 0.05, 0.4, 1_000_000)
    return Report("python -m bench", "2026-11-23", machine, {}, {}, headroom, [replace(row, turns=turns)])


@pytest.mark.parametrize(("other_cores", "warned"), [(0.1, False), (1.5, True)])
def test_a_disturbed_run_says_so(other_cores: float, warned: bool, tmp_path: Path) -> None:
    write(report(other_cores), tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert ("This run was disturbed" in page) == warned
    assert ("This run was disturbed" in terminal(report(other_cores))) == warned
    told = json.loads((tmp_path / "benchmarks.json").read_text())
    assert told["results"][0]["turns"][BERTH]["figure"]["value"] == 1
    ET.parse(tmp_path / "benchmarks.svg")
