"""The report as a page in a real browser: on a phone and a desk, light and dark, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from berth.review.report.html import as_html
from tests.suites.dashboard.browser import browser
from tests.unit.review.made_review import DATA

Scheme = Literal["light", "dark"]
CONTRAST = """
() => {
  const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (text) => parse(text).map((each) => each / 255)
    .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const probe = document.createElement("div");
  document.body.append(probe);
  probe.style.color = "Canvas";
  const ground = light(getComputedStyle(probe).color);
  const kinds = ["p", "td", ".soft", ".bad", ".warn", ".good", "a"];
  return Object.fromEntries(kinds.map((kind) => {
    const ink = light(getComputedStyle(document.querySelector(`main ${kind}`)).color);
    return [kind, (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)];
  }));
}
"""
"""The contrast of each kind of text with the ground (WCAG 2.2, 1.4.3: at least 4.5)."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(as_html(DATA), encoding="utf-8")
    return path.as_uri()


def opened(chromium: Browser, report: str, width: int, scheme: Scheme, said: list[str]) -> Page:
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.url != report else None)
    page.goto(report)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits_and_can_be_read(chromium: Browser, report: str, width: int, scheme: Scheme) -> None:
    said: list[str] = []
    page = opened(chromium, report, width, scheme, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {kind: ratio for kind, ratio in page.evaluate(CONTRAST).items() if ratio < 4.5} == {}
    assert page.locator("section h2").all_text_contents() == [
        *("Summary", "Findings", "Accepted findings", "Open questions", "Verdicts", "Not seen", "Recommendations"),
        "Conclusion",
    ]
    assert page.get_by_role("table").nth(1).get_by_role("row").count() >= len(DATA.review.verdicts)
    assert said == []
    page.close()


def test_names_of_the_code_are_text_and_nothing_runs(chromium: Browser, report: str) -> None:
    said: list[str] = []
    page = opened(chromium, report, 1440, "light", said)
    assert page.get_by_text("</script><script>alert(1)</script>").first.is_visible()
    assert page.locator("img, script").count() == 0
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    page.wait_for_function("performance.now() > 0")
    assert any("Content Security Policy" in each for each in said), "the policy stops what would get in all the same"
    page.close()


def test_on_paper_all_is_shown(chromium: Browser, report: str, tmp_path: Path) -> None:
    page = opened(chromium, report, 794, "dark", [])
    page.locator("summary").first.click()
    page.emulate_media(media="print")
    assert page.get_by_text('name = request.args["name"]').is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.soft')).color") == "rgb(68, 68, 68)"
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    page.close()
