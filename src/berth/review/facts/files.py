"""Files beside the code that say how it runs: Dockerfile, compose, .env, INI, TOML and systemd units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, Sources, text_finding
from berth.review.facts.syntax import words
from berth.review.model import Severity

_ROOT: Final = Defect("runs-as-root", 250, Severity.MEDIUM, "Run as a user of its own.", "USER app")
_PRIVILEGED: Final = Defect(
    "privileged-container", 250, Severity.HIGH, "Leave the container its default rights, or add the one that it needs."
)
_SECRET: Final = Defect(
    "secret-in-file", 798, Severity.HIGH, "Pass the secret when it starts, from outside of the repository.", "env_file"
)
_MODE: Final = Defect("mode-for-others", 732, Severity.MEDIUM, "Give the rights to the owner only.", "chmod 0750")
_DEBUG: Final = Defect(
    "debugging-on", 489, Severity.MEDIUM, "Turn debugging off where others have access.", "debug = false"
)
_NAMED: Final = re.compile(
    r"""(?i)^\s*(?:-\s*|ENV\s+|ARG\s+|export\s+|Environment=)?["']?"""
    r"""([a-z0-9_.-]*(?:password|passwd|secret|token|api_?key|private_?key)"""
    r"""[a-z0-9_]*)["']?\s*[:= ]\s*["']?([^\s"'#;]+)"""
)
_PLACEHOLDER: Final = re.compile(
    r"(?i)\$.*|<.*|\{.*|%.*|x{3,}|\*+|change_?me.*|your.*|.*example.*|/.*|\.\.\.|none|null|true|false"
    r"|\d{1,3}|env:.*|file:.*|https?:.*"
)
_ABOUT: Final = frozenset(
    {
        "file",
        "path",
        "name",
        "url",
        "type",
        "length",
        "ttl",
        "policy",
        "header",
        "env",
        "hash",
        "key_file",
        "command",
        "expiry",
        "prefix",
    }
)
_WRITABLE: Final = re.compile(r"chmod\s+(-\w+\s+)*(0?777|0?666|a\+w|o\+w|a\+rwx)\b")
_SETTINGS: Final = (".ini", ".cfg", ".conf", ".toml", ".yaml", ".yml", ".properties")


def deployment_files(sources: Sources) -> Iterator[Fact]:
    """Yield what is wrong in the files that say how the program is built and started."""
    for path, text in sources.texts.items():
        name = path.rpartition("/")[2]
        if not {"tests", "test", "docs", "examples"}.isdisjoint(path.split("/")[:-1]):
            continue
        if name.startswith(("Dockerfile", "Containerfile")) or name.endswith(".Dockerfile"):
            yield from _dockerfile(path, text)
            yield from _secrets(path, text)
        elif re.match(r"(docker-)?compose.*\.ya?ml$", name):
            yield from _compose(path, text)
            yield from _secrets(path, text)
        elif name == ".env" or (name.startswith(".env.") and not re.search("example|sample|template|dist", name)):
            yield from _secrets(path, text)
        elif name.endswith(".service"):
            yield from _unit(path, text)
        elif name.endswith(_SETTINGS) and not re.search("example|sample|template|lock", name):
            yield from _settings(path, text)


def _dockerfile(path: str, text: str) -> Iterator[Fact]:
    lines = text.splitlines()
    last = [(n, line) for n, line in enumerate(lines, 1) if re.match(r"(?i)\s*FROM\s", line)]
    users = [line.split()[1] for line in lines if re.match(r"(?i)\s*USER\s+\S", line)]
    if last and (not users or users[-1].partition(":")[0] in {"root", "0"}):
        yield text_finding(path, last[-1][0], last[-1][1], _ROOT, "The container runs as root: no USER is set.")
    elif last:
        yield Safe(250, "container with a user of its own")
    for number, line in enumerate(lines, 1):
        if _WRITABLE.search(line):
            yield text_finding(path, number, line, _MODE, "Every user of the container may write these files.")


def _compose(path: str, text: str) -> Iterator[Fact]:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*privileged:\s*true\b", line) or re.search(r"/var/run/docker\.sock:", line):
            yield text_finding(path, number, line, _PRIVILEGED, "Who breaks into this container owns the host.")
        elif re.match(r"\s*user:\s*[\"']?(root|0)\b", line):
            yield text_finding(path, number, line, _ROOT, "The container runs as root.")


def _secrets(path: str, text: str) -> Iterator[Fact]:
    for number, line in enumerate(text.splitlines()[:5000], 1):
        match = _NAMED.match(line[:500])
        if match and _is_secret(match[1], match[2]):
            shown = line[: match.start(2)] + "***"
            yield text_finding(
                path, number, shown, _SECRET, f"The secret {match[1]!r} stands in a file of the repository."
            )


def _is_secret(name: str, value: str) -> bool:
    return len(value) > 3 and not _PLACEHOLDER.fullmatch(value) and words(name).isdisjoint(_ABOUT)


def _unit(path: str, text: str) -> Iterator[Fact]:
    if "[Service]" not in text:
        return
    if re.search(r"(?m)^\s*(User=(?!root\b|0\b)\S|DynamicUser=(yes|true|1))", text):
        yield Safe(250, "service with a user of its own")
    else:
        number = text[: text.index("[Service]")].count("\n") + 1
        yield text_finding(
            path, number, "[Service]", _ROOT, "The service runs as root: neither User= nor DynamicUser=."
        )


def _settings(path: str, text: str) -> Iterator[Fact]:
    is_workflow = ".github/" in path or path.endswith(("pyproject.toml", "setup.cfg", "tox.ini"))
    for number, line in enumerate(text.splitlines()[:5000], 1):
        if re.match(r"(?i)\s*(flask_)?debug\s*[:=]\s*(true|1|yes|on)\s*$", line) and not is_workflow:
            yield text_finding(path, number, line, _DEBUG, "Debugging is on in these settings.")
    if not is_workflow:
        yield from _secrets(path, text)
