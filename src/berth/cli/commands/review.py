"""`berth review`: a security review of source, dependencies, deployment and audit log."""

from __future__ import annotations

import datetime
import enum
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, NoReturn

import typer

from berth.cli.options import parse_seal, reject_secrets
from berth.cli.output.escape import escape

if TYPE_CHECKING:
    from berth.review.code_cache import CodeCache
    from berth.review.operation import OperationOptions
    from berth.review.report.digest import ReportData
    from berth.review.review import Reviewed, ReviewOptions

PARTS: Final = ("code", "deps", "deployment", "log")


class ReportFormat(enum.StrEnum):
    """The form of the report."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"


class FailOn(enum.StrEnum):
    """The least thing that makes the exit status 1."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    QUESTION = "question"


Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]",
        help="Folder, file, sdist, wheel, or pkg:NAME of an installed package; default: this Berth.",
        show_default=False,
    ),
]
Only = Annotated[
    str, typer.Option(metavar="PARTS", help="Parts to review, separated by commas: code, deps, deployment, log.")
]
Cwe = Annotated[str, typer.Option(metavar="NUMBERS", help="Report only these weaknesses, separated by commas: 89,78.")]
Advisories = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="Advisories in OSV format: a folder, or PyPI/all.zip; default: those shipped."),
]
ModelFiles = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="File with more entry points, sinks and sanitizers (TOML).")
]
BaselineFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with known findings, which are not counted.")
]
NewBaseline = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the findings to this baseline file; exit with status 0.")
]
Failing = Annotated[
    FailOn,
    typer.Option(
        "--fail-on", help="Exit with status 1 for this severity or higher; question: also for open questions."
    ),
]
ReviewedDatabase = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Database whose rights and log are reviewed; default: the configured one.",
        callback=reject_secrets,
    ),
]
LiveUrl = Annotated[
    str,
    typer.Option(
        "--url", metavar="URL", help="Live server to test: its routes and TLS, with GET only.", callback=reject_secrets
    ),
]
OwnServer = Annotated[
    bool, typer.Option("--yes-this-is-mine", help="Allow --url on another machine: confirm that you may test it.")
]
ServerPid = Annotated[
    int | None,
    typer.Option("--pid", help="Process id of the server; default: what listens on the configured port.", min=1),
]
NotedSeal = Annotated[
    str, typer.Option(metavar="NUMBER:HASH", help="A seal of the audit log noted earlier, which must still match.")
]
ReportForm = Annotated[ReportFormat, typer.Option("--format", help="Format of the report.")]
ReportFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report to this file.")
]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder for results of unchanged files, which are not reviewed again. [default: ~/.cache/berth/review]",
        show_default=False,
    ),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Do not use or write this folder.")]
FindingsOnly = Annotated[
    bool, typer.Option("--findings-only", help="SARIF without verdicts, for services that list all results.")
]


def review(
    context: typer.Context,
    words: Words = None,
    only: Only = "",
    cwe: Cwe = "",
    advisories: Advisories = None,
    model: ModelFiles = None,
    baseline: BaselineFile = None,
    write_baseline: NewBaseline = None,
    fail_on: Failing = FailOn.MEDIUM,
    database: ReviewedDatabase = "",
    url: LiveUrl = "",
    yes_this_is_mine: OwnServer = False,
    pid: ServerPid = None,
    seal: NotedSeal = "",
    form: ReportForm = ReportFormat.TEXT,
    output: ReportFile = None,
    findings_only: FindingsOnly = False,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
) -> None:
    """Review source code for weaknesses (CWE): what was found, what was checked, and what remains unknown.

    Without PATH, review this installation: its code, dependencies, runtime, deployment and log.
    `berth review explain CWE-89` says what is checked for a weakness. `berth review models` lists the known calls of
    libraries.

    Example: berth review src --format html --output review.html
    """
    from berth.review.review import ReviewOptions

    words = words or []
    if words and words[0] in ("explain", "models"):
        _explain(words, model or [])
        return
    path = _path(words)
    parts = _parts(only, has_path=bool(words))
    options = ReviewOptions(
        path=path,
        parts=parts,
        cwes=_cwes(cwe),
        advisories=advisories,
        models=tuple(model or ()),
        baseline=baseline,
        operation=_operation(context, parts, database, LiveServerOptions(url, yes_this_is_mine, pid or 0), seal),
        cache=_cache(cache, is_off=no_cache),
    )
    reviewed = _reviewed(options)
    if write_baseline is not None:
        write_baseline.write_bytes(reviewed.as_baseline())
    _write(reviewed.report, form, output, findings_only)
    _end(reviewed, fail_on, written=write_baseline is not None)


def _path(words: list[str]) -> str | None:
    if len(words) > 1:
        raise typer.BadParameter("give one PATH; a folder is reviewed with all that is below it")
    return words[0] if words else None


def _cache(folder: Path | None, *, is_off: bool) -> CodeCache | None:
    """Return where results are kept. A folder that was asked for must be usable, the usual one need not be."""
    from berth.review.code_cache import CacheUnusable, CodeCache, default_folder

    if folder is not None and is_off:
        raise typer.BadParameter("--cache and --no-cache cannot be used together")
    place = folder or default_folder(os.environ)
    if is_off or place is None:
        return None
    try:
        return CodeCache(place)
    except CacheUnusable as error:
        if folder is not None:
            _refuse(str(error))
        return None


class LiveServerOptions(NamedTuple):
    """What is said of a server that runs; others: whether it may be on another machine; pid: 0 to look for it."""

    url: str
    others: bool
    pid: int


def _operation(
    context: typer.Context, parts: frozenset[str], database: str, live: LiveServerOptions, seal: str
) -> OperationOptions | None:
    """Return which deployment to look at; None if nothing is said of it."""
    from berth.review.operation import OperationOptions

    config = context.find_root().obj
    if not (config or database or any(live) or seal):
        return None
    if live.others and not live.url:
        raise typer.BadParameter("--yes-this-is-mine needs --url")
    if any(live) and "deployment" not in parts:
        raise typer.BadParameter("--url and --pid need the part deployment")
    if seal and "log" not in parts:
        raise typer.BadParameter("--seal needs the part log")
    _check_address(live)
    return OperationOptions(database, config, *live, seal=parse_seal(seal) if seal else None)


def _check_address(live: LiveServerOptions) -> None:
    """Refuse an address that may not be asked, before the rest of the review takes its time."""
    from berth.review.deployment.live_server import LiveServerRefused, check_address

    try:
        if live.url:
            check_address(live.url, others=live.others)
    except LiveServerRefused as error:
        raise typer.BadParameter(str(error)) from None


def _reviewed(options: ReviewOptions) -> Reviewed:
    from berth.review.review import review_all
    from berth.review.subject import SubjectUnreadable

    try:
        return review_all(options, _today())
    except SubjectUnreadable as error:
        _refuse(str(error))


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _parts(only: str, *, has_path: bool) -> frozenset[str]:
    """Return the parts to review. Of other people's source neither the deployment nor a log is at hand."""
    if not only:
        return frozenset(PARTS[:2] if has_path else PARTS)
    parts = frozenset(filter(None, map(str.strip, only.split(","))))
    if not parts or not parts.issubset(PARTS):
        raise typer.BadParameter(f"--only takes {', '.join(PARTS)}")
    return parts


def _cwes(text: str) -> frozenset[int]:
    words = [each.strip().upper().removeprefix("CWE-") for each in text.split(",") if each.strip()]
    if not all(each.isascii() and each.isdigit() for each in words):
        raise typer.BadParameter(f"--cwe takes numbers with commas, such as 89,78, not {text!r}")
    return frozenset(map(int, words))


def _write(report: ReportData, form: ReportFormat, output: Path | None, findings_only: bool) -> None:
    text = _rendered(report, form, findings_only)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def _rendered(report: ReportData, form: ReportFormat, findings_only: bool) -> str:
    if form is ReportFormat.SARIF:
        from berth.review.report.sarif import as_sarif

        return as_sarif(report, findings_only=findings_only)
    if form is ReportFormat.HTML:
        from berth.review.report.html import as_html

        return as_html(report)
    if form is ReportFormat.JSON:
        from berth.review.report.document import as_json

        return as_json(report)
    from berth.review.report.text import as_text

    return as_text(report)


def _end(reviewed: Reviewed, fail_on: FailOn, *, written: bool) -> None:
    """End with the status of the review: 2 for suppressions that are wrong, 1 for what is to be mended."""
    gc.freeze()  # at its end the process would search what it read for cycles once more, for a second
    for error in reviewed.errors:
        typer.echo(f"berth: {escape(error)}", err=True)
    if reviewed.errors:
        raise typer.Exit(2)
    if not written and reviewed.fails(fail_on):
        raise typer.Exit(1)


def _explain(words: list[str], models: list[Path]) -> None:
    from berth.review.explanation import UnknownWeakness, explain_models, explain_weakness
    from berth.review.subject import SubjectUnreadable

    explaining = words[0] == "explain"
    if explaining and len(words) != 2:
        raise typer.BadParameter("give one weakness: berth review explain CWE-89")
    try:
        text = explain_weakness(words[1]) if explaining else explain_models(models)
    except (UnknownWeakness, SubjectUnreadable) as error:
        _refuse(str(error))
    sys.stdout.write("".join(f"{escape(line)}\n" for line in text.splitlines()))


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"berth: {escape(reason)}", err=True)
    raise typer.Exit(2)
