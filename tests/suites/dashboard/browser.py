"""A page in a real browser, and everything that it must never do: other origins, errors, violations of its policy."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.support.prerequisites import skip_or_fail

CHROMIUM = os.environ.get("BERTH_TEST_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIMIT_MS = 20_000
expect.set_options(timeout=LIMIT_MS)  # what is expected has a limit of its own, whatever the page has

COUNTING = """
window.__settled = 0;
new MutationObserver((seen) => {
  for (const each of seen) {
    if (each.target.id === "main" && each.target.getAttribute("aria-busy") === "false") {
      window.__settled += 1;
      window.__settledAt = performance.now();
    }
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["aria-busy"] });
"""
"""Notes whenever a page has been filled."""


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium; without it a skip, or a failure with CI=true."""
    if CHROMIUM is None:
        skip_or_fail("there is no chromium (apt-get install chromium, or BERTH_TEST_CHROMIUM)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


class Tab:
    """One tab at one server. said: what the console says that no test has announced."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.elsewhere: list[str] = []
        self._expected: list[str] = []
        page.set_default_timeout(LIMIT_MS)
        page.add_init_script(COUNTING)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "blob:")):
            self.elsewhere.append(request.url)

    def expect(self, pattern: str) -> None:
        """What the console may say in this test: that a request was refused, say."""
        self._expected.append(pattern)

    def check(self) -> None:
        """Nothing unexpected was said, and nobody else was asked."""
        strange = [text for text in self.said if not any(re.search(each, text) for each in self._expected)]
        assert strange == []
        assert self.elsewhere == []

    # --- Going somewhere ---

    def open(self, where: str = "", token: str | None = "admin") -> Tab:
        """Load the dashboard, signed in with a token (None: not)."""
        if token is not None:
            self.page.add_init_script(
                f"sessionStorage.getItem('berth-token') ?? sessionStorage.setItem('berth-token', '{token}')"
            )
        self.page.goto(f"{self.url}/ui/#/{where}")
        self.settled(0)
        return self

    def go(self, where: str) -> float:
        """Go to another page, or to the same one with other parameters; gives the milliseconds until it was filled."""
        before = self.count()
        begun = self.page.evaluate("(hash) => { location.hash = hash; return performance.now(); }", f"#/{where}")
        self.settled(before)
        return float(self.page.evaluate("window.__settledAt")) - float(begun)

    def count(self) -> int:
        return int(self.page.evaluate("window.__settled"))

    def settled(self, before: int) -> None:
        """Wait until the page has been filled once more than so often."""
        self.page.wait_for_function("(before) => window.__settled > before", arg=before)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Whatever is done in the block makes the page be filled anew."""
        before = self.count()
        yield
        self.settled(before)

    # --- Looking ---

    @property
    def main(self) -> str:
        """The text of the page, as it is seen."""
        return self.page.locator("main").inner_text()

    @property
    def title(self) -> str:
        return self.page.locator("h1").inner_text()

    def rows(self, caption: str) -> list[list[str]]:
        """The cells of the table whose caption begins so."""
        table = self.page.locator("table", has=self.page.locator("caption", has_text=re.compile(f"^{caption}")))
        found: list[list[str]] = table.locator("tbody tr").evaluate_all(
            "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
        )
        return found

    def pixels(self) -> dict[str, int]:
        """How many pixels of the map have which colour."""
        found: dict[str, int] = self.page.locator("canvas").first.evaluate(
            """(canvas) => {
              const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              const found = {};
              for (let at = 0; at < data.length; at += 4) {
                const colour = data.slice(at, at + 4).join(",");
                found[colour] = (found[colour] ?? 0) + 1;
              }
              return found;
            }"""
        )
        return found

    def fits(self) -> bool:
        """Whether nothing makes the page scroll sideways."""
        fits: bool = self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        return fits

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)
