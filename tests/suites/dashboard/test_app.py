"""The dashboard's files: what is served, with which headers, and what is not."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from berth.api.http.cors import Cors
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.http.mounts import Mounts
from berth.web.app import GUARDS, Dashboard
from berth.web.static_files import StaticFile, static_files

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "src/berth/web/static"
ON_DISK = sorted(str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file())
KINDS = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}
FACE = Dashboard()


def asked(path: str, method: str = "GET", **headers: str) -> Reply:
    return FACE.handle(Request(method, path, "", {name.replace("_", "-"): value for name, value in headers.items()}))


def header(reply: Reply, name: str) -> str | None:
    return next((value for key, value in reply.headers if key == name), None)


def test_every_file_is_served_as_it_is() -> None:
    for path in ON_DISK:
        reply = asked(f"/ui/{path}")
        assert (reply.status, reply.body) == (200, (STATIC / path).read_bytes()), path
        assert str(header(reply, "content-type")).startswith(KINDS[path.rpartition(".")[2]]), path


def test_the_start_page() -> None:
    assert asked("/ui/").body == asked("/ui/index.html").body
    moved = asked("/ui")
    assert (moved.status, header(moved, "location")) == (308, "ui/")


@pytest.mark.parametrize(
    "path",
    [
        "/ui/nothing",
        "/ui/js",
        "/ui/js/",
        "/ui/../face.py",
        "/ui/js/../../face.py",
        "/ui/js/../index.html",
        "/ui//index.html",
        "/ui//etc/passwd",
        "/ui/%2e%2e/face.py",
        "/ui/..\\face.py",
        "/ui/index.html\x00.js",
        "/ui/INDEX.HTML",
    ],
)
def test_there_is_nothing_else(path: str) -> None:
    reply = asked(path)
    assert reply.status == 404
    assert b"Not found" in reply.body
    assert header(reply, "content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/ui", "/ui/", "/ui/js/main.js", "/ui/nothing"])
def test_every_reply_has_the_guards(path: str) -> None:
    for reply in (asked(path), asked(path, "POST"), asked(path, "HEAD"), asked(path, if_none_match="*")):
        assert set(GUARDS) <= set(reply.headers)


def test_what_the_policy_lets_a_page_do() -> None:
    policy = dict(part.split(" ", 1) for part in dict(GUARDS)["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)


def test_what_has_not_changed_is_not_sent_again() -> None:
    tag = str(header(asked("/ui/"), "etag"))
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = asked("/ui/", if_none_match=given)
        assert (again.status, again.body, header(again, "etag")) == (304, b"", tag)
    assert asked("/ui/", if_none_match='"other"').status == 200
    assert header(asked("/ui/"), "cache-control") == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("GZIP", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
    ],
)
def test_packed_for_who_can_unpack(accepted: str, packed: bool) -> None:
    reply = asked("/ui/js/main.js", accept_encoding=accepted)
    assert (header(reply, "content-encoding") == "gzip") == packed
    assert (gzip.decompress(reply.body) if packed else reply.body) == (STATIC / "js/main.js").read_bytes()
    assert header(reply, "vary") == "Accept-Encoding"


def test_only_reading() -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"):
        reply = asked("/ui/", method)
        assert (reply.status, header(reply, "allow")) == (405, "GET, HEAD")
    head = asked("/ui/", "HEAD")
    assert (head.status, head.body, header(head, "etag")) == (200, b"", header(asked("/ui/"), "etag"))


def test_what_is_refused_before_it_is_looked_at_is_plain_text() -> None:
    reply = FACE.refuse(Request("GET", "/ui/", "", {}), HttpError(414, "Too <b>long</b>."))
    assert (reply.status, reply.body) == (414, b"414: Too <b>long</b>.\n")
    assert header(reply, "content-type") == "text/plain; charset=utf-8"
    assert set(GUARDS) <= set(reply.headers)


def test_the_root_is_still_placements() -> None:
    class Root(Dashboard):
        def handle(self, request: Request) -> Reply:  # noqa: ARG002
            return Reply(200, [], b"placement")

    site = Mounts(Root({}), {"ui": FACE}, Cors(frozenset()), at_once=("ui",))
    for path, mine in (("/", False), ("/uix", False), ("/ui", True), ("/ui/", True)):
        request = Request("GET", path, "", {})
        reply = site.handle(request)
        assert isinstance(reply, Reply)
        assert (reply.body != b"placement") == mine
        assert site.at_once(request) == mine

    page = "text/html,application/xhtml+xml,*/*;q=0.8"
    browser = site.handle(Request("GET", "/", "", {"accept": page}))
    assert isinstance(browser, Reply)
    assert (browser.status, header(browser, "location"), header(browser, "vary")) == (303, "ui/", "Accept")
    for accept, method in (("*/*", "GET"), ("application/json", "GET"), ("text/html", "GET"), (page, "POST")):
        other = site.handle(Request(method, "/", "", {"accept": accept}))
        assert isinstance(other, Reply)
        assert other.body == b"placement"
    for name in ("openstack-api-version", "x-auth-token"):
        client = site.handle(Request("GET", "/", "", {"accept": page, name: "placement 1.39"}))
        assert isinstance(client, Reply)
        assert client.body == b"placement"


def test_other_files_are_not_served(tmp_path: Path) -> None:
    assert sorted(static_files()) == ON_DISK
    assert StaticFile.of("text/css", b"a").tag != StaticFile.of("text/css", b"b").tag


@pytest.mark.parametrize("page", ["index.html", "not-found.html"])
def test_pages_have_nothing_inline_and_nothing_from_elsewhere(page: str) -> None:
    text = (STATIC / page).read_text()
    assert (
        re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?:|//", text.replace("<!doctype", ""))
        == []
    )
    for path in re.findall(r'(?:href|src)="([^"#]+)"', text):
        assert path in ON_DISK


COLOURS = (STATIC / "css/colours.css").read_text()
THEMES = dict(
    zip(("light", "dark by the system", "dark"), re.split(r"(?<!prefers-)color-scheme:", COLOURS)[1:], strict=True)
)


@pytest.mark.parametrize("theme", THEMES)
def test_the_fuller_the_darker(theme: str) -> None:
    """Levels have the same order of lightness in both themes, can be told apart, and stand out from their track."""
    colour = dict(re.findall(r"--([a-z0-9-]+): #([0-9a-f]{6});", THEMES[theme]))
    levels = [luminance(colour[f"level-{level}"]) for level in range(1, 7)]
    lightness = [116 * each ** (1 / 3) - 16 for each in levels]  # CIE 1976
    assert min(one - other for one, other in pairwise(lightness)) > 2
    for each in levels:
        darker, lighter = sorted((each, luminance(colour["track"])))
        assert (lighter + 0.05) / (darker + 0.05) >= 3  # WCAG 2.2, 1.4.11


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


SVG = '"http://www.w3.org/2000/svg"'
"""The name of a namespace, which is no address that is fetched."""

SCRIPTS = [path for path in ON_DISK if path.endswith(".js")]


UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\bstyle=|https?://|console\."
)


def test_scripts_keep_to_what_is_safe() -> None:
    """No text becomes markup or code; nothing leaves the origin; a file fits a mind."""
    for path in SCRIPTS:
        text = (STATIC / path).read_text().replace(SVG, "")
        assert UNSAFE.findall(text) == [], path
        assert len(text.splitlines()) <= 400, path
        assert text.startswith("/**"), path
        assert max(map(len, text.splitlines())) <= 160, path
        for name in re.findall(r'^import .* from "(.*)";$', text, re.MULTILINE):
            assert ((STATIC / path).parent / name).resolve().is_file(), (path, name)


def test_every_module_is_fetched_at_once() -> None:
    """A browser that had to find them one after the other would need a round trip for each step."""
    text = (STATIC / "index.html").read_text()
    assert sorted(re.findall(r'<link rel="modulepreload" href="(.*)">', text)) == sorted(set(SCRIPTS) - {"js/main.js"})


def test_the_package_has_them(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip("hatchling is not installed here, so no wheel can be built")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = {name.removeprefix("berth/web/static/") for name in packed.namelist() if "/web/static/" in name}
    assert sorted(names) == ON_DISK
