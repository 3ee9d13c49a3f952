"""Takes the pictures in the documents from the running product, over the fleet of a lab: `make pictures`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.suites.dashboard.browser import Tab, browser
from tests.suites.dashboard.conftest import serving
from tests.support import lab_fleet

PICTURES = Path(__file__).parents[2] / "docs/pictures"
SIZE = {"width": 1280, "height": 860}
MOST_BYTES = 200_000
SETTLES_MS = 1500  # until the lines over time are there

TAKEN = {
    "start": ("start", "light"),
    "fleet": ("fleet", "dark"),
    "host": (f"provider/{lab_fleet.FULL_GPU_HOST}", "light"),
}
"""By name: the place in the dashboard, and the theme."""


def take(folder: Path) -> None:
    """Write each picture into a folder. Raises ValueError for one that is too large for a document."""
    with tempfile.TemporaryDirectory(prefix="berth-") as place, browser() as chromium:
        lab_fleet.make(f"sqlite:///{place}/ledger.db")
        with serving(Path(place)) as (server, _):
            for name, (where, scheme) in TAKEN.items():
                context = chromium.new_context(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
                tab = Tab(context.new_page(), server.url).open(where)
                tab.page.wait_for_timeout(SETTLES_MS)
                picture = tab.page.screenshot(path=folder / f"{name}.png")
                context.close()
                if len(picture) > MOST_BYTES:
                    raise ValueError(f"{name}.png has {len(picture):,} bytes, more than {MOST_BYTES:,}")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    take(PICTURES)
