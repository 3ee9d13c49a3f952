"""Cookies that others can read or use: CWE-614, 1004 and 1275; and debugging left on: CWE-489."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument, spreads, words
from berth.review.facts.vocabulary import is_secret
from berth.review.model import Severity

_EXAMPLE: Final = 'response.set_cookie("session", value, secure=True, httponly=True, samesite="Lax")'
_SECURE: Final = Defect("cookie-not-secure", 614, Severity.MEDIUM, "Set the cookie with secure=True.", _EXAMPLE)
_HTTP_ONLY: Final = Defect("cookie-for-scripts", 1004, Severity.MEDIUM, "Set it with httponly=True.", _EXAMPLE)
_SAME_SITE: Final = Defect("cookie-for-other-sites", 1275, Severity.MEDIUM, 'Set samesite="Lax" or "Strict".', _EXAMPLE)
_DEBUG: Final = Defect("debugging-on", 489, Severity.HIGH, "Turn debugging on by a setting that is off by default.")
_SETTINGS: Final = {
    "SESSION_COOKIE_SECURE": _SECURE,
    "CSRF_COOKIE_SECURE": _SECURE,
    "REMEMBER_COOKIE_SECURE": _SECURE,
    "SESSION_COOKIE_HTTPONLY": _HTTP_ONLY,
    "REMEMBER_COOKIE_HTTPONLY": _HTTP_ONLY,
    "SESSION_COOKIE_SAMESITE": _SAME_SITE,
}
_DEBUG_CALLS: Final = ("run", "FastAPI", "Starlette", "Flask", "Application", "Sanic", "Bottle")


def cookies(file: SourceFile) -> Iterator[Fact]:
    """Yield what is missing from each cookie that is set, by call or by a setting of the framework."""
    for call, name, owner in file.calls():
        if name.rpartition(".")[2] == "set_cookie" and not spreads(call) and _sets_value(call):
            yield from _cookie(file, call, owner)
    for key, value, node, owner in _settings(file):
        defect = _SETTINGS.get(key)
        if defect is not None and isinstance(value, ast.Constant) and value.value in {False, None, "None"}:
            yield finding(file, node, owner, defect, f"{key} is off.")


def _sets_value(call: ast.Call) -> bool:
    """Whether a call gives a browser a value: not a jar of a client a cookie, and not one that ends."""
    value = argument(call, "value", 1)
    ends = (argument(call, name) for name in ("max_age", "expires"))
    is_client = not words(ast.unparse(call.func)).isdisjoint({"jar", "client", "cookiejar"})
    return not (
        is_client
        or value is None
        or (isinstance(value, ast.Constant) and not value.value)
        or any(isinstance(end, ast.Constant) and end.value == 0 for end in ends)
    )


def _cookie(file: SourceFile, call: ast.Call, owner: SymbolOwner) -> Iterator[Fact]:
    cookie = file.constant(argument(call, "key", 0) or argument(call, "name", 0), owner)
    secret = not isinstance(cookie, str) or is_secret(cookie) or "sid" in cookie.lower()
    label = f"The cookie {cookie!r}" if isinstance(cookie, str) else "The cookie"
    secure, script = argument(call, "secure"), argument(call, "httponly")
    site = argument(call, "samesite")
    if secure is None or file.constant(secure, owner) is False:
        yield finding(file, call, owner, _SECURE, f"{label} is sent over connections without TLS too.")
    else:
        yield Safe(614, "cookie with secure")
    if (script is None and secret) or (script is not None and file.constant(script, owner) is False):
        yield finding(file, call, owner, _HTTP_ONLY, f"{label} can be read by any script in the page.")
    elif script is not None:
        yield Safe(1004, "cookie with httponly")
    if isinstance(site, ast.Constant) and site.value in {None, "None", "none"}:
        yield finding(file, call, owner, _SAME_SITE, f"{label} is sent with requests of other sites.")
    else:
        yield Safe(1275, "cookie whose samesite is not off")


def _settings(file: SourceFile) -> Iterator[tuple[str, ast.expr, ast.AST, SymbolOwner]]:
    """Yield (name, value, node, owner) of `NAME = value`, `config["NAME"] = value` and `update(NAME=value)`."""
    for node, owner in file.each(ast.Assign):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield _setting_name(target), node.value, node, owner
    for call, name, owner in file.calls():
        if name.endswith("config.update"):
            for keyword in call.keywords:
                yield keyword.arg or "", keyword.value, call, owner


def _setting_name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def debugging(file: SourceFile) -> Iterator[Fact]:
    """Yield each place that turns a framework's debugging on for all who run the program."""
    for call, name, owner in file.calls():
        if name.rpartition(".")[2] in _DEBUG_CALLS and file.constant(argument(call, "debug"), owner) is True:
            yield finding(
                file, call, owner, _DEBUG, "debug=True shows source and variables to those who cause an error."
            )
        elif name.endswith("DebuggedApplication"):
            yield finding(file, call, owner, _DEBUG, "The debugger runs code for those who reach it.")
    for key, value, node, owner in _settings(file):
        is_setting = key == "DEBUG" and (file.path.endswith("settings.py") or not isinstance(node, ast.Call))
        if is_setting and isinstance(value, ast.Constant) and value.value is True and owner.function is None:
            yield finding(file, node, owner, _DEBUG, "DEBUG is on: errors show source and settings.")
        elif key == "debug" and isinstance(value, ast.Constant) and value.value is True and "app" in ast.unparse(node):
            yield finding(file, node, owner, _DEBUG, "app.debug is on: errors show source and variables.")
