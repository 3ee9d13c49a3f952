"""Connections that are not what they seem: certificates not checked, old protocols, no encryption."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument
from berth.review.model import Severity

_CERTIFICATE: Final = Defect(
    "certificate-not-checked",
    295,
    Severity.HIGH,
    "Leave the check of certificates on; name your own authority where you have one.",
    'requests.get(url, verify="/etc/ssl/our-ca.pem", timeout=10)',
)
_NAME: Final = Defect("host-name-not-checked", 297, Severity.HIGH, "Leave check_hostname on.")
_OLD: Final = Defect(
    "old-protocol", 327, Severity.MEDIUM, "Use ssl.create_default_context().", "ssl.create_default_context()"
)
_CLEAR: Final = Defect(
    "unencrypted-transport", 319, Severity.MEDIUM, "Use the encrypted form: https, SFTP, SSH, SMTP with TLS."
)
_CLIENTS: Final = frozenset({"requests", "httpx", "aiohttp", "urllib3", "hvac", "boto3", "elasticsearch", "ldap3"})
_OFF: Final = {"verify": 295, "verify_ssl": 295, "ssl": 295, "verify_certs": 295, "ssl_verify": 295}
_CALLS: Final = frozenset(
    {
        *(
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "head",
            "options",
            "request",
            "send",
            "stream",
            "urlopen",
            "connect",
        ),
        *("Client", "AsyncClient", "Session", "ClientSession", "TCPConnector", "PoolManager", "fetch"),
    }
)
_OPTION: Final = re.compile(r"(?i)verif|insecure|skip|cert|check|validat|trust|hostname")
_UNCHECKED: Final = ("ssl._create_unverified_context", "ssl._create_stdlib_context")
_PROTOCOLS: Final = re.compile(r"ssl\.(PROTOCOL_(SSLv2|SSLv3|TLSv1|TLSv1_1)|TLSVersion\.(SSLv3|TLSv1|TLSv1_1))$")
_CLEAR_CALLS: Final = {"telnetlib.Telnet": "Telnet", "ftplib.FTP": "FTP"}
_SIGN_IN: Final = re.compile(
    r"http://(?!docs\.|schemas?\.|www\.w3\.|localhost|127\.|\[::1\]|0\.0\.0\.0)[\w.:-]+/\S*(login|signin|oauth|token|auth)"
)


def certificates(file: SourceFile) -> Iterator[Fact]:
    """Yield each place that turns the check of certificates or host names off."""
    for call, name, owner in file.calls():
        fault = _certificate_fault(file, call, name, owner)
        if fault:
            yield _unless_asked(file, call, owner, _CERTIFICATE, f"{fault}: another on the way can answer.")
        elif name.partition(".")[0] in _CLIENTS:
            yield Safe(295, "call of a client that checks certificates")
    for node, owner in file.each(ast.Assign):
        if isinstance(node, ast.Assign):
            yield from _context(file, node, owner)


def _certificate_fault(file: SourceFile, call: ast.Call, name: str, owner: SymbolOwner) -> str:
    if name in _UNCHECKED:
        return f"{name} checks no certificate"
    if name.endswith("set_missing_host_key_policy") and call.args and "AutoAdd" in ast.unparse(call.args[0]):
        return "Unknown host keys are accepted"
    reqs = argument(call, "cert_reqs")
    if reqs is not None and (file.constant(reqs, owner) == "CERT_NONE" or ast.unparse(reqs).endswith("CERT_NONE")):
        return "cert_reqs is CERT_NONE"
    for keyword in call.keywords:
        if keyword.arg in _OFF and file.constant(keyword.value, owner) is False and _is_client(file, keyword.arg, name):
            return f"{keyword.arg}=False turns the check of certificates off"
    return ""


def _is_client(file: SourceFile, keyword: str, name: str) -> bool:
    """Whether a call is one of a client: `verify=False` means something else elsewhere."""
    if name.endswith(".decode"):  # the signature of a token: another rule
        return False
    known = name.partition(".")[0] in _CLIENTS
    last = name.rpartition(".")[2]
    return known or (
        last in _CALLS
        and keyword != "ssl"
        and not _CLIENTS.isdisjoint(x.partition(".")[0] for x in file.imports.values())
    )


def _context(file: SourceFile, node: ast.Assign, owner: SymbolOwner) -> Iterator[Fact]:
    for target in node.targets:
        if not isinstance(target, ast.Attribute):
            continue
        text = ast.unparse(node.value)
        if target.attr == "check_hostname" and file.constant(node.value, owner) is False:
            yield _unless_asked(
                file, node, owner, _NAME, "check_hostname is off: a certificate of any host is accepted."
            )
        elif target.attr == "verify_mode" and text.endswith("CERT_NONE"):
            yield _unless_asked(
                file, node, owner, _CERTIFICATE, "verify_mode is CERT_NONE: every certificate is accepted."
            )
        elif target.attr == "verify" and file.constant(node.value, owner) is False:
            yield _unless_asked(file, node, owner, _CERTIFICATE, "verify is off: every certificate is accepted.")
        elif target.attr == "_create_default_https_context" and "unverified" in text:
            yield _unless_asked(file, node, owner, _CERTIFICATE, "Certificates are not checked in the whole process.")


def _unless_asked(file: SourceFile, node: ast.AST, owner: SymbolOwner, defect: Defect, sentence: str) -> Fact:
    """Return a finding, unless it stands where the user has asked for it by an option."""
    line = getattr(node, "lineno", 0)
    branches = (each for each in ast.walk(owner.function or file.tree) if isinstance(each, ast.If))
    for branch in branches:
        if branch.lineno < line <= (branch.end_lineno or 0) and _OPTION.search(ast.unparse(branch.test)):
            return Safe(defect.cwe, "check of certificates that an option turns off")
    return finding(file, node, owner, defect, sentence)


def protocols(file: SourceFile) -> Iterator[Fact]:
    """Yield each use of an old protocol, and of one without encryption."""
    for call, name, owner in file.calls():
        if name in _CLEAR_CALLS:
            yield finding(file, call, owner, _CLEAR, f"{_CLEAR_CALLS[name]} sends names and passwords readably.")
        elif name.endswith(".login") and "smtplib.SMTP()" in name and not _starts_tls(owner):
            yield finding(file, call, owner, _CLEAR, "The password goes to the mail server without TLS.")
        for part in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(part, ast.Attribute) and _PROTOCOLS.match(file.dotted(part, owner)):
                yield finding(file, call, owner, _OLD, f"{part.attr} is a broken version of TLS.")
    for node, owner in file.each(ast.Constant):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SIGN_IN.match(node.value):
            yield finding(file, node, owner, _CLEAR, "The address of a sign-in begins with http://.")


def _starts_tls(owner: SymbolOwner) -> bool:
    scope = owner.function
    return scope is not None and any(isinstance(n, ast.Attribute) and n.attr == "starttls" for n in ast.walk(scope))
