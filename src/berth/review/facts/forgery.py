"""Requests that another site makes a browser send: CWE-352."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, Sources, finding
from berth.review.facts.routes import Handler, handlers
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument
from berth.review.model import CodePlace, Severity

_FORGERY: Final = Defect(
    "cross-site-request",
    352,
    Severity.MEDIUM,
    "Ask for a token that other sites do not have, and set the session's cookie with SameSite.",
    "CSRFProtect(app)",
)
_ORIGINS: Final = Defect(
    "any-origin-with-credentials",
    352,
    Severity.HIGH,
    "Name the origins that may use the caller's credentials.",
    'allow_origins=["https://console.example.org"]',
)
_PROTECTED: Final = re.compile(
    r"(?i)csrf_?protect|SeaSurf|validate_csrf|csrf_token|check_csrf|CsrfViewMiddleware|xsrf_cookies|samesite"
)
_SESSION: Final = re.compile(
    r"\bsession\[|\bsession\.(get|pop)|current_user|login_user|request\.cookies(\.get\(|\[)['\"]\w*(sess|auth|token|sid|user)|@login_required|request\.session"
)
_FORM: Final = re.compile(r"request\.(form|POST|values|args|files)|get_argument|\.form\(\)")


def forgery(sources: Sources) -> Iterator[Fact]:
    """Yield what lets other sites use the session of a caller: exemptions, missing tokens, open origins."""
    for file in sources.judged:
        yield from _exemptions(file)
        yield from _origins(file)
        yield from _middleware(file)
    protected = any(_protects(file) for file in sources.judged)
    exposed = [each for each in handlers(sources) if each.is_unsafe and _uses_session(each)]
    if protected:
        yield from (Safe(352, "changing route with a session and a token") for _ in exposed)
        return
    if exposed:
        first, *others = exposed
        sentence = (
            f"{first.function.name} acts for the user of the session's cookie, and asks for no token"
            f" ({len(exposed)} such routes): another site can have it called."
        )
        found = finding(first.file, first.function, first.around, _FORGERY, sentence)
        yield replace(found, others=tuple(CodePlace(each.file.path, each.function.lineno) for each in others[:20]))


def _uses_session(handler: Handler) -> bool:
    """Whether a handler believes a cookie, and takes what a form of another site can send."""
    function = handler.function
    text = ast.unparse(function)
    is_django = any(value.startswith("django") for value in handler.file.imports.values())
    return (
        not is_django
        and _SESSION.search(text) is not None
        and (_FORM.search(text) is not None or not function.args.args)
    )


def _protects(file: SourceFile) -> bool:
    names = [*file.imports.values(), *(name for _, name, _ in file.calls())]
    keywords = (keyword.arg or "" for call, _, _ in file.calls() for keyword in call.keywords)
    texts = (str(node.value)[:80] for node, _ in file.each(ast.Constant) if isinstance(node, ast.Constant))
    return any(_PROTECTED.search(text) for group in (names, keywords) for text in group) or any(
        "CsrfViewMiddleware" in text or "COOKIE_SAMESITE" in text for text in texts
    )


def _exemptions(file: SourceFile) -> Iterator[Fact]:
    for function, owner in file.functions():
        for decorator in function.decorator_list:
            name = ast.unparse(decorator)
            if name.endswith(("csrf_exempt", "csrf.exempt")) or "csrf_exempt" in name:
                around = SymbolOwner(f"{owner.symbol}.{function.name}", function, owner.class_)
                yield finding(
                    file, function, around, _FORGERY, f"{function.name} is exempt from the check of its token."
                )
    for node, owner in file.each(ast.Assign):
        if isinstance(node, ast.Assign) and file.constant(node.value, owner) is False:
            for target in node.targets:
                name = ast.unparse(target)
                if re.search(r"WTF_CSRF_ENABLED|xsrf_cookies|CSRF_ENABLED|WTF_CSRF_CHECK_DEFAULT", name):
                    yield finding(file, node, owner, _FORGERY, "The check of tokens against forged requests is off.")


def _origins(file: SourceFile) -> Iterator[Fact]:
    for call, _, owner in file.calls():
        names = ("allow_origins", "origins", "resources", "allow_origin")
        origins = next((value for name in names if (value := argument(call, name)) is not None), None)
        allowed = argument(call, "allow_credentials") or argument(call, "supports_credentials")
        if origins is None or allowed is None:
            continue
        text = (
            ast.unparse(file.value_of(origins.id, owner) or origins)
            if isinstance(origins, ast.Name)
            else ast.unparse(origins)
        )
        if "'*'" in text and file.constant(allowed, owner) is True:
            yield finding(file, call, owner, _ORIGINS, "Every site may send requests with the caller's credentials.")
        else:
            yield Safe(352, "origins named for requests with credentials")


def _middleware(file: SourceFile) -> Iterator[Fact]:
    """Yield a Django list of middleware without the check of tokens."""
    for node, owner in file.each(ast.Assign):
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "MIDDLEWARE" for target in node.targets):
            text = ast.unparse(node.value)
            if "SessionMiddleware" in text and "CsrfViewMiddleware" not in text:
                yield finding(file, node, owner, _FORGERY, "MIDDLEWARE has sessions, and no CsrfViewMiddleware.")
